// A rollout's report as a person reads it at a terminal.
import { createColors } from 'picocolors'
import { aligned as alignedColumns } from './columns.ts'
import type { RolloutReport } from './rollout-schema.ts'
import { mostColumns, wrap } from './wrap.ts'

export interface TextStyle {
  readonly color: boolean
  readonly columns: number
}

/** How many causes fit a screen; `-o json` and the page have all. */
const mostCauses = 12

/** The whole report, with a line end. */
export function rolloutText(report: RolloutReport, { color, columns }: TextStyle): string {
  const paint = createColors(color)
  const width = Math.min(columns, mostColumns)
  const folded = (text: string): string => wrap(text, width).join('\n')
  const parts = [
    headOf(report, paint, folded),
    lanesOf(report),
    causesOf(report, paint, width),
    drainOf(report, paint, folded),
    report.gaps.length > 0 ? folded(paint.yellow(gapText(report))) : '',
    report.notes.map((note) => folded(paint.yellow(`note: ${note}`))).join('\n'),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

type Paint = ReturnType<typeof createColors>

const number = (value: number): string => value.toLocaleString('en')
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`

function headOf(report: RolloutReport, { bold, red, green }: Paint, folded: (text: string) => string): string {
  const { kind, namespace, name, cluster, url, tookMs, outcome, restarts, sent, lost, maxLost, again, slow, slowMs } =
    report
  const where = bold(
    folded(`${kind} ${namespace}/${name} in ${cluster}${url === undefined ? '' : `, asked at ${url}`}`),
  )
  const rolled = restarts > 0 ? `restarted ${restarts === 1 ? 'once' : `${restarts} times`}: ` : ''
  const ended = `${rolled}${outcome}, after ${seconds(tookMs)}`
  const deleted = report.pods.filter(({ deletedMs }) => deletedMs !== undefined && deletedMs >= 0).length
  const pods = `${deleted} ${deleted === 1 ? 'Pod was' : 'Pods were'} deleted meanwhile`
  if (url === undefined) return [where, `${ended}; ${pods}`].join('\n')
  const share = sent > 0 && lost > 0 ? ` (1 of ${number(Math.round(sent / lost))})` : ''
  const kept =
    again > 0
      ? `; ${number(again)} more were on kept connections as these were closed: most clients send them again`
      : ''
  const text = `${number(lost)} of ${number(sent)} requests were lost${share}${kept}`
  const paint = lost > maxLost ? red : green
  const slowly = slow > 0 ? [`${number(slow)} were answered, but took over ${seconds(slowMs)}`] : []
  return [where, `${ended}; ${pods}`, '', paint(folded(text)), ...slowly].join('\n')
}

function lanesOf({ lanes, lateness }: RolloutReport): string {
  if (lanes.length === 0) return ''
  const head = ['connections', 'sent', 'lost', ...(lateness.spoilt ? [] : ['p50', 'p90', 'p99', 'p99.9', 'worst'])]
  const names = { http1: 'HTTP/1.1', http2: 'HTTP/2' }
  const rows = lanes.map(({ protocol, connections, sent, lost, latency }) => [
    `${names[protocol]}, ${connections === 'fresh' ? 'one each' : 'kept'}`,
    ...[number(sent), number(lost)],
    ...(latency ? [latency.p50, latency.p90, latency.p99, latency.p999, latency.worst].map(ms) : []),
  ])
  const table = aligned([head, ...rows])
  return lateness.text === undefined ? table : `${table}\n${lateness.text}`
}

const ms = (value: number): string =>
  value >= 1000 ? seconds(value) : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, place) => Math.max(...rows.map((row) => (row[place] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, place) => (place === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[place] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function causesOf({ causes }: RolloutReport, { bold, dim }: Paint, width: number): string {
  if (causes.length === 0) return ''
  const rows = causes
    .slice(0, mostCauses)
    .map(({ count, text, firstMs, lastMs, pods }) => [
      [number(count)],
      [text],
      [firstMs === lastMs ? `at ${seconds(firstMs)}` : `${seconds(firstMs)} to ${seconds(lastMs)}`],
      [
        pods.join(', '),
        pods.length > 1 ? `${pods[0]} and ${pods.length - 1} more` : (pods[0] ?? ''),
        `${pods.length} Pods`,
      ],
    ])
  const lines = alignedColumns(
    [
      { least: 4, share: 0 },
      { least: 30, share: 3 },
      { least: 14, share: 1 },
      { least: 8, share: 2, paint: dim },
    ],
    rows,
    width,
  )
  const more =
    causes.length > mostCauses ? [dim(`and ${causes.length - mostCauses} other causes; -o json has all`)] : []
  return [bold('Why'), ...lines, ...more].join('\n')
}

function drainOf(
  { drain, remedies, url }: RolloutReport,
  { bold, green }: Paint,
  folded: (text: string) => string,
): string {
  if (url === undefined) return ''
  const { n, p999Ms, isBound, resolutionMs, waitSeconds, because } = drain
  const seen =
    p999Ms === undefined
      ? []
      : [
          folded(
            `the last request to a deleted Pod came ${isBound ? 'at most ' : ''}${seconds(p999Ms)} after its deletion (p99.9 of ${n} deletions; one Pod is asked every ${Math.round(resolutionMs)} ms)`,
          ),
        ]
  const advice =
    waitSeconds === undefined
      ? [folded(`no wait is advised: ${because}`)]
      : [green(folded(`this cluster needs a preStop wait of ${waitSeconds} s`)), ...remedies.flatMap(remedyLines)]
  return [bold('Drain time'), ...seen, ...advice].join('\n')
}

const remedyLines = ({ fact, steps }: RolloutReport['remedies'][number]): string[] => [
  `  ${fact}`,
  ...steps.map((step) => `    ${step}`),
]

function gapText({ gaps }: RolloutReport): string {
  const each = gaps.map(
    ({ fromMs, toMs, because }) =>
      `${seconds(fromMs)} to ${toMs === undefined ? 'the end' : seconds(toMs)} (${because})`,
  )
  return `not watched: ${each.join('; ')}; what was lost then is blamed on nobody`
}
