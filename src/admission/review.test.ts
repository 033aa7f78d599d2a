import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Hazard, Item, Kind } from '../contract/hazard.ts'
import type { World } from '../contract/world.ts'
import { recordedWorld } from '../engine/fixtures/recorded-world.ts'
import { look } from '../engine/look.ts'
import type { Mode } from '../engine/policy.ts'
import { subjectKey } from '../engine/subjects.ts'
import { hazards } from '../hazards/index.ts'
import { fileWorlds } from '../manifests/world.ts'
import { machineZones } from '../node/time-zones.ts'
import { cronJobs, deployments, services } from '../objects/kinds.ts'
import { podTemplateOf } from '../objects/pod-templates.ts'
import { review } from './review.ts'

const zones = machineZones()
const now = Date.parse('2026-11-23T08:00:00Z')
const labels = { app: 'shop' }
const service = { metadata: { name: 'shop', namespace: 'web' }, spec: { selector: labels, ports: [{ port: 80 }] } }
const world = recordedWorld([[services, [service]]], { source: { cluster: 'c' } })
const container = { name: 'app', image: 'registry.example.com/app:1' }

const pod = (spec: object = {}, metadata: object = {}): object => ({
  metadata: {
    generateName: 'shop-abc-',
    labels,
    ownerReferences: [{ kind: 'ReplicaSet', controller: true }],
    ...metadata,
  },
  spec: { containers: [container], ...spec },
})
const ask = (object: object, mode: Mode = 'act', minor = 34, kind = 'Pod') =>
  review(
    { kind, namespace: 'web', name: '', object },
    { hazards, world, version: { major: 1, minor }, zones, now, ticks: 0, mode: () => mode },
  )

describe('a Pod under review', () => {
  it('gets a wait and the time for it, whoever makes it', async () => {
    const grace = { terminationGracePeriodSeconds: 8 }
    expect(await ask(pod(grace))).toEqual({
      patch: [
        { op: 'add', path: '/spec/containers/0/lifecycle', value: { preStop: { sleep: { seconds: 5 } } } },
        { op: 'test', path: '/spec/terminationGracePeriodSeconds', value: 8 },
        { op: 'replace', path: '/spec/terminationGracePeriodSeconds', value: 10 },
      ],
      warnings: [],
    })
  })

  it('gets a sleep of its image where API server or a kubelet does not know the other', async () => {
    const { patch } = await ask(pod(), 'act', 29)
    expect(patch[0]?.value).toEqual({ preStop: { exec: { command: ['sleep', '5'] } } })
  })

  it('is left as it is where the image has nothing that sleeps, and says so', async () => {
    const image = 'gcr.io/distroless/static'
    const { patch, warnings } = await ask(pod({ containers: [{ ...container, image }] }), 'act', 29)
    expect(patch).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/^roadcrew \S+: no preStop wait: .*; the image has nothing/)])
  })

  it('is not touched a second time', async () => {
    const done = { ...container, lifecycle: { preStop: { sleep: { seconds: 5 } } } }
    expect(await ask(pod({ containers: [done] }))).toEqual({ patch: [], warnings: [] })
  })

  it.each<[string, object, Mode]>([
    ['no Service can select', pod({}, { labels: { app: 'batch' } }), 'act'],
    ['its owner wants to be left alone', pod({}, { annotations: { 'roadcrew.dev/spare': 'true' } }), 'act'],
    ['nothing is to be done', pod(), 'observe'],
  ])('is left alone where %s', async (_, object, mode) =>
    expect(await ask(object, mode)).toEqual({ patch: [], warnings: [] }),
  )

  it('is only warned of with advise', async () => {
    const { patch, warnings } = await ask(pod(), 'advise')
    expect(patch).toEqual([])
    expect(warnings).toHaveLength(1)
  })
})

it('what makes Pods is only warned of, in lines that the API server does not cut', async () => {
  const template = { metadata: { labels }, spec: { containers: [container] } }
  const { patch, warnings } = await ask(
    { metadata: { name: 'shop' }, spec: { replicas: 2, template } },
    'act',
    34,
    deployments.kind,
  )
  expect([patch, warnings.length]).toEqual([[], 1])
  const never = { metadata: { name: 'never' }, spec: { schedule: '0 0 31 2 *', jobTemplate: {} } }
  const told = (await ask(never, 'act', 34, cronJobs.kind)).warnings
  expect(told.length).toBeGreaterThan(0)
  for (const one of [...warnings, ...told]) expect(one.length).toBeLessThanOrEqual(250)
})

/** Those whose edits are made on Pods, and all that they make over in files. */
const fits = (reasons: Hazard['reasons'], reason: string): boolean => reasons[reason]?.admit === true

const admitting = hazards.filter(({ reasons }) => Object.values(reasons).some(({ admit }) => admit))
const cases = admitting.flatMap((hazard) => {
  const folder = join(import.meta.dirname, '../hazards', hazard.id, 'fixtures/fires')
  return readdirSync(folder).map((name) => [hazard.id, name, hazard, join(folder, name)] as const)
})

/** A world without what would be reviewed itself. */
const without = (files: World, kinds: readonly string[]): World => ({
  ...files,
  async *read(asked: readonly Kind<unknown>[]) {
    for (const of of asked.filter(({ kind }) => kinds.includes(kind))) yield { of, absent: 'it is under review' }
    yield* files.read(asked.filter(({ kind }) => !kinds.includes(kind)))
  },
})

it.each(cases)(
  '%s: Pods of %s are found to be as their templates are, and settled',
  async (_id, _name, hazard, file) => {
    const { worlds } = await fileWorlds([file], { stdin: async () => '', version: { major: 1, minor: 34 } })
    const [files] = worlds
    if (!files) return
    const made: Item<unknown>[] = []
    const makers = (hazard.manifest ?? []).flatMap(({ of }) => of.kinds).filter(({ kind }) => kind !== 'Pod')
    for await (const batch of files.read(makers)) if ('items' in batch) made.push(...batch.items)
    const { judged } = await look({ hazards: [hazard], vantages: ['manifest'], world: files, zones, now, ticks: 0 })
    for (const { subject, object } of made) {
      const template = podTemplateOf(object as Parameters<typeof podTemplateOf>[0])
      if (!template) continue
      const of = judged.find((one) => subjectKey(one.subject) === subjectKey(subject))?.verdict
      const wanted = of?.verdict === 'found' ? of.findings.filter(({ reason }) => fits(hazard.reasons, reason)) : []
      const { labels, annotations, spec } = template
      const reviewed = await review(
        {
          ...{ kind: 'Pod', namespace: subject.namespace ?? '', name: 'one' },
          object: { metadata: { name: 'one', labels, annotations }, spec },
        },
        {
          ...{ hazards: [hazard], world: without(files, ['Pod']), zones, now, ticks: 0 },
          ...{ version: { major: 1, minor: 34 }, mode: () => 'act' },
        },
      )
      expect([subject.name, reviewed.patch.length > 0]).toEqual([
        subject.name,
        wanted.some(({ remedy }) => remedy.some((step) => step.do === 'edit')),
      ])
    }
  },
)
