import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Finding, Step, Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look } from '../../engine/look.ts'
import { fileWorlds } from '../../manifests/world.ts'
import { machineZones } from '../../node/time-zones.ts'
import { deployments, events, services } from '../../objects/kinds.ts'
import { lostRequests } from './hazard.ts'

const zones = machineZones()
const now = Date.parse('2026-11-23T08:00:00Z')
const common = { hazards: [lostRequests], vantages: ['manifest', 'cluster'] as const, now, ticks: 0, zones }

async function fixture(name: string, minor: number): Promise<Map<string, readonly Finding[]>> {
  const path = join(import.meta.dirname, 'fixtures', name)
  const { worlds } = await fileWorlds([path], { stdin: async () => '', version: { major: 1, minor } })
  const [world] = worlds
  if (!world) throw new Error(`${name} holds nothing`)
  const { judged } = await look({ ...common, world })
  const all = new Map<string, readonly Finding[]>()
  for (const { subject, verdict } of judged) {
    if (verdict.verdict === 'found') all.set(subject.name, [...(all.get(subject.name) ?? []), ...verdict.findings])
  }
  return all
}

const labels = { app: 'shop' }
const service = {
  metadata: { name: 'shop', namespace: 'web' },
  spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
}
const container = {
  name: 'app',
  image: 'registry.example.com/app:1',
  ports: [{ containerPort: 8080 }],
  readinessProbe: {},
}

function deployment(podSpec: object, own: object = {}): object {
  const template = { metadata: { labels }, spec: { containers: [{ ...container, ...own }], ...podSpec } }
  return { metadata: { name: 'shop', namespace: 'web' }, spec: { replicas: 2, template } }
}

async function judge(
  minor: number,
  ...[object, others = [service]]: [object, (readonly object[])?]
): Promise<Verdict[]> {
  const world = recordedWorld(
    [
      [deployments, [object as never]],
      [services, others as never],
    ],
    { version: { major: 1, minor } },
  )
  return (await look({ ...common, vantages: ['manifest'], world })).judged.map(({ verdict }) => verdict)
}

const findingsOf = (verdicts: readonly Verdict[]): Finding[] =>
  verdicts.flatMap((verdict) => (verdict.verdict === 'found' ? verdict.findings : []))

const editsOf = (step: Step | undefined) =>
  step?.do === 'edit' ? step.changes.map(({ path, after }) => [path.join('.'), after]) : step

describe('given: preStop against the grace period (f02)', () => {
  it('says of each what is left, with numbers', async () => {
    const found = await fixture('fires/waits.yaml', 34)
    const facts = Object.fromEntries([...found].map(([name, [first]]) => [name, first?.fact]))
    expect(facts).toMatchObject({
      sleep35: 'preStop 35 s > grace 30 s: the hook is cut off, and SIGKILL comes about 2 s after SIGTERM',
      equal: 'preStop 30 s ≥ grace 30 s: the hook is cut off, and SIGKILL comes about 2 s after SIGTERM',
      script: 'preStop runs /shutdown.sh: how long that takes is not known; it must end well within 30 s',
      draining: 'preStop 20 s + load balancer 60 s + application 5 s = 85 s, but grace is 30 s',
      told: 'preStop 10 s + load balancer 0 s + application 25 s = 35 s, but grace is 30 s',
    })
    expect(found.get('routed')?.[0]?.fact).toContain('while route routed may still send to it')
    expect(found.get('good')).toBeUndefined()
    expect(found.get('sleep35')?.[0]).toMatchObject({ certain: true, state: 'exposed' })
    expect(found.get('script')?.[0]?.certain).toBeUndefined()
    expect(found.get('five')?.[0]).toMatchObject({ guess: true, severity: 'low' })
    expect(found.get('sleep35')?.[0]?.evidence[1]).toMatchObject({ name: 'grace period', value: 'none set: 30 s' })
  })

  it('shows the arithmetic and sets the grace period to its sum', async () => {
    const [finding] = (await fixture('fires/waits.yaml', 34)).get('equal') ?? []
    expect(finding?.evidence.find(({ name }) => name === 'arithmetic')?.value).toBe(
      'preStop 30 s + load balancer 0 s + the application 5 s (taken to be) = 35 s of 30 s',
    )
    expect(editsOf(finding?.remedy[0])).toEqual([['spec.template.spec.terminationGracePeriodSeconds', 35]])
  })
})

describe('given: a StatefulSet with grace 0 (f03)', () => {
  it('is certain, and peers that look each other up are left alone', async () => {
    const found = await fixture('fires/grace-zero.yaml', 34)
    expect(found.get('db')?.map(({ reason, certain }) => [reason, certain])).toEqual([['grace-zero', true]])
    expect(found.get('db')?.[0]?.fact).toContain('a second one with the same identity')
    expect(editsOf(found.get('db')?.[0]?.remedy[0])).toEqual([['spec.template.spec.terminationGracePeriodSeconds', 30]])
    expect(found.has('peers')).toBe(false)
  })
})

describe('given: sidecars (f04)', () => {
  it('names the container that stops first, and leaves native sidecars alone', async () => {
    const found = await fixture('fires/sidecars.yaml', 34)
    expect(found.get('classic')?.[0]?.evidence[0]).toMatchObject({
      value: 'istio-proxy: 5 s',
      at: { field: ['spec', 'template', 'spec', 'containers', 1] },
    })
    expect(found.has('native')).toBe(false)
    expect(found.get('noapp')?.[0]?.evidence[0]).toMatchObject({ value: 'none in container app' })
  })

  it('does not count the restart policy of init containers before 1.29', async () => {
    expect((await fixture('fires/sidecars.yaml', 28)).get('noapp')?.map(({ reason }) => reason)).toEqual(['no-wait'])
  })
})

describe('given: rollout settings (f06)', () => {
  it('tells planned downtime from what nobody planned', async () => {
    const found = await fixture('fires/rollouts.yaml', 34)
    const facts = Object.fromEntries([...found].map(([name, [first]]) => [name, first?.fact]))
    expect(facts).toMatchObject({
      solo: 'one replica: PodDisruptionBudget solo lets it never go, so kubectl drain waits for ever',
      lonely: 'one replica: nothing answers Service lonely while its node is drained',
      recreate: 'strategy Recreate: each rollout stops all Pods before the first new one starts',
      allatonce: 'maxUnavailable 100% of 3: a rollout may stop all Pods at once',
      noprobe: 'no readiness probe: Service noprobe sends to it as soon as the process starts',
    })
    expect(found.get('allatonce')?.[0]?.certain).toBe(true)
    expect(found.get('recreate')?.[0]?.certain).toBeUndefined()
    expect(found.get('legacy')?.map(({ reason }) => reason)).toEqual(['no-wait'])
    expect(found.has('scaled')).toBe(false)
  })
})

describe('given: the sleep handler (f07)', () => {
  it('counts on 1.30 and is refused on 1.28', async () => {
    expect([...(await fixture('fires/native-sleep.yaml', 30)).keys()]).toEqual(['zero', 'toolong', 'httpget'])
    expect((await fixture('fires/native-sleep.yaml', 30)).get('toolong')?.[0]?.fact).toBe(
      'preStop 61 s > grace 60 s: the API server refuses it',
    )
    const old = (await fixture('fires/native-sleep.yaml', 28)).get('ok')
    expect(old?.[0]).toMatchObject({
      certain: true,
      fact: 'Kubernetes 1.28 refuses preStop.sleep: it does not know it',
    })
    expect(old?.[0]?.remedy[0]?.do).toBe('advise')
    expect((await fixture('fires/native-sleep.yaml', 29)).get('ok')?.[0]?.fact).toBe(
      'Kubernetes 1.29 drops preStop.sleep without a word: nothing waits',
    )
  })
})

describe('the wait that is added', () => {
  const none = deployment({})

  it('is the sleep handler where the release has it, recorded at its topmost absent parent', async () => {
    const [finding] = findingsOf(await judge(34, none))
    expect(finding?.severity).toBe('low')
    expect(editsOf(finding?.remedy[0])).toEqual([
      ['spec.template.spec.containers.0.lifecycle', { preStop: { sleep: { seconds: 5 } } }],
    ])
  })

  it('is a program of the image on an older one, and only advised where the image has none', async () => {
    expect(editsOf(findingsOf(await judge(28, none))[0]?.remedy[0])).toEqual([
      ['spec.template.spec.containers.0.lifecycle', { preStop: { exec: { command: ['sleep', '5'] } } }],
    ])
    const bare = deployment({}, { image: 'gcr.io/distroless/static' })
    expect(findingsOf(await judge(28, bare))[0]?.remedy[0]?.do).toBe('advise')
  })

  it('brings the time for it along', async () => {
    const step = findingsOf(await judge(34, deployment({ terminationGracePeriodSeconds: 4 })))[0]?.remedy[0]
    expect(editsOf(step)).toContainEqual(['spec.template.spec.terminationGracePeriodSeconds', 10])
  })
})

describe('a hook that failed', () => {
  const hookFailed = async (lastTimestamp: string): Promise<Finding | undefined> => {
    const shop = {
      ...deployment({}),
      metadata: { name: 'shop', namespace: 'web', creationTimestamp: '2026-01-01T00:00:00Z' },
    }
    const involvedObject = {
      kind: 'Pod',
      namespace: 'web',
      name: 'shop-5d9c7b9f4c-x2x7q',
      fieldPath: 'spec.containers{app}',
    }
    const event = {
      metadata: { name: 'e', namespace: 'web' },
      involvedObject,
      reason: 'FailedPreStopHook',
      lastTimestamp,
    }
    const world = recordedWorld([
      [deployments, [shop as never]],
      [services, [service as never]],
      [events, [event as never]],
    ])
    const { judged } = await look({ ...common, vantages: ['cluster'], world })
    return findingsOf(judged.map(({ verdict }) => verdict))[0]
  }

  it('is broken now within the hour, and happened lately within the week', async () => {
    expect(await hookFailed('2026-11-23T07:30:00Z')).toMatchObject({ reason: 'failing-hook', state: 'occurring' })
    expect(await hookFailed('2026-11-22T07:30:00Z')).toMatchObject({ state: 'exposed', lately: true })
    expect(await hookFailed('2026-11-09T07:30:00Z')).toBeUndefined()
  })
})

describe('who is asked', () => {
  it('is nobody whom no Service selects, unless a wait is written down and can not work', async () => {
    expect((await judge(34, deployment({}), []))[0]?.verdict).toBe('absent')
    const broken = deployment({}, { lifecycle: { preStop: { exec: { command: ['sleep', '40'] } } } })
    expect(findingsOf(await judge(34, broken, [])).map(({ reason }) => reason)).toEqual(['wait-exceeds-grace'])
  })

  it('takes files without a Service for no answer at all, not for a failure', async () => {
    const none = [{ of: services, elsewhere: 'no Service in the files given' }]
    const world = recordedWorld([
      [deployments, [deployment({}) as never]],
      [services, none],
    ])
    expect(
      (await look({ ...common, vantages: ['manifest'], world })).judged.map(({ verdict }) => verdict.verdict),
    ).toEqual(['absent'])
  })
})
