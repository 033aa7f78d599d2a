import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Hazard, Zones } from '../contract/hazard.ts'
import { detector, hazard, kind, list } from '../contract/reads.ts'
import { clear, found, seen } from '../contract/verdicts.ts'
import { recordedWorld } from './fixtures/recorded-world.ts'
import { settle } from './settle.ts'

interface Lamp {
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly volts?: number; readonly watts?: number }
}
const lamps = kind<Lamp>('Lamp')
const zones: Zones = { data: 'none', find: () => undefined }

/** Wants a field to be what `wanted` makes of the lamp. */
const wants = (id: string, field: 'volts' | 'watts', wanted: (lamp: Lamp) => number | undefined): Hazard =>
  hazard({
    id,
    title: id,
    severity: 'low',
    settings: z.object({}),
    reasons: { off: { title: 'Off', why: 'It is off.', fix: 'Set it.' } },
    manifest: [
      detector({
        of: list(lamps),
        with: {},
        judge({ subject, object }) {
          const after = wanted(object)
          const before = object.spec?.[field]
          if (after === undefined || after === before) return clear
          return found({
            reason: 'off',
            state: 'exposed',
            fact: `${field} is off`,
            evidence: [seen(field, before ?? null, subject, 'spec', field)],
            remedy: [
              { do: 'advise', why: 'think first' },
              {
                do: 'edit',
                why: `${field} must be ${after}`,
                target: subject,
                changes: [{ path: ['spec', field], before, after }],
              },
            ],
          })
        },
      }),
    ],
  })

const settled = (hazards: readonly Hazard[]) =>
  settle({
    hazards,
    vantages: ['manifest'],
    world: recordedWorld([
      [lamps, [{ metadata: { name: 'a' } }, { metadata: { name: 'b' }, spec: { volts: 12 } }] as never],
    ]),
    now: 0,
    ticks: 0,
    zones,
  })

describe('settle', () => {
  it('composes edits by looking again: the second hazard sees what the first one did', async () => {
    const volts = wants('volts', 'volts', () => 12)
    const watts = wants('watts', 'watts', ({ spec }) => (spec?.volts === undefined ? undefined : spec.volts * 5))
    const { edits, objects, left, rounds } = await settled([volts, watts])
    expect(left).toEqual([])
    expect(rounds).toBe(2)
    expect(edits.map(({ step }) => [step.target.name, step.why])).toEqual([
      ['a', 'volts must be 12'],
      ['b', 'watts must be 60'],
      ['a', 'watts must be 60'],
    ])
    expect([...objects.values()].map(({ after }) => after)).toContainEqual({
      metadata: { name: 'a' },
      spec: { volts: 12, watts: 60 },
    })
  })

  it('refuses edits that undo each other for ever', async () => {
    const fight = [
      wants('one', 'volts', () => 1),
      wants('two', 'volts', ({ spec }) => (spec?.volts === 1 ? 2 : undefined)),
    ]
    await expect(settled(fight)).rejects.toThrow('did not come to rest in 20 rounds; the last one was of Lamp')
  })
})
