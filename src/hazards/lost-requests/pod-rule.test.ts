import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Container, Pod, PodSpec } from 'kubernetes-types/core/v1.js'
import { describe, expect, it } from 'vitest'
import { patched } from '../../../house/cel-with-json-patch-shim.ts'
import { applied, optedIn } from '../../../house/policy-applied.ts'
import { exported } from '../../admission/export.ts'
import { review } from '../../admission/review.ts'
import type { Item } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { defaultPolicy } from '../../engine/policy.ts'
import { fileWorlds } from '../../manifests/world.ts'
import { machineZones } from '../../node/time-zones.ts'
import { daemonSets, deployments, pods, rollouts, services, statefulSets } from '../../objects/kinds.ts'
import { type PodMaker, podTemplateOf } from '../../objects/pod-templates.ts'
import { drainsItself, waitsItself } from './drains.ts'
import { lostRequests } from './hazard.ts'
import type { Settings } from './settings.ts'

const zones = machineZones()
const now = Date.parse('2026-11-23T08:00:00Z')
const oldest = { major: 1, minor: 30 }
const usual: Settings = { waitSeconds: 5, loadBalancerWaitSeconds: 20, drainSeconds: 5 }
const selector = { 'served-by': 'one-service' }

function policyOf(settings: Settings): object {
  const options = {
    as: 'kyverno' as const,
    version: oldest,
    policy: defaultPolicy,
    settings: { 'lost-requests': settings },
  }
  const documents = exported([lostRequests], options)
  if ('wrong' in documents || !documents[0]) throw new Error(JSON.stringify(documents))
  return documents[0].object
}

const portsOf = (spec: PodSpec) => spec.containers.flatMap(({ ports }) => ports ?? [])

/** What the webhook makes of a Pod to all of whose ports a Service sends. */
async function byWebhook(pod: Pod, settings: Settings, annotations: object = {}): Promise<Pod> {
  const declared = portsOf(pod.spec ?? { containers: [] }).map(({ containerPort }) => ({ port: containerPort }))
  const service = {
    metadata: { name: 'all', namespace: 'web', annotations },
    spec: { selector, ports: declared.length > 0 ? declared : [{ port: 80 }] },
  }
  const { patch } = await review(
    { kind: 'Pod', namespace: 'web', name: 'one', object: pod },
    {
      ...{ hazards: [lostRequests], zones, now, ticks: 0, version: oldest, mode: () => 'act' as const },
      world: recordedWorld([[services, [service]]], { source: { cluster: 'c' } }),
      settings: { 'lost-requests': settings },
    },
  )
  return patched(pod, patch)
}

const podOf = (spec: PodSpec, annotations?: Readonly<Record<string, string>>): Pod => ({
  metadata: {
    name: 'one',
    namespace: 'web',
    labels: selector,
    ...(annotations && { annotations: { ...annotations } }),
  },
  spec,
})

/** Each condition in words of its own: whether it is right to leave the Pod alone by it. */
const rightly: Readonly<Record<string, (spec: PodSpec, pod: Pod) => boolean>> = {
  'is-not-spared': (_, { metadata }) => metadata?.annotations?.['roadcrew.dev/spare'] !== undefined,
  'runs-on-and-on': ({ restartPolicy }) => restartPolicy === 'Never' || restartPolicy === 'OnFailure',
  'has-no-hook': ({ containers, initContainers = [] }) =>
    [...containers, ...initContainers].some(({ lifecycle }) => lifecycle?.preStop !== undefined),
  'has-grace': ({ terminationGracePeriodSeconds }) => terminationGracePeriodSeconds === 0,
  'has-countable-containers': ({ containers }) => containers.length > 16,
  'says-nothing-of-its-end': ({ containers }) =>
    containers.some(({ env = [], command = [], args = [] }) =>
      [...env.map(({ name }) => name), ...command, ...args].some(
        (word) => waitsItself.test(word) || drainsItself.test(word),
      ),
    ),
}

/** What the policy makes of it is what the webhook makes of it, or nothing for a reason; and nothing more a second time. */
async function compared(pod: Pod, settings: Settings): Promise<string> {
  const policy = policyOf(settings)
  const once = applied(policy, pod, optedIn('web'))
  if (once.leftBy !== undefined) {
    expect(once.object).toEqual(pod)
    expect([once.leftBy, rightly[once.leftBy]?.(pod.spec ?? { containers: [] }, pod)]).toEqual([once.leftBy, true])
    return once.leftBy
  }
  expect(once.object).toEqual(await byWebhook(pod, settings))
  const twice = applied(policy, once.object, optedIn('web'))
  expect(twice.object).toEqual(once.object)
  return once.operations.length > 0 ? 'changed' : 'nothing to do'
}

const makers = [deployments, statefulSets, daemonSets, rollouts, pods]

/** The Pods of all workloads of this hazard's fixtures. */
async function podsOfFixtures(): Promise<readonly Pod[]> {
  const folder = join(import.meta.dirname, 'fixtures')
  const files = ['fires', 'quiet'].flatMap((kind) =>
    readdirSync(join(folder, kind)).map((name) => join(folder, kind, name)),
  )
  const { worlds } = await fileWorlds(files, { stdin: async () => '', version: oldest })
  const made: Item<unknown>[] = []
  for (const world of worlds)
    for await (const batch of world.read(makers)) if ('items' in batch) made.push(...batch.items)
  return made.flatMap(({ object }) => {
    const template = podTemplateOf(object as PodMaker)
    return template ? [podOf(template.spec, template.annotations)] : []
  })
}

it('gives the Pods of all fixtures what the webhook gives them, or leaves them alone for a reason that it tells', async () => {
  const tally: Record<string, number> = {}
  for (const pod of await podsOfFixtures()) {
    const how = await compared(pod, usual)
    tally[how] = (tally[how] ?? 0) + 1
  }
  expect(tally.changed).toBeGreaterThan(20)
  expect(tally['has-no-hook']).toBeGreaterThan(10)
})

const words = [
  'SHUTDOWN_DELAY_SECONDS',
  'GRACEFUL_SHUTDOWN_TIMEOUT',
  'DB_TIMEOUT',
  'PORT',
  'LAMEDUCK',
  'DRAIN_TIME',
  'stopLimit',
]
const flags = ['--shutdown-delay=5s', '--drain-timeout', '10', '--port=8080', '-v', '--Terminate-Wait=0', 'serve', '']
const env = fc.record({ name: fc.constantFrom(...words), value: fc.constantFrom('5', '30s', '0', 'off', '1m') })
const lifecycle = fc.constantFrom<NonNullable<Container['lifecycle']>>(
  ...[{}, { postStart: { exec: { command: ['true'] } } }, { preStop: { exec: { command: ['sleep', '3'] } } }],
  ...[
    { preStop: { httpGet: { port: 80 } } },
    { preStop: { sleep: { seconds: 0 } } },
    { preStop: { tcpSocket: { port: 80 } } },
  ],
)
/** Most of them without what leaves a Pod alone, or hardly any would be changed. */
const seldom = <T>(of: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 11, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: of })
const sometimes = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
const port = fc.record({ containerPort: fc.integer({ min: 1, max: 9 }) })
const container = fc.record({
  image: fc.constantFrom('nginx:1.27', 'gcr.io/distroless/static', 'registry.example.com/app:1', 'istio/proxyv2:1'),
  ports: sometimes(fc.array(port, { maxLength: 2 })),
  lifecycle: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(undefined, {}, { postStart: { exec: { command: ['true'] } } }) },
    { weight: 1, arbitrary: lifecycle },
  ),
  env: seldom(fc.array(env, { maxLength: 2 })),
  command: seldom(fc.array(fc.constantFrom(...flags), { maxLength: 2 })),
  args: seldom(fc.array(fc.constantFrom(...flags), { maxLength: 3 })),
})
/** Of JSON: what is undefined is not there. */
const json = <T>(value: T): T => JSON.parse(JSON.stringify(value))
const generated = fc
  .record({
    containers: fc.oneof<fc.MaybeWeightedArbitrary<object[]>[]>(
      { weight: 20, arbitrary: fc.array(container, { minLength: 1, maxLength: 4 }) },
      {
        weight: 3,
        arbitrary: fc.array(fc.record({ ports: sometimes(fc.array(port, { maxLength: 1 })) }), {
          minLength: 16,
          maxLength: 18,
        }),
      },
    ),
    initContainers: sometimes(
      fc.array(fc.record({ restartPolicy: fc.constantFrom(undefined, 'Always'), lifecycle: seldom(lifecycle) }), {
        maxLength: 2,
      }),
    ),
    terminationGracePeriodSeconds: fc.constantFrom<(number | null | undefined)[]>(
      undefined,
      null,
      1,
      5,
      9,
      10,
      11,
      30,
      31,
      60,
      600,
      ...[undefined, 0],
    ),
    restartPolicy: fc.constantFrom(undefined, 'Always', 'Always', 'Always', 'OnFailure', 'Never'),
    spared: seldom(fc.constantFrom('true', '')),
  })
  .map(({ spared, ...spec }) =>
    json(
      podOf(
        {
          ...spec,
          containers: spec.containers.map((one, at) => ({ ...one, name: `c${at}` })),
          initContainers: spec.initContainers?.map((one, at) => ({ ...one, name: `i${at}` })),
        } as PodSpec,
        spared === undefined ? undefined : { 'roadcrew.dev/spare': spared },
      ),
    ),
  )
const seconds = fc.integer({ min: 1, max: 120 })
const someSettings = fc.record({ waitSeconds: seconds, loadBalancerWaitSeconds: seconds, drainSeconds: seconds })

it('gives any Pod what the webhook gives it, or leaves it alone for a reason that it tells', async () => {
  const tally: Record<string, number> = {}
  await fc.assert(
    fc.asyncProperty(generated, fc.oneof(fc.constant(usual), someSettings), async (pod, settings) => {
      const how = await compared(pod, settings)
      tally[how] = (tally[how] ?? 0) + 1
    }),
    { numRuns: 600 },
  )
  expect(Object.keys(tally).toSorted()).toEqual(['changed', ...Object.keys(rightly)].toSorted())
  expect(tally.changed).toBeGreaterThan(100)
})

describe('the rule', () => {
  const of = (spec: object, settings = usual) => applied(policyOf(settings), podOf(spec as PodSpec), optedIn('web'))
  const app = { name: 'app', image: 'gcr.io/distroless/static' }

  it('keeps the rest of a lifecycle, and waits only where ports are declared', () => {
    const lifecycle = { postStart: { exec: { command: ['warm-up'] } } }
    const { object } = of({
      containers: [
        { ...app, ports: [] },
        { ...app, name: 'web', ports: [{ containerPort: 80 }], lifecycle },
      ],
    })
    expect(object.spec?.containers.map((one) => one.lifecycle)).toEqual([
      undefined,
      { ...lifecycle, preStop: { sleep: { seconds: 5 } } },
    ])
  })

  it.each([
    [undefined, { waitSeconds: 20, drainSeconds: 20 }, 40],
    [null, { waitSeconds: 20, drainSeconds: 20 }, 40],
    [null, {}, null],
    [9, {}, 10],
    [10, {}, 10],
    [3600, {}, 3600],
  ])('a grace period of %s with %o is %s after it: raised, never lowered', (before, settings, after) => {
    const { object } = of({ containers: [app], terminationGracePeriodSeconds: before }, { ...usual, ...settings })
    expect(object.spec?.terminationGracePeriodSeconds).toBe(after)
  })

  it('waits less than the webhook behind a load balancer that sends straight to Pods, and the webhook leaves it so', async () => {
    const balanced = { 'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type': 'ip' }
    const pod = podOf({ containers: [app] })
    const { object } = applied(policyOf(usual), pod, optedIn('web'))
    const waits = ({ spec }: Pod) => spec?.containers[0]?.lifecycle?.preStop?.sleep?.seconds
    expect([waits(object), waits(await byWebhook(pod, usual, balanced))]).toEqual([5, 20])
    expect(await byWebhook(object, usual, balanced)).toEqual(object)
    expect(lostRequests.podRule?.(usual).blind.some((one) => one.startsWith('Load balancers'))).toBe(true)
  })

  it('has patterns that CEL can hold as they are', () =>
    expect(`${waitsItself.source}${drainsItself.source}`).not.toMatch(/['\n]/))
})
