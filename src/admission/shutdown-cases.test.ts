// What Pods get of the fixtures that say how Pods end: written down by hand, beside the rule that a Pod is found to be as its
// template is (review.test.ts). Quiet ones get nothing, and nothing is patched twice.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Item, Kind } from '../contract/hazard.ts'
import type { World } from '../contract/world.ts'
import { hazards } from '../hazards/index.ts'
import { fileWorlds } from '../manifests/world.ts'
import { machineZones } from '../node/time-zones.ts'
import type { Operation } from '../objects/json-patch.ts'
import { podTemplateOf } from '../objects/pod-templates.ts'
import { review } from './review.ts'
import { admittedHazards } from './reviewed.ts'

const zones = machineZones()
const admitting = hazards.filter(({ reasons }) => Object.values(reasons).some(({ admit }) => admit))

/** All but Pods, which are under review. */
const withoutPods = (files: World): World => ({
  ...files,
  async *read(asked: readonly Kind<unknown>[]) {
    for (const of of asked.filter(({ kind }) => kind === 'Pod')) yield { of, absent: 'it is under review' }
    yield* files.read(asked.filter(({ kind }) => kind !== 'Pod'))
  },
})

interface Made {
  readonly name: string
  readonly patch: readonly Operation[]
  /** Of the Pod as it is after the patch. */
  readonly again: readonly Operation[]
}

/** A Pod of each template of a file, as it comes out of a review. */
async function podsOf(file: string, minor: number): Promise<readonly Made[]> {
  const version = { major: 1, minor }
  const [files] = (await fileWorlds([file], { stdin: async () => '', version })).worlds
  if (!files) return []
  // Pods of a recording are there already: of what makes them come the next ones.
  const looked = admitting.flatMap(({ manifest = [] }) => manifest.flatMap(({ of }) => [...of.kinds]))
  const kinds = looked.filter(({ kind }) => kind !== 'Pod')
  const made: Item<unknown>[] = []
  for await (const batch of files.read([...new Set(kinds)])) if ('items' in batch) made.push(...batch.items)
  const options = { hazards: admittedHazards(admitting), world: withoutPods(files), zones, now: 0, ticks: 0, version }
  const reviewed = made.map(async ({ subject, object }) => {
    const template = podTemplateOf(object as Parameters<typeof podTemplateOf>[0])
    if (!template) return []
    const { labels, annotations, spec } = template
    const pod = { metadata: { name: 'one', labels, annotations }, spec }
    const ask = async (asked: object) => {
      const request = { kind: 'Pod', namespace: subject.namespace ?? '', name: 'one', object: asked }
      return (await review(request, { ...options, mode: () => 'act' })).patch
    }
    const patch = await ask(pod)
    return [{ name: subject.name, patch, again: await ask(patched(pod, patch)) }]
  })
  return (await Promise.all(reviewed)).flat()
}

type Fields = { [key: string]: unknown }

/** As an API server applies it, by hand: what is added and replaced in maps and lists. */
function patched(object: object, patch: readonly Operation[]): object {
  const copy = structuredClone(object)
  for (const { op, path, value } of patch) {
    const keys = path.split('/').slice(1)
    const last = keys.pop() ?? ''
    const at = keys.reduce((inner, key) => inner[key] as Fields, copy as Fields)
    if (op === 'test') expect(at[last]).toEqual(value)
    else if (op === 'remove') delete at[last]
    else at[last] = value
  }
  return copy
}

const fixtures = (which: 'fires' | 'quiet') =>
  admitting.flatMap(({ id }) => {
    const folder = join(import.meta.dirname, '../hazards', id, 'fixtures', which)
    return readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => [name, join(folder, name)] as const)
  })

describe.each([20, 29, 34])('on 1.%i', (minor) => {
  it.each(fixtures('fires'))('%s: what was patched once is not again', async (_, file) => {
    for (const { name, again } of await podsOf(file, minor)) expect([name, again]).toEqual([name, []])
  })
})

it.each(fixtures('quiet'))('%s: no Pod of it is touched', async (_, file) => {
  for (const { name, patch } of await podsOf(file, 34)) expect([name, patch]).toEqual([name, []])
})

const wait = (seconds: number) => ['/spec/containers/0/lifecycle', { preStop: { sleep: { seconds } } }]
const grace = (seconds: number) => ['/spec/terminationGracePeriodSeconds', seconds]

/** By file and name, on a release that knows preStop.sleep; what is not named stays as it is. */
const given: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  // Not what already waits and has the time for it, and not where nobody knows how long a script or a request takes.
  'waits.yaml': {
    sleep35: [grace(40)],
    equal: [grace(35)],
    tight: [grace(33)],
    'two-sleeps': [grace(40)],
    bare: [wait(5)],
    draining: [grace(85)],
    told: [grace(35)],
    routed: [wait(5)],
  },
  // Not `db`: somebody wrote 0. Not `peers`: its clients find out by themselves.
  'grace-zero.yaml': { queue: [grace(25)] },
  // Not `classic` and `native`: the application waits, and how long a proxy takes it says itself.
  'sidecars.yaml': { noapp: [wait(5)] },
  // How a rollout goes is no matter of one Pod.
  'rollouts.yaml': { legacy: [wait(5)] },
  'native-sleep.yaml': {
    zero: [['/spec/containers/0/lifecycle/preStop', { sleep: { seconds: 5 } }]],
    toolong: [grace(66)],
  },
}

it.each(fixtures('fires').filter(([name]) => name in given))('%s: each Pod gets what it lacks', async (name, file) => {
  const made = (await podsOf(file, 34)).map(({ name, patch }) => [
    name,
    patch.filter(({ op }) => op !== 'test').map(({ path, value }) => [path, value]),
  ])
  expect(made.length).toBeGreaterThan(1)
  expect(Object.fromEntries(made.filter(([, patch]) => patch?.length))).toEqual(given[name])
})
