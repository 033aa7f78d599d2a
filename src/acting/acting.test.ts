import { expect, it } from 'vitest'
import { z } from 'zod'
import type { Step, Subject } from '../contract/hazard.ts'
import { hazard } from '../contract/reads.ts'
import { found, read } from '../contract/verdicts.ts'
import type { Audit } from '../engine/executor.ts'
import type { Judged, Look } from '../engine/look.ts'
import { defaultPolicy } from '../engine/policy.ts'
import { spareAnnotation } from '../engine/rails.ts'
import { Acting } from './acting.ts'

const full = hazard({
  id: 'full-shelf',
  title: 'Full',
  severity: 'low',
  settings: z.object({}),
  reasons: { full: { title: 'Full', why: 'It is.', fix: 'Empty it.' } },
})
const thing = (kind: string, name: string): Subject => ({ source: { cluster: 'c' }, kind, namespace: 'hall', name })
const clean: Step = { do: 'delete', name: 'clean', finished: true, why: 'old', target: thing('Book', 'oldest') }
const judged: Judged = {
  hazard: full,
  vantage: 'cluster',
  subject: thing('Shelf', 'left'),
  verdict: found({ reason: 'full', state: 'occurring', fact: 'full', evidence: [read('a', 1, 'b')], remedy: [clean] }),
  origin: {},
}

/** What comes of it where Shelf and Book have these opt-outs; `undefined`: it could not be read. */
async function outcome(spare: Readonly<Record<string, string | null | undefined>>): Promise<string> {
  const audits: Audit[] = []
  const policy = { ...defaultPolicy, hazards: { 'full-shelf': { mode: 'act' as const } } }
  const acting = new Acting({
    facts: {
      policy: async () => ({ value: { policy } as never, ticks: 0 }),
      done: async () => ({ value: [], ticks: 0 }),
      object: async ({ kind, name }) => {
        const says = spare[kind]
        if (says === undefined) return undefined
        const annotations: Record<string, string> = says === null ? {} : { [spareAnnotation]: says }
        return { value: { namespace: 'hall', name, annotations }, ticks: 0 }
      },
    },
    arms: [{ does: 'delete', apply: async () => 'done' }],
    ceiling: 'act',
    now: () => 0,
    ticks: () => 0,
    again: async () => [judged],
    reserve: async () => undefined,
    record: async (audit) => void audits.push(audit),
  })
  await acting.round({ world: 'c', objects: 1, judged: [judged], broken: [], missing: [], memory: new Map() } as Look)
  return audits.map((audit) => audit.rail ?? audit.outcome).join()
}

it.each([
  ['neither', { Shelf: null, Book: null }, 'done'],
  ['the one that is ill', { Shelf: 'true', Book: null }, 'spared'],
  ['the other, which the step would change', { Shelf: null, Book: 'true' }, 'spared'],
  ['the other, whatever the one says', { Shelf: 'false', Book: 'true' }, 'spared'],
  ['neither, and both say so', { Shelf: 'false', Book: 'false' }, 'done'],
  ['the other perhaps: it could not be read', { Shelf: null, Book: undefined }, 'unreadable'],
] as const)('of two objects %s is spared', async (_, spare, expected) => expect(await outcome(spare)).toBe(expected))
