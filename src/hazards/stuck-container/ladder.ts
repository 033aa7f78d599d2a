// healthy → suspicious → condemned: what one more round of looking makes of a container.
import type { ContainerSeen, Inspection } from '../../linux/container.ts'
import { type Fact, factsOf, type Waits, waitsAfter } from './facts.ts'
import type { Settings } from './settings.ts'

/** What is carried from round to round. */
export interface Remembered {
  /** Ticks (ms) of the first inspection that failed of those that failed in a row; undefined: the last one answered. */
  readonly since: number | undefined
  readonly failures: number
  readonly waits: Waits
}

const fresh: Remembered = { since: undefined, failures: 0, waits: {} }

export type Stage =
  | { readonly is: 'healthy' }
  /** `condemned`: it failed often and long enough, and a second fact holds that nothing speaks against. */
  | {
      readonly is: 'suspicious' | 'condemned'
      readonly symptom: string | undefined
      readonly facts: readonly Fact[]
      readonly forMs: number
    }

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`

/** Why an inspection counts as failed; undefined if it answered as it should. */
export function symptomOf(inspection: Inspection, { slowSeconds }: Settings): string | undefined {
  if (inspection.answer === 'nothing') return `inspecting it gave no answer within ${seconds(inspection.ms)}`
  if (inspection.answer === 'error') return `inspecting it failed: ${inspection.because}`
  if (inspection.answer === 'gone') return undefined
  return inspection.ms > slowSeconds * 1000 ? `inspecting it took ${seconds(inspection.ms)}` : undefined
}

/**
 * Where the runtime answers from memory (CRI-O since cri-o#6925) no inspection ever fails: what it claims is then the symptom, if
 * two facts of their own say otherwise.
 */
function hollowClaim(inspection: Inspection, facts: readonly Fact[]): string | undefined {
  if (inspection.answer !== 'told' || !inspection.fromMemory || inspection.state !== 'running') return undefined
  const reasons = new Set(facts.map(({ reason }) => reason))
  return reasons.size > 1 ? 'the runtime calls it running from memory, without asking anybody' : undefined
}

/** One step up or down the ladder. `overdueMs`: how long its Pod should have been gone by now. */
export function climb(
  seen: ContainerSeen,
  before: Remembered = fresh,
  at: { readonly ticks: number; readonly overdueMs: number | undefined; readonly settings: Settings },
): { readonly stage: Stage; readonly remember: Remembered } {
  const { ticks, settings } = at
  const waits = waitsAfter(before.waits, seen)
  const facts = factsOf(seen, waits, at.overdueMs)
  const symptom = symptomOf(seen.inspection, settings) ?? hollowClaim(seen.inspection, facts)
  if (symptom === undefined && facts.length === 0) return { stage: { is: 'healthy' }, remember: { ...fresh, waits } }
  // A fact alone is no failed inspection, however old it is: the runtime answers, so that nothing hangs because of it.
  const since = symptom === undefined ? undefined : (before.since ?? ticks)
  const isNew = !('earlier' in seen.inspection)
  const failures = symptom === undefined ? 0 : before.failures + (isNew ? 1 : 0)
  const remember = { since, failures, waits }
  const forMs = since === undefined ? 0 : ticks - since
  const lasting = failures >= settings.failures && forMs >= settings.condemnAfterSeconds * 1000
  const speaks = facts.some(({ holds }) => holds === undefined) && !facts.some(({ holds }) => holds !== undefined)
  return { stage: { is: lasting && speaks ? 'condemned' : 'suspicious', symptom, facts, forMs }, remember }
}
