// What every hazard must keep, without a line of code per hazard: its fixtures fire or stay quiet exactly as they say,
// nothing that could not be read becomes "clear", inputs are never changed, edits come to rest.
//
// A fixture is a file, or a folder of numbered frames seen one after the other with the memory between them. Its first
// document says when and where it was seen and what must be found:
//   suite: {asOf: 2026-11-23T08:00:00Z, kubeVersion: "1.20", finds: {report: [too-many-missed]}}
// What a node shows is no API object: a document without apiVersion, with its kind, its name and what was seen.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import type { Hazard, Item, Kind } from '../src/contract/hazard.ts'
import type { Batch, World } from '../src/contract/world.ts'
import { type LookOptions, look, type Memory, type Vantage } from '../src/engine/look.ts'
import { type Settled, settle } from '../src/engine/settle.ts'
import { hazards } from '../src/hazards/index.ts'
import { fileWorlds } from '../src/manifests/world.ts'
import { machineZones } from '../src/node/time-zones.ts'
import { parseVersion } from '../src/objects/version.ts'

const headerShape = z.object({
  suite: z.strictObject({
    asOf: z.iso.datetime(),
    kubeVersion: z.string().optional(),
    finds: z.record(z.string(), z.array(z.string()).min(1)).default({}),
    /** Which of its objects a real API server refuses; integration/fixtures.test.ts tries them all. */
    refused: z.array(z.string()).default([]),
  }),
})

interface Frame {
  readonly options: LookOptions
  readonly finds: Readonly<Record<string, readonly string[]>>
}

const zones = machineZones()

async function frameOf(hazard: Hazard, file: string, ticks: number): Promise<Frame> {
  const [first] = parseAllDocuments(readFileSync(file, 'utf8'))
  const { suite } = headerShape.parse(first && 'toJS' in first ? first.toJS() : undefined, {
    error: () => `${file}: its first document must be the suite's header`,
  })
  const things = recordedThings(file)
  const version = suite.kubeVersion === undefined ? undefined : parseVersion(suite.kubeVersion)
  const { worlds, broken } = await fileWorlds([file], { stdin: () => Promise.resolve(''), ...(version && { version }) })
  expect(broken).toEqual([])
  const [files] = worlds
  if (!files) throw new Error(`${file} holds no object`)
  const world = things.length > 0 ? onNode(files, things) : files
  const vantages = (['manifest', 'cluster', 'node'] as const).filter(
    (vantage): vantage is Vantage => hazard[vantage] !== undefined,
  )
  return {
    finds: suite.finds,
    options: { hazards: [hazard], vantages, world: frozen(world), now: Date.parse(suite.asOf), ticks, zones },
  }
}

const thing = z.object({ kind: z.string(), name: z.string(), seen: z.record(z.string(), z.unknown()) })

/** What a recorded node shows, by kind. */
const recordedThings = (file: string): z.infer<typeof thing>[] =>
  parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => {
    const { success, data } = thing.safeParse(document.toJS())
    return success ? [data] : []
  })

/** A node: its things as they were recorded, and the API objects that the same file holds. */
const onNode = (files: World, things: readonly z.infer<typeof thing>[]): World => ({
  ...files,
  async *read(kinds: readonly Kind<unknown>[]) {
    for (const of of kinds.filter(({ api }) => !api)) {
      const items = things
        .filter(({ kind }) => kind === of.kind)
        .map(
          ({ name, seen }): Item<unknown> => ({
            subject: { source: { node: 'node-1' }, kind: of.kind, name },
            object: seen,
          }),
        )
      yield items.length > 0 ? { of, items } : { of, absent: `no ${of.kind} was recorded` }
    }
    yield* files.read(kinds.filter(({ api }) => api))
  },
})

const framesOf = (hazard: Hazard, path: string): Promise<Frame[]> =>
  Promise.all(
    (statSync(path).isDirectory()
      ? readdirSync(path)
          .toSorted()
          .map((name) => join(path, name))
      : [path]
    ).map(async (file, place) => {
      const frame = await frameOf(hazard, file, place * 60_000)
      return { ...frame, options: { ...frame.options, world: inFile(path, frame.options.world) } }
    }),
  )

/** Frames are of one place: what was remembered of an object in one of them is known of it in the next. */
const inFile = (path: string, world: World): World =>
  through(world, (batch) => {
    if (!('items' in batch)) return batch
    const items = batch.items.map(({ subject, object }) => {
      const source = 'file' in subject.source ? { ...subject.source, file: path } : subject.source
      return { subject: { ...subject, source }, object }
    })
    return { ...batch, items }
  })

/** The same world, but whoever changes an object of it throws. */
const frozen = (world: World): World =>
  through(world, (batch) => {
    if ('items' in batch) for (const { object } of batch.items) deepFreeze(object)
    return batch
  })

function through(world: World, change: (batch: Batch) => Batch): World {
  return {
    name: world.name,
    ...(world.version && { version: world.version }),
    async *read(kinds: readonly Kind<unknown>[]) {
      for await (const batch of world.read(kinds)) yield change(batch)
    },
  }
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
}

async function foundIn(options: LookOptions): Promise<{ finds: Record<string, string[]>; memory: Memory }> {
  const { judged, memory } = await look(options)
  const finds: Record<string, string[]> = {}
  for (const { subject, verdict } of judged) {
    if (verdict.verdict !== 'found') continue
    const reasons = verdict.findings.map(({ reason }) => reason)
    finds[subject.name] = [...(finds[subject.name] ?? []), ...reasons].toSorted()
  }
  return { finds, memory }
}

const fixturesOf = (hazard: Hazard, kind: 'fires' | 'quiet'): string[] => {
  const folder = join(import.meta.dirname, '../src/hazards', hazard.id, 'fixtures', kind)
  return readdirSync(folder).map((name) => join(folder, name))
}

const sorted = (finds: Frame['finds']): Record<string, string[]> =>
  Object.fromEntries(Object.entries(finds).map(([name, reasons]) => [name, [...reasons].toSorted()]))

describe.each(hazards.map((hazard) => ({ id: hazard.id, hazard })))('$id', ({ hazard }) => {
  const fires = fixturesOf(hazard, 'fires')

  it.each(
    [...fires, ...fixturesOf(hazard, 'quiet')].map((path) => ({ path, name: path.split('/').slice(-2).join('/') })),
  )('$name is found as it says, frame by frame', async ({ path }) => {
    let memory: Memory = new Map()
    for (const { options, finds } of await framesOf(hazard, path)) {
      if (path.includes('/quiet/')) expect(finds).toEqual({})
      const seen = await foundIn({ ...options, memory })
      expect(seen.finds).toEqual(sorted(finds))
      memory = seen.memory
    }
  })

  it('has a fixture that fires for each of its reasons', async () => {
    const frames = (await Promise.all(fires.map((path) => framesOf(hazard, path)))).flat()
    const fired = new Set(frames.flatMap(({ finds }) => Object.values(finds).flat()))
    expect(Object.keys(hazard.reasons).filter((reason) => !fired.has(reason))).toEqual([])
  })

  it.each(fires.map((path) => ({ path, name: path.split('/').at(-1) })))(
    '$name is never clear where a kind could not be read',
    async ({ path }) => {
      const frames = await framesOf(hazard, path)
      const [last] = frames.slice(-1)
      if (!last) throw new Error('no frame')
      const detectors = last.options.vantages.flatMap((vantage) => hazard[vantage] ?? [])
      const context = new Set(detectors.flatMap((one) => Object.values(one.with)).flatMap(({ kinds }) => kinds))
      for (const kind of context) {
        const blind = through(last.options.world, (batch) =>
          'of' in batch && batch.of === kind ? { of: kind, unread: 'forbidden' } : batch,
        )
        const { judged } = await look({ ...last.options, world: blind })
        for (const name of Object.keys(last.finds)) {
          // Where it is itself of that kind, `*` stands for it.
          const own = judged.filter(({ subject }) => subject.name === name)
          const every = judged.filter(({ subject }) => subject.name === '*')
          const verdicts = (own.length > 0 ? own : every).map(({ verdict }) => verdict.verdict)
          expect(
            verdicts.some((verdict) => verdict === 'found' || verdict === 'unknown'),
            `${name} without ${kind.kind}`,
          ).toBe(true)
        }
      }
      const subjects = through(last.options.world, (batch) =>
        'items' in batch ? { of: batch.of, unread: 'forbidden' } : batch,
      )
      const { judged } = await look({ ...last.options, world: subjects })
      expect(judged.length).toBeGreaterThan(0)
      expect(judged.map(({ verdict }) => verdict.verdict)).toEqual(judged.map(() => 'unknown'))
    },
  )

  it.each(fires.map((path) => ({ path, name: path.split('/').at(-1) })))(
    'the edits for $name come to rest, and a second run has none',
    async ({ path }) => {
      const [last] = (await framesOf(hazard, path)).slice(-1)
      if (!last) throw new Error('no frame')
      const first = await settle(last.options)
      const second = await settle({ ...last.options, world: edited(last.options.world, first.objects) })
      expect(second.edits).toEqual([])
      expect(second.left.length).toBe(first.left.length)
    },
  )
})

/** A world in which edits have been made; subjects are told apart by what they say, not by who they are. */
function edited(world: World, objects: Settled['objects']): World {
  const byText = new Map([...objects].map(([subject, { after }]) => [JSON.stringify(subject), after]))
  return through(world, (batch) =>
    'items' in batch
      ? {
          of: batch.of,
          items: batch.items.map((item) => ({
            ...item,
            object: byText.get(JSON.stringify(item.subject)) ?? item.object,
          })),
        }
      : batch,
  )
}
