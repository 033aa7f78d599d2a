// Hazards as annotations, roadcrew.yaml and people name them: an id, `id/reason`, or `all`.
import { closest, distance } from 'fastest-levenshtein'

/** What is to be known of a hazard to tell its names from misspelt ones. */
export interface KnownHazard {
  readonly id: string
  readonly reasons: Readonly<Record<string, unknown>>
}

/** Whatever is found. */
export const everything = 'all'

/** How many letters may be wrong in a word that is still taken for another one. */
const likeness = (word: string): number => Math.max(2, Math.floor(word.length / 3))

/** What was meant: `; did you mean "web"?` where one of the words is like it, else all of them. */
export function meant(word: string, words: readonly string[]): string {
  const nearest = words.length > 0 ? closest(word, words) : ''
  if (distance(word, nearest) <= likeness(word)) return `; did you mean "${nearest}"?`
  return `; expected ${words.length === 1 ? '' : 'one of '}${words.join(', ')}`
}

/** What is wrong with an id; undefined: nothing. */
export function wrongId(id: string, known: readonly KnownHazard[], others: readonly string[] = []): string | undefined {
  const ids = known.map((one) => one.id)
  return ids.includes(id) ? undefined : `there is no hazard "${id}"${meant(id, [...ids, ...others])}`
}

/** What is wrong with a name; undefined: nothing. */
export function wrongName(name: string, known: readonly KnownHazard[]): string | undefined {
  if (name === everything) return undefined
  const [id = '', ...rest] = name.split('/')
  const hazard = known.find((one) => one.id === id)
  if (!hazard) return wrongId(id, known, [everything])
  const reason = rest.join('/')
  const reasons = Object.keys(hazard.reasons)
  if (rest.length === 0 || reasons.includes(reason)) return undefined
  return `${id} has no reason "${reason}"${meant(reason, reasons)}`
}

/** Whether one of the names stands for a finding. */
export const covers = (
  names: readonly string[],
  { hazard, reason }: { readonly hazard: string; readonly reason: string },
): boolean => names.some((name) => name === everything || name === hazard || name === `${hazard}/${reason}`)
