// What became of a step: of one that was taken, whether it helped; of one that was only advised, whether somebody took it,
// the subject healed by itself, or it is still broken. So a team can see whether to let it act. Pure.
import type { Judged } from '../engine/look.ts'
import { subjectKey } from '../engine/subjects.ts'

/** A subject that is watched. */
export interface Watched {
  readonly hazard: string
  readonly subject: string
  readonly subjectKey: string
  readonly step: string
  /** Whether the step was taken, or only advised. */
  readonly was: 'done' | 'advised'
  /** ms UTC. */
  readonly since: number
}

export const outcomes = ['cured', 'not-cured', 'done-by-a-person', 'healed-by-itself', 'still-broken'] as const
export type Outcome = (typeof outcomes)[number]

/** How an advised step ended is asked for so long (ms); a shadow run is over then. */
export const watchFor = 30 * 60_000
/** What was done has helped by then (ms), or it has not: the runtime notices the end of a shim within seconds. */
export const curedWithin = 2 * 60_000

export interface FollowedUp {
  readonly still: readonly Watched[]
  readonly ended: readonly { readonly watched: Watched; readonly outcome: Outcome }[]
}

/**
 * One look later.
 * @param judged all of that look; where a hazard could not judge anything, nothing is known of its subjects.
 * @param now ms UTC.
 */
export function followUp(watched: readonly Watched[], judged: readonly Judged[], now: number): FollowedUp {
  const still: Watched[] = []
  const ended: { watched: Watched; outcome: Outcome }[] = []
  const byKey = new Map(judged.map((one) => [`${one.hazard.id} ${subjectKey(one.subject)}`, one]))
  const blind = new Set(
    judged
      .filter(({ subject, verdict }) => subject.name === '*' && verdict.verdict === 'unknown')
      .map((one) => one.hazard.id),
  )
  for (const one of watched) {
    const seen = byKey.get(`${one.hazard} ${one.subjectKey}`)
    const outcome = outcomeOf(one, seen, blind.has(one.hazard), now)
    if (outcome) ended.push({ watched: one, outcome })
    else still.push(one)
  }
  return { still, ended }
}

function outcomeOf(watched: Watched, judged: Judged | undefined, blind: boolean, now: number): Outcome | undefined {
  const isDone = watched.was === 'done'
  const over = now - watched.since >= (isDone ? curedWithin : watchFor)
  const ill = isDone ? 'not-cured' : 'still-broken'
  const verdict = judged?.verdict.verdict
  if (blind || verdict === 'unknown' || verdict === 'found') return over ? ill : undefined
  if (isDone) return 'cured'
  // It is no longer there: what does not answer does not end by itself either, so somebody ended it. And nothing that was
  // stopped goes on but by a signal.
  return judged === undefined || watched.step === 'continue-shim' ? 'done-by-a-person' : 'healed-by-itself'
}
