// `roadcrew rails status` for people. Pure.
import { createColors } from 'picocolors'
import { durationText } from '../objects/time.ts'
import { aligned, type Cell } from '../report/columns.ts'
import { wrap } from '../report/wrap.ts'
import type { StatusData } from './rails-status.ts'

export interface Style {
  readonly color: boolean
  readonly columns: number
}

export function statusText(data: StatusData, { color, columns }: Style): string {
  const { bold, dim, red } = createColors(color)
  const { context, namespace, from, wrong, acts } = data
  const section = (title: string, lines: readonly string[]): string[] => ['', bold(title), ...lines]
  const modes = modeLines(data, columns)
  const limits = limitRows(data)
  return `${[
    `${bold(context)}: ${stateText(data, color)}`,
    dim(from ?? `no policy in ${namespace}: everything is only observed`),
    ...(wrong
      ? section(
          'WRONG',
          wrong.flatMap((line) => hanging(line, columns).map(red)),
        )
      : []),
    ...(modes.length > 0 ? section('MODES', modes) : []),
    ...(limits.length > 0 ? section('LIMITS', hangingRows(limits, columns)) : []),
    ...section('ACTS OF THE LAST HOUR', acts.length > 0 ? actLines(data, columns) : ['  none']),
  ].join('\n')}\n`
}

function stateText({ wrong, paused, windows }: StatusData, color: boolean): string {
  const { green, red, yellow } = createColors(color)
  const said =
    paused && (paused.by === 'policy' ? 'by the policy itself' : `by ${paused.note || 'a note without words'}`)
  if (wrong) return red(`the policy is wrong: nothing is done${said ? `; paused ${said}` : ''}`)
  if (said) return yellow(`paused ${said}`)
  return windows && !windows.open ? yellow("outside of the policy's windows: nothing is done now") : green('not paused')
}

/** A hazard's steps, and under them to what it is narrowed. */
function modeLines({ hazards }: StatusData, columns: number): string[] {
  const rows = hazards.flatMap(({ id, steps }) =>
    Object.entries(steps).map(([step, mode], place): Cell[] => [[place === 0 ? id : ''], [step], [mode]]),
  )
  const lines = table(rows, columns, [8, 8, 7])
  return hazards.flatMap(({ steps, nodes, namespaces }) => {
    const only = [nodes && `on nodes ${nodes}`, namespaces && `in namespaces ${namespaces.join(', ') || '(none)'}`]
      .filter((part) => part !== undefined)
      .join(' and ')
    const own = lines.splice(0, Object.keys(steps).length)
    return [...own, ...(only === '' ? [] : indented(`only ${only}`, columns, '    '))]
  })
}

function limitRows({ limits, windows, used }: StatusData): [name: string, text: string][] {
  if (!limits) return []
  const {
    perNodePerHour,
    perClusterPerHour,
    statusPerMinute,
    runsPerMinute,
    coolDownSeconds,
    healthyPods,
    protectedNamespaces,
  } = limits
  const nodes = Object.entries(used.nodes)
    .toSorted(([a, some], [b, more]) => more - some || (a < b ? -1 : 1))
    .map(([node, count]) => `${node} ${count}`)
  const shown = nodes.length > 5 ? [...nodes.slice(0, 5), `${nodes.length - 5} more nodes`] : nodes
  const each = windows?.each.map(({ days, from, to }) => `${days} ${from}-${to}`).join('; ')
  const now = windows && (windows.open ? 'now is inside' : `now is outside, the next begins ${windows.next}`)
  return [
    ['windows', windows ? `${each} UTC; ${now}` : 'at any time'],
    ['in the cluster', `${used.cluster} of ${perClusterPerHour} within the last hour`],
    ['on one node', `at most ${perNodePerHour} within an hour${nodes.length > 0 ? `; ${shown.join(', ')}` : ''}`],
    ['of objects', `at most ${statusPerMinute} statuses corrected and ${runsPerMinute} runs started within a minute`],
    ['the same again', `after ${durationText(coolDownSeconds * 1000)}`],
    [
      'which Pods',
      healthyPods
        ? 'those past their grace period, and others where their PodDisruptionBudget has room (healthyPods: true)'
        : 'only those past their grace period (healthyPods: false)',
    ],
    ['never in', protectedNamespaces.join(', ') || 'no namespace is protected'],
  ]
}

/** One line each, and under it why it did not end well: neither the Pod nor the reason is cut for the other. */
function actLines({ acts }: StatusData, columns: number): string[] {
  const rows = acts.map(({ at, node, step, text, outcome = 'begun' }): Cell[] => [
    [at, at.slice(at.indexOf('T') + 1)],
    [node],
    [outcome.split(':', 1)[0] ?? ''],
    [text.includes(step) ? text : `${step} ${text}`],
  ])
  return table(rows, columns, [9, 10, 6, 46]).flatMap((line, place) => {
    const because = acts[place]?.outcome?.split(/: (.*)/s)[1]
    return because === undefined ? [line] : [line, ...indented(because, columns, '    ')]
  })
}

/** @param least how narrow each column may become. */
const table = (rows: readonly (readonly Cell[])[], columns: number, least: readonly number[]): string[] =>
  aligned(
    least.map((one) => ({ least: one, share: one })),
    rows,
    columns - 2,
  ).map((line) => `  ${line}`)

const indented = (text: string, columns: number, by: string): string[] =>
  wrap(text, columns - by.length).map((line) => `${by}${line}`)

/** What is said whole, over as many lines as it needs. */
const hanging = (text: string, columns: number): string[] =>
  indented(text, columns, '    ').map((line, place) => (place === 0 ? line.slice(2) : line))

function hangingRows(rows: readonly (readonly [name: string, text: string])[], columns: number): string[] {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  return rows.flatMap(([name, text]) =>
    wrap(text, columns - 2 - width).map((line, place) => `  ${(place === 0 ? name : '').padEnd(width)}${line}`),
  )
}
