// The report for a person with 30,000 pods: three tiers, one line per cause and fixing place, the rest only counted.
import { createColors } from 'picocolors'
import { shortPlace } from '../objects/origin.ts'
import { aligned, type Cell, type Column, cut } from './columns.ts'
import { count, ownersCell, whatCell, whomCell } from './line-cells.ts'
import { type Grouping, type Line, linesOf } from './lines.ts'
import type { Report, ReportUnread } from './schema.ts'
import { noticeTexts, setAsideText } from './set-aside.ts'
import { type Tier, tiers } from './tiers.ts'

type Colors = ReturnType<typeof createColors>

export interface TerminalOptions {
  readonly color: boolean
  /** How wide the terminal is. */
  readonly columns: number
  /** How many lines a tier shows. */
  readonly top: number
  /** Whether advice and what could not be judged are listed, not only counted. */
  readonly advice: boolean
  readonly by: Grouping
  /** What to type next, for the line of an id; `all`: with the switch that lists advice. */
  readonly next?: { why(id: string): string; readonly all: string }
}

const headings: Readonly<Record<Tier, readonly [title: string, meaning: string]>> = {
  broken: ['BROKEN NOW', 'it hurts now'],
  'will-break': ['WILL BREAK', 'sure to hurt once triggered, or it did within a week'],
  advice: ['ADVICE', 'it may hurt one day'],
}

/** The report of a scan as lines for a terminal, the last of them ended. */
export function terminalReport(report: Report, options: TerminalOptions): string {
  const colors = createColors(options.color)
  const lines = linesOf(report.findings, options.by)
  const of = (tier: Tier): Line[] => lines.filter((line) => line.tier === tier)
  const judged = report.unread.filter(({ hazard }) => hazard !== undefined)
  const lost = report.unread.filter(({ hazard }) => hazard === undefined)
  const shown = [
    head(colors, report, options),
    section(colors, 'broken', of('broken'), report, options),
    section(colors, 'will-break', of('will-break'), report, options),
    ...(options.advice ? [section(colors, 'advice', of('advice'), report, options)] : []),
    ...(options.advice ? [listed(colors, 'NOT JUDGED', judged, report.worlds.length > 1, options)] : []),
    listed(colors, 'NOT READ', lost, report.worlds.length > 1, options),
    aside(colors, report, options),
    passedOverLine(colors, report, options),
    foot(colors, lines, report, options),
  ]
  return `${shown.filter((part) => part !== '').join('\n\n')}\n`
}

/** The lines of causes that a report shows with these options. */
export const shownLines = (
  { findings }: Report,
  { by, top, advice }: Pick<TerminalOptions, 'by' | 'top' | 'advice'>,
): Line[] => {
  const lines = linesOf(findings, by)
  const shown = tiers.filter((tier) => advice || tier !== 'advice')
  return shown.flatMap((tier) => lines.filter((line) => line.tier === tier).slice(0, top))
}

/** Clusters, objects, seconds, and how much was not read, on one line. */
function head(
  colors: Colors,
  { worlds, summary, seconds, at, unread, passedOver }: Report,
  { columns }: TerminalOptions,
): string {
  const names = worlds.map(({ name, version }) => `${name}${version ? ` ${version}` : ''}`).join(', ')
  const lost = unread.filter(({ hazard }) => hazard === undefined).length
  const where = worlds.length > 1 ? `${worlds.length} clusters` : names
  const rest = [
    `${count(summary.objects, 'object')} in ${seconds.toFixed(1)} s`,
    `as of ${at.replace(/\.\d{3}Z$/, 'Z')}`,
    ...(passedOver > 0 ? [`${count(passedOver, 'document')} passed over`] : []),
    lost > 0 ? `${count(lost, 'part')} not read` : 'all read',
  ].join(', ')
  const line = `${where === '' ? '' : `${where}: `}${rest}`
  const long = `${line}${worlds.length > 1 ? ` (${names})` : ''}`
  return colors.bold(cut(long.length <= columns ? long : line, columns))
}

function section(colors: Colors, tier: Tier, lines: readonly Line[], report: Report, options: TerminalOptions): string {
  if (lines.length === 0) return ''
  const [title, meaning] = headings[tier]
  const objects = new Set(lines.flatMap(({ findings }) => findings.map(({ subject }) => JSON.stringify(subject)))).size
  const more = lines.length - options.top
  const counted = `${count(lines.length, 'cause')} in ${count(objects, 'object')}`
  const said = `${title}  ${counted}  (${meaning})`.length <= options.columns ? `  ${colors.dim(`(${meaning})`)}` : ''
  return [
    `${paintTier(colors, tier)(colors.bold(title))}  ${counted}${said}`,
    ...aligned(
      columnsOf(colors, lines),
      lines.slice(0, options.top).map((line) => rowOf(line, report, options.by)),
      options.columns - 2,
    ).map((text) => `  ${text}`),
    ...(more > 0 ? [colors.dim(`  … and ${count(more, 'more cause')}: --top ${lines.length}`)] : []),
  ].join('\n')
}

const paintTier = (colors: Colors, tier: Tier): ((text: string) => string) =>
  tier === 'broken' ? colors.red : tier === 'will-break' ? colors.yellow : colors.cyan

const columnsOf = (colors: Colors, lines: readonly Line[]): Column[] => {
  const severe = (row: number): boolean => ['critical', 'high'].includes(lines[row]?.first.severity ?? '')
  return [
    { least: 6, share: 0, paint: (text) => colors.cyan(text) },
    { least: 25, share: 4, paint: (text, row) => (severe(row) ? colors.bold(text) : text) },
    { least: 14, share: 3 },
    { least: 10, share: 2, paint: (text) => colors.dim(text) },
    { least: 7, share: 1, paint: (text) => colors.magenta(text) },
  ]
}

/** Id, what, whom, where it is mended (or by what the lines are put together), who owns it. */
function rowOf({ id, group, findings }: Line, { worlds }: Report, by: Grouping): Cell[] {
  const [{ place } = {}, ...others] = findings
  const line = place && others.length === 0 ? [`${place.file}:${place.line}`] : []
  const where = by === 'cause' ? [...line, group, shortPlace(group)] : [group]
  const row = [[id], whatCell(findings), whomCell(findings, worlds.length > 1), where]
  return by === 'owner' ? row : [...row, ownersCell(findings)]
}

/** How many rows of what was not read are listed where nobody asked for all. */
const fewRows = 4

function listed(
  colors: Colors,
  title: string,
  rows: readonly ReportUnread[],
  several: boolean,
  options: TerminalOptions,
): string {
  if (rows.length === 0) return ''
  const most = options.advice ? options.top : fewRows
  const texts = rows.slice(0, most).map(({ world, hazard, what, because, count: n }) => {
    const more = n > 1 ? ` and ${n - 1} more` : ''
    const where = several && world !== '' && !what.startsWith(world) ? `${world}: ` : ''
    return `  ${where}${what}${more}${hazard ? ` (${hazard})` : ''}: ${because}`
  })
  const more = rows.length - most
  return [
    `${colors.yellow(colors.bold(title))}  ${colors.dim('(nothing can be said of it)')}`,
    ...texts.map((text) => cut(text, Math.max(options.columns, 200))),
    ...(more > 0 ? [colors.dim(`  … and ${more} more: -o json has all`)] : []),
  ].join('\n')
}

/** How many findings do not count, and what of that does not hold or ends soon. */
function aside(colors: Colors, { setAside, notices }: Report, options: TerminalOptions): string {
  const most = options.advice ? options.top : fewRows
  const texts = noticeTexts(notices).map((text) => cut(text, Math.max(options.columns, 200)))
  const more = texts.length - most
  return [
    setAsideText(setAside),
    ...texts.slice(0, most).map((text) => `${colors.yellow('Note:')} ${text}`),
    ...(more > 0 ? [colors.dim(`… and ${count(more, 'more note')}: -o json has all`)] : []),
  ]
    .filter((line) => line !== '')
    .join('\n')
}

/** How many sorts of files that were passed over are named. */
const fewSorts = 3

/** What was passed over, and how it can be scanned all the same; nothing of what is for no tool that is known. */
function passedOverLine(colors: Colors, { foreign }: Report, { columns }: TerminalOptions): string {
  if (foreign.length === 0) return ''
  const texts = foreign.slice(0, fewSorts).map(({ what, count: n, example, command }) => {
    const how = command === undefined ? '' : `: ${command}`
    return `${what} ${example} (${count(n, 'file')}${how})`
  })
  const more = foreign.length - fewSorts
  const all = [...texts, ...(more > 0 ? [`${count(more, 'more sort')}: -o json has all`] : [])].join(', ')
  return colors.dim(cut(`Passed over: ${all}`, Math.max(columns, 200)))
}

/** What is only counted, that nothing is wrong if nothing is, and what to type next. */
function foot(colors: Colors, lines: readonly Line[], { unread, setAside }: Report, options: TerminalOptions): string {
  const advice = lines.filter(({ tier }) => tier === 'advice')
  const pieces = advice.reduce((sum, { findings }) => sum + findings.length, 0)
  const judged = unread.filter(({ hazard }) => hazard !== undefined)
  const unknown = judged.reduce((sum, { count: n }) => sum + n, 0)
  const worst = lines.find(({ tier }) => tier === 'broken') ?? lines.find(({ tier }) => tier === 'will-break')
  const seen = `${unread.length > 0 ? ' of what was seen' : ''}${setAside.length > 0 ? ' that counts' : ''}`
  const counted = pieces > 0 && !options.advice ? `${count(pieces, 'piece')} of advice` : ''
  const unjudged = unknown > 0 && !options.advice ? `${count(unknown, 'object')} not judged: ${judged[0]?.because}` : ''
  const next = worst ?? (options.advice ? advice[0] : undefined)
  return [
    ...(worst ? [] : [`Nothing${seen} is broken, and nothing is sure to break.`]),
    ...(counted === ''
      ? []
      : [`${counted}  ${colors.dim(options.next ? `list: ${options.next.all}` : '--advice lists them')}`]),
    ...(unjudged === '' ? [] : [cut(unjudged, Math.max(options.columns, 200))]),
    ...(next && options.next ? [`${colors.dim('Next:')} ${options.next.why(next.id)}`] : []),
  ].join('\n')
}
