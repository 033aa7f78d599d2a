import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Hazard, Item } from '../contract/hazard.ts'
import { detector, hazard, index, kind, list, maybe } from '../contract/reads.ts'
import { clear, found, read } from '../contract/verdicts.ts'
import type { World } from '../contract/world.ts'
import { keptReads } from './kept-reads.ts'
import { type LookOptions, look } from './look.ts'

interface Thing {
  readonly name: string
  readonly of?: string
  readonly weight: number
  readonly ballast: string
}

const api = { group: '', versions: ['v1'], namespaced: true }
const lamps = kind<Thing>('Lamp', api)
const bulbs = kind<Thing>('Bulb', api)
const heavy = maybe(
  index(
    bulbs,
    ({ of }) => of,
    ({ name, weight }) => (weight > 5 ? name : undefined),
  ),
)
const total = list([bulbs, lamps], ({ weight }) => {
  if (weight < 0) throw new Error('it weighs nothing')
  return weight
})

const ask = detector({
  of: list(lamps),
  with: { heavy, total },
  judge({ object }: Item<Thing>, view) {
    const own = 'unread' in view.heavy ? [] : (view.heavy.get(object.name) ?? [])
    if (own.length === 0) return clear
    const sum = view.total.reduce((all, one) => all + one.object, 0)
    const fact = `${own.map((one) => one.object).join(', ')} of ${sum}, beside ${object.ballast}`
    return found({ reason: 'heavy', state: 'occurring', fact, evidence: [read('a', 'b', 'c')], remedy: [] })
  },
})
const lamp: Hazard = hazard({
  id: 'heavy-lamp',
  title: 'Heavy',
  severity: 'low',
  settings: z.object({}),
  reasons: { heavy: { title: 'h', why: 'w', fix: 'f' } },
  manifest: [ask],
  cluster: [ask, detector({ ...ask, with: { heavy } as never })],
})

const things: readonly (readonly ['Lamp' | 'Bulb', Thing])[] = [
  ['Lamp', { name: 'desk', weight: 3, ballast: 'x' }],
  ['Lamp', { name: 'hall', weight: 4, ballast: 'y' }],
  ['Bulb', { name: 'big', of: 'desk', weight: 9, ballast: 'z' }],
  ['Bulb', { name: 'small', of: 'hall', weight: 1, ballast: 'z' }],
  ['Bulb', { name: 'wrong', weight: -1, ballast: 'z' }],
]

const worldOf = (keep: (kind: string, object: unknown) => unknown): World => ({
  name: 'w',
  async *read(kinds) {
    for (const of of kinds) {
      const items = things
        .filter(([kindName]) => kindName === of.kind)
        .map(([kindName, object]) => ({
          subject: { source: { cluster: 'w' }, kind: kindName, name: object.name },
          object: keep(kindName, object),
        }))
      yield { of, items: items.filter(({ object }) => object !== undefined) }
    }
  },
})

describe('reads of what was kept', () => {
  const options: Omit<LookOptions, 'hazards' | 'world'> = {
    vantages: ['cluster'],
    now: 0,
    ticks: 0,
    zones: { data: 'none', find: () => undefined },
  }
  const { hazards, keep } = keptReads([lamp])

  it('lead to the same verdicts as whole objects do, and tell of the same that is lost', async () => {
    const whole = await look({ ...options, hazards: [lamp], world: worldOf((_, object) => object) })
    const kept = await look({ ...options, hazards, world: worldOf(keep) })
    const said = ({ judged, broken }: typeof whole) => ({
      all: judged.map(({ subject, verdict }) => [subject, verdict]),
      broken,
    })
    expect(said(kept)).toEqual(said(whole))
    expect(kept.judged.map(({ verdict }) => verdict.verdict)).toContain('found')
    expect(kept.broken).toHaveLength(1)
  })

  it('keep whole only what is judged, and nothing of what nobody wants', () => {
    const [, desk] = things[0] ?? []
    expect(keep('Lamp', desk)).toBe(desk)
    expect(keep('Bulb', things[2]?.[1])).not.toHaveProperty('ballast')
    const [onlyHeavy] = [keptReads([{ ...lamp, cluster: [detector({ ...ask, with: { heavy } as never })] }])]
    expect(onlyHeavy.keep('Bulb', things[3]?.[1])).toBeUndefined()
  })

  it('leave nothing but the cluster to judge', () => {
    expect(hazards[0]).not.toHaveProperty('manifest')
    expect(hazards[0]?.cluster).toHaveLength(2)
  })
})
