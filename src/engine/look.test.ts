import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Hazard, Kind, Verdict, Zones } from '../contract/hazard.ts'
import { detector, hazard, index, isUnread, kind, list, maybe, one } from '../contract/reads.ts'
import { clear, found, seen, unknown } from '../contract/verdicts.ts'
import { namespaces } from '../objects/kinds.ts'
import { recordedWorld } from './fixtures/recorded-world.ts'
import { type LookOptions, look } from './look.ts'

interface Lamp {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> }
  readonly lit?: boolean
  readonly status?: { readonly volts?: number }
}
interface Fuse {
  readonly lamp: string
}

const api = { group: 'lab.example.com', versions: ['v1'], namespaced: true }
const lamps = kind<Lamp>('Lamp', api)
const fuses: Kind<Fuse> = kind<Fuse>('Fuse', api)
const zones: Zones = { data: 'none', find: () => undefined }

const lampHazard = (cluster: Hazard['cluster']): Hazard =>
  hazard({
    id: 'dark-lamp',
    title: 'A lamp is dark',
    severity: 'low',
    settings: z.object({}),
    reasons: { dark: { title: 'Dark', why: 'It is not lit.', fix: 'Light it.' } },
    ...(cluster && { cluster }),
  })

const dark = (subject: Parameters<typeof seen>[2]): Verdict<never> =>
  found({
    reason: 'dark',
    state: 'occurring',
    fact: 'it is dark',
    evidence: [seen('lit', false, subject, 'lit')],
    remedy: [],
  })

const litOrDark = lampHazard([
  detector({ of: list(lamps), with: {}, judge: (item) => (item.object.lit ? clear : dark(item.subject)) }),
])

const options = (hazards: readonly Hazard[], world: LookOptions['world']): LookOptions => ({
  hazards,
  vantages: ['cluster'],
  world,
  now: 0,
  ticks: 0,
  zones,
})

const lamp = (name: string, more: Partial<Lamp> = {}): Lamp => ({ metadata: { name, namespace: 'hall' }, ...more })

const verdicts = async (of: LookOptions): Promise<Record<string, string>> =>
  Object.fromEntries((await look(of)).judged.map(({ subject, verdict }) => [subject.name, verdict.verdict]))

describe('look', () => {
  it('asks about every subject, and a throw is unknown for that subject alone', async () => {
    const throwing = lampHazard([
      detector({
        of: list(lamps),
        with: {},
        judge(item) {
          if (item.subject.name === 'b') throw new Error('no filament')
          return dark(item.subject)
        },
      }),
    ])
    const { judged } = await look(options([throwing], recordedWorld([[lamps, [lamp('a'), lamp('b'), lamp('c')]]])))
    expect(judged.map(({ verdict }) => verdict.verdict)).toEqual(['found', 'unknown', 'found'])
    expect(judged[1]?.verdict).toEqual(unknown('judging Lamp hall/b failed: no filament'))
  })

  it('is unknown, never clear, where the subjects could not be read', async () => {
    const { judged, missing } = await look(
      options([litOrDark], recordedWorld([[lamps, [{ of: lamps, unread: '403' }]]])),
    )
    expect(judged.map(({ subject, verdict }) => [subject.name, verdict])).toEqual([['*', unknown('403')]])
    expect(missing).toContainEqual({ kind: 'Lamp', because: '403', how: 'unread' })
  })

  it('has nothing to say of a kind that is not there, or elsewhere', async () => {
    expect(await verdicts(options([litOrDark], recordedWorld([])))).toEqual({})
    const elsewhere = recordedWorld([[lamps, [{ of: lamps, elsewhere: 'no Lamp in the files' }]]])
    expect(await verdicts(options([litOrDark], elsewhere))).toEqual({})
  })

  it('forgets what came before a restarted list', async () => {
    const items = (name: string) => ({
      of: lamps,
      items: [{ subject: { source: { cluster: 'c' }, kind: 'Lamp', name }, object: lamp(name) }],
    })
    const world = recordedWorld([[lamps, [items('a'), { of: lamps, restart: true }, items('b')]]])
    expect(await verdicts(options([litOrDark], world))).toEqual({ b: 'found' })
  })

  it('asks only about chosen objects, by what they are before keep shrinks them', async () => {
    const kept = lampHazard([
      detector({ of: list(lamps, ({ lit }) => ({ lit })), with: {}, judge: (item) => dark(item.subject) }),
    ])
    const world = recordedWorld([[lamps, [lamp('a'), { ...lamp('b'), metadata: { name: 'b', labels: { app: 'x' } } }]]])
    const chosen = (object: unknown): boolean => (object as Lamp).metadata.labels?.app === 'x'
    expect(await verdicts({ ...options([kept], world), chosen })).toEqual({ b: 'found' })
  })

  it('judges no status whose time is not known, and says so only where there is one', async () => {
    const world = recordedWorld([[lamps, [lamp('a'), lamp('b', { status: {} }), lamp('c', { status: { volts: 1 } })]]])
    expect(await verdicts({ ...options([litOrDark], world), timely: false })).toEqual({ c: 'unknown' })
  })

  it('names the owner: the own label first, then the namespace', async () => {
    const world = recordedWorld([
      [lamps, [lamp('a'), { ...lamp('b'), metadata: { name: 'b', namespace: 'hall', labels: { team: 'light' } } }]],
      [namespaces, [{ metadata: { name: 'hall', labels: { team: 'house' } } } as never]],
    ])
    const { judged } = await look(options([litOrDark], world))
    expect(judged.map(({ origin }) => origin.owner)).toEqual(['house', 'light'])
  })
})

describe('a view', () => {
  const withFuses = (required: boolean): Hazard => {
    const read = index(
      fuses,
      ({ lamp: of }) => of,
      (fuse) => fuse,
    )
    return required
      ? lampHazard([
          detector({
            of: list(lamps),
            with: { fuses: read },
            judge: ({ subject }, view) => (view.fuses.has(subject.name) ? clear : dark(subject)),
          }),
        ])
      : lampHazard([
          detector({
            of: list(lamps),
            with: { fuses: maybe(read) },
            judge: ({ subject }, view) =>
              isUnread(view.fuses) ? unknown(view.fuses.unread) : view.fuses.has(subject.name) ? clear : dark(subject),
          }),
        ])
  }
  const fuse = { lamp: 'a', name: 'f' }

  it('notes what annotations ignore and what of a name lasts, of objects that are kept smaller too', async () => {
    const annotations = { 'roadcrew.dev/ignore': 'all', 'roadcrew.dev/ignore-reason': 'a cellar' }
    const ownerReferences = [{ kind: 'CronJob', name: 'bulb', controller: true }]
    const made = { metadata: { name: 'bulb-28391234', namespace: 'hall', annotations, ownerReferences } }
    const kept = list(lamps, ({ lit }) => ({ lit }))
    const own = lampHazard([detector({ of: kept, with: {}, judge: ({ subject }) => dark(subject) })])
    const { judged } = await look(options([own], recordedWorld([[lamps, [made, lamp('a')]]])))
    expect(judged.map(({ ignore, lastingName }) => [ignore, lastingName])).toEqual([
      [{ names: ['all'], reason: 'a cellar' }, 'bulb-*'],
      [undefined, undefined],
    ])
  })

  it('is indexed by key', async () => {
    const world = recordedWorld([
      [lamps, [lamp('a'), lamp('b')]],
      [fuses, [fuse]],
    ])
    expect(await verdicts(options([withFuses(true)], world))).toEqual({ a: 'clear', b: 'found' })
  })

  it.each([true, false])('that could not be read gives unknown (required: %s)', async (required) => {
    const world = recordedWorld([
      [lamps, [lamp('a')]],
      [fuses, [{ of: fuses, unread: 'timed out' }]],
    ])
    const { judged } = await look(options([withFuses(required)], world))
    expect(judged[0]?.verdict).toEqual(unknown('timed out'))
  })

  it('of a kind that the cluster does not have is empty; of one that is elsewhere, unread', async () => {
    const absent = recordedWorld([[lamps, [lamp('a')]]])
    expect(await verdicts(options([withFuses(true)], absent))).toEqual({ a: 'found' })
    const elsewhere = recordedWorld([
      [lamps, [lamp('a')]],
      [fuses, [{ of: fuses, elsewhere: 'no Fuse in the files' }]],
    ])
    expect(await verdicts(options([withFuses(true)], elsewhere))).toEqual({ a: 'unknown' })
  })

  it('of several kinds is what the files hold of some of them, and says so where they hold none', async () => {
    const spares = kind<Fuse>('Spare', api)
    const both = detector({
      of: list(lamps),
      with: { fuses: maybe(list([spares, fuses])) },
      judge: (_, view) =>
        unknown(isUnread(view.fuses) ? `none, elsewhere ${view.fuses.elsewhere}` : `${view.fuses.length} of them`),
    })
    const none = { of: spares, elsewhere: 'no Spare in the files' }
    const said = async (...batches: readonly Parameters<typeof recordedWorld>[0][number][]) => {
      const world = recordedWorld([[lamps, [lamp('a')]], [spares, [none]], ...batches])
      const [judged] = (await look(options([lampHazard([both])], world))).judged
      return judged?.verdict.verdict === 'unknown' ? judged.verdict.because : undefined
    }
    expect(await said([fuses, [{ name: 'one' }]])).toBe('1 of them')
    expect(await said([fuses, [{ of: fuses, elsewhere: 'no Fuse in the files' }]])).toBe('none, elsewhere true')
    // One that could not be read is a failure, whatever the files say of the others.
    expect(await said([fuses, [{ of: fuses, unread: 'forbidden' }]])).toBe('none, elsewhere undefined')
  })

  it('loses only the object that is no use, and names it', async () => {
    const picky = lampHazard([
      detector({
        of: list(lamps),
        with: {
          fuses: index(
            fuses,
            ({ lamp: of }) => of.toLowerCase(),
            (kept) => kept,
          ),
        },
        judge: ({ subject }, view) => (view.fuses.has(subject.name) ? clear : dark(subject)),
      }),
    ])
    const world = recordedWorld([
      [lamps, [lamp('a')]],
      [fuses, [fuse, { name: 'broken' } as never]],
    ])
    const seenWorld = await look(options([picky], world))
    expect(seenWorld.judged.map(({ verdict }) => verdict.verdict)).toEqual(['clear'])
    expect(seenWorld.broken.map(({ place }) => place)).toEqual(['Fuse broken in recorded'])
  })

  it('of a single thing is unknown where there is none', async () => {
    const single = lampHazard([detector({ of: list(lamps), with: { fuse: one(fuses) }, judge: () => clear })])
    const { judged } = await look(options([single], recordedWorld([[lamps, [lamp('a')]]])))
    expect(judged[0]?.verdict).toEqual(unknown('there is no Fuse'))
  })
})

describe('memory', () => {
  const third = lampHazard([
    detector({
      of: list(lamps),
      with: {},
      judge(item, _view, { before }: { before?: number; settings: unknown }) {
        if (item.object.lit === undefined) return unknown('too dark to see')
        const times = item.object.lit ? 0 : (before ?? 0) + 1
        return { ...(times >= 3 ? dark(item.subject) : clear), remember: times }
      },
    }),
  ])
  const round = async (lit: boolean | undefined, memory: LookOptions['memory'], names = ['a']) => {
    const world = recordedWorld([[lamps, names.map((name) => lamp(name, lit === undefined ? {} : { lit }))]])
    const seenWorld = await look({ ...options([third], world), ...(memory && { memory }) })
    return { verdict: seenWorld.judged[0]?.verdict.verdict, memory: seenWorld.memory }
  }

  it('comes back as before, and an unknown round changes nothing', async () => {
    const first = await round(false, undefined)
    const second = await round(false, first.memory)
    const unseen = await round(undefined, second.memory)
    expect(unseen.verdict).toBe('unknown')
    expect((await round(false, unseen.memory)).verdict).toBe('found')
    expect((await round(true, unseen.memory)).verdict).toBe('clear')
  })

  it('survives a list that could not be read, and drops subjects that are gone', async () => {
    const first = await round(false, undefined)
    const unread = recordedWorld([[lamps, [{ of: lamps, unread: '500' }]]])
    expect((await look({ ...options([third], unread), memory: first.memory })).memory).toEqual(first.memory)
    expect((await round(false, first.memory, ['b'])).memory.size).toBe(1)
    expect((await round(false, first.memory, [])).memory.size).toBe(0)
  })
})
