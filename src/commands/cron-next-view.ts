// `roadcrew cron next` for people. Pure.
import { createColors } from 'picocolors'
import { aligned, type Cell } from '../report/columns.ts'
import { wrap } from '../report/wrap.ts'
import { marks, type NextData } from './cron-next.ts'

type Row = NextData['rows'][number]

/** So many rows alike in a row are shown; more are told by their last. */
const mostAlike = 3

interface Style {
  readonly color: boolean
  readonly columns: number
}

export function nextText(data: NextData, style: Style): string {
  const { bold, dim } = createColors(style.color)
  const { schedule, timeZone, from, fromBy, timeZoneData, notes } = data
  return `${[
    `${bold(schedule)} in ${bold(timeZone)}, after ${from}${fromBy === 'now' ? ' (now)' : ''}`,
    dim(timeZoneData),
    '',
    ...nextRows(data, style),
    ...(notes.length > 0 ? [''] : []),
    ...notes.flatMap((note) => wrap(`Note: ${note}`, style.columns).map(dim)),
  ].join('\n')}\n`
}

/** The rows alone, aligned. */
export function nextRows({ rows, ends }: Pick<NextData, 'rows' | 'ends'>, { color, columns }: Style): string[] {
  const { dim, red, yellow } = createColors(color)
  const shown = folded(rows)
  const cells = shown.map((row): Cell[] =>
    'more' in row
      ? [[`… ${row.more} more until ${localOf(row.last).slice(15)}`]]
      : [[localOf(row)], [row.utc ?? '-'], noteOf(row)],
  )
  const lines = aligned(
    [
      { least: 24, share: 1 },
      { least: 20, share: 1 },
      { least: 10, share: 2 },
    ],
    cells,
    columns - 2,
  )
  return [
    ...lines.map((line, place) => {
      const row = shown[place]
      const paint = row && 'more' in row ? dim : row?.mark === undefined ? String : row.runs ? yellow : red
      return `  ${paint(line)}`
    }),
    ...(ends ? [`  ${rows.length === 0 ? 'no run' : 'no more'}: Kubernetes looks five years ahead`] : []),
  ]
}

/** `Sun 2026-10-25 02:30 +02:00`. */
function localOf({ local }: Row): string {
  const [, date = '', time = '', offset = ''] = /^(\S{10})T(\d\d:\d\d:\d\d)(.*)$/.exec(local) ?? []
  const weekday = new Date(`${date}T00:00:00Z`).toUTCString().slice(0, 3)
  return `${weekday} ${date} ${time.replace(/:00$/, '')} ${offset}`.trim()
}

const noteOf = ({ mark, clockChange }: Row): Cell =>
  mark === undefined
    ? ['']
    : [`${marks[mark]}${clockChange === undefined ? '' : ` (clocks change at ${clockChange})`}`, marks[mark], mark]

/** Rows of the same mark that are no runs, one after the other, shortened. */
function folded(rows: readonly Row[]): readonly (Row | { readonly more: number; readonly last: Row })[] {
  const groups: Row[][] = []
  for (const row of rows) {
    const group = groups.at(-1)
    if (group && !row.runs && group[0]?.mark === row.mark) group.push(row)
    else groups.push([row])
  }
  return groups.flatMap((group) => {
    const last = group.at(-1)
    if (group.length <= mostAlike || !last) return group
    return [...group.slice(0, mostAlike - 1), { more: group.length - mostAlike + 1, last }]
  })
}
