import type { Hazard } from '../contract/hazard.ts'
import { hazards } from '../hazards/index.ts'
import { UsageError } from './io.ts'

/** The hazard of an id. @throws UsageError naming those that exist. */
export function hazardOf(id: string): Hazard {
  const hazard = hazards.find((one) => one.id === id)
  if (!hazard) throw new UsageError(`there is no hazard "${id}"; there are: ${hazards.map((one) => one.id).join(', ')}`)
  return hazard
}

/** The catalogue, narrowed by --only and --skip. @throws UsageError for an id that does not exist. */
export function chooseHazards(only: readonly string[], skip: readonly string[]): readonly Hazard[] {
  for (const id of [...only, ...skip]) hazardOf(id)
  return hazards.filter(({ id }) => (only.length === 0 || only.includes(id)) && !skip.includes(id))
}
