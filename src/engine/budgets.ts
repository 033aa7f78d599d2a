// Which of the cluster's budgets a step is counted in. What ends something is rare and dear; a status is corrected by a request
// and starts nothing; a run that is started needs a place to run.
import type { Step } from '../contract/hazard.ts'
import type { Policy } from './policy.ts'

export const budgets = ['act', 'status', 'run'] as const
export type Budget = (typeof budgets)[number]

export function budgetOf(step: Step): Budget {
  if (step.do === 'create') return 'run'
  return step.do === 'edit' && step.changes.every(({ path }) => path[0] === 'status' || isAnnotation(path))
    ? 'status'
    : 'act'
}

/** A note on an object says nothing to who runs it. */
const isAnnotation = ([first, second]: readonly (string | number)[]): boolean =>
  first === 'metadata' && second === 'annotations'

/** A step that only notes something, or notes what it begins: it may be taken again soon. */
export const isNote = (step: Step): boolean =>
  step.do === 'create' || (step.do === 'edit' && step.changes.every(({ path }) => isAnnotation(path)))

const minute = 60_000

/** How much may be done within how long (ms), and how that is said. */
export interface Rate {
  readonly most: number
  readonly withinMs: number
}

export const rateOf = (budget: Budget, policy: Policy | undefined): Rate =>
  ({
    act: { most: policy?.perClusterPerHour ?? 0, withinMs: 60 * minute },
    status: { most: policy?.statusPerMinute ?? 0, withinMs: minute },
    run: { most: policy?.runsPerMinute ?? 0, withinMs: minute },
  })[budget]

/** How much of a rate was used at `now` (ms UTC). */
export const usedOf = (
  budget: Budget,
  done: readonly { readonly at: number; readonly budget?: Budget }[],
  { withinMs }: Rate,
  now: number,
): number => done.filter((one) => (one.budget ?? 'act') === budget && one.at > now - withinMs).length

/**
 * Names of places that are free: one for each step of a rate, each taken for as long as the rate's time.
 * @param taken when each was last taken, ms UTC.
 */
export const freePlaces = (
  prefix: string,
  { most, withinMs }: Rate,
  taken: ReadonlyMap<string, number>,
  now: number,
): readonly string[] =>
  Array.from({ length: most }, (_, at) => `${prefix}${at}`).filter((name) => (taken.get(name) ?? 0) <= now - withinMs)
