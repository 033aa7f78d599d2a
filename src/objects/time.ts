/** An RFC 3339 time of the API as ms UTC; undefined if there is none or it can't be read. */
export function timeOf(text: string | null | undefined): number | undefined {
  if (typeof text !== 'string') return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

/** ms UTC as the API writes it: whole seconds, `2026-11-23T08:00:00Z`. */
export const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

const units: readonly (readonly [letter: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** A duration (ms) for people, its two largest units: `7 d 3 h`, `4 min`, `0 s`; `1 ms` to `999 ms` as such. */
export function durationText(ms: number): string {
  if (ms > 0 && ms < 1000) return `${Math.round(ms)} ms`
  const first = units.findIndex(([, size]) => ms >= size)
  if (first < 0) return '0 s'
  const parts: string[] = []
  let rest = ms
  for (const [letter, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count} ${letter}`)
  }
  return parts.join(' ')
}
