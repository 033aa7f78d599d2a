// The settings of hazards as people write them: checked by the hazard's own schema, and nothing misspelt passes.
import type { Hazard } from '../contract/hazard.ts'
import type { Policy } from './policy.ts'

/** @returns the settings with the defaults of what is not given, or what is wrong: `.waitSeconds: expected …`. */
export function settingsFrom(
  { settings }: Pick<Hazard, 'settings'>,
  given: unknown,
): { readonly settings: unknown } | { readonly wrong: string } {
  const read = settings.safeParse(given ?? {})
  if (!read.success) {
    const [issue] = read.error.issues
    const path = (issue?.path ?? []).map((key) => `.${String(key)}`).join('')
    return { wrong: `${path}: ${issue?.message ?? 'wrong'}` }
  }
  // Schemas drop what they do not know, which here is a misspelt setting.
  const known = Object.keys(read.data ?? {})
  const stray = Object.keys(given ?? {}).find((key) => !known.includes(key))
  if (stray === undefined) return { settings: read.data }
  return { wrong: `.${stray}: there is no such setting; expected ${known.join(', ') || 'none'}` }
}

/** Those of each hazard by its id, with what the policy says of them. */
export const settingsBy = (policy: Policy, hazards: readonly Hazard[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(hazards.map(({ id, settings }) => [id, settings.parse(policy.hazards[id]?.settings ?? {})]))
