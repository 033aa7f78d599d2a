/** One comparison. `ratio`: how many times better ours is, whichever way `unit` counts. */
export interface BenchRow {
  readonly what: string
  readonly ours: number
  readonly peer: string
  readonly theirs: number
  readonly unit: string
  readonly ratio: number
}

/** A row where more is better, as per second. */
export const more = (what: string, ours: number, peer: string, theirs: number, unit: string): BenchRow => ({
  what,
  ours,
  peer,
  theirs,
  unit,
  ratio: ours / theirs,
})

/** A row where less is better, as ms. */
export const less = (what: string, ours: number, peer: string, theirs: number, unit: string): BenchRow => ({
  ...more(what, ours, peer, theirs, unit),
  ratio: theirs / ours,
})

/** The rows as a Markdown table, aligned. */
export function table(rows: readonly BenchRow[]): string {
  const figure = (n: number): string => n.toLocaleString('en', { maximumSignificantDigits: 3 })
  const cells = [
    ['what', 'ours', 'peer', 'theirs', 'unit', 'ratio'],
    ...rows.map((row) => [row.what, figure(row.ours), row.peer, figure(row.theirs), row.unit, `${figure(row.ratio)}×`]),
  ]
  const widths = [0, 1, 2, 3, 4, 5].map((column) => Math.max(...cells.map((row) => (row[column] ?? '').length)))
  const numeric = new Set([1, 3, 5])
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (numeric.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(' | ')} |`
  const [head = [], ...body] = cells
  const rule = `| ${widths.map((width, i) => (numeric.has(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`
  return [line(head), rule, ...body.map(line)].join('\n')
}
