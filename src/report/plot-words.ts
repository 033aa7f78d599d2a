// How values and limits are said, on a terminal and on a page.
import type { Json } from '../contract/hazard.ts'

/** Of a figure: text as it stands, all else as JSON; it may be a pid, which has no thousands. */
export const figureText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Of what is counted or measured: numbers with their thousands apart, and three digits at most behind the point. */
export const valueText = (value: Json): string =>
  typeof value === 'number' ? value.toLocaleString('en') : figureText(value)

/** `< 1 ms`, `< 5 ms`, `≥ 5 ms`: of each count of a distribution. */
export const limitNames = (limits: readonly number[], unit: string): string[] => [
  ...limits.map((limit) => `< ${valueText(limit)} ${unit}`),
  `≥ ${valueText(limits.at(-1) ?? 0)} ${unit}`,
]
