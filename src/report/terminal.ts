import { createColors } from 'picocolors'
import type { Report, ReportFinding, ReportPlace, ReportUnread } from './schema.ts'

type Colors = ReturnType<typeof createColors>

/** The report for people: what is happening first, with its evidence; then what could; then what was not seen. */
export function terminalReport(report: Report, options: { readonly color: boolean }): string {
  const colors = createColors(options.color)
  const occurring = report.findings.filter(({ state }) => state === 'occurring')
  const exposed = report.findings.filter(({ state }) => state === 'exposed')
  const parts = [
    section(colors, 'OCCURRING', 'it hurts now', occurring, (finding) => details(colors, finding)),
    section(colors, 'EXPOSED', 'it can happen', exposed, (finding) => brief(colors, finding)),
    unreadSection(colors, report.unread),
    summary(colors, report),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function section(
  colors: Colors,
  title: string,
  meaning: string,
  findings: readonly ReportFinding[],
  show: (finding: ReportFinding) => string[],
): string {
  if (findings.length === 0) return ''
  const heading = `${colors.bold(title)} ${colors.dim(`(${meaning})`)}`
  return [heading, ...findings.flatMap((finding) => ['', ...show(finding)])].join('\n')
}

const paint = (colors: Colors, { severity }: ReportFinding): string => {
  const text = severity.padEnd(8)
  if (severity === 'critical') return colors.bold(colors.red(text))
  if (severity === 'high') return colors.red(text)
  return severity === 'medium' ? colors.yellow(text) : colors.dim(text)
}

const placeText = ({ file, line, column }: ReportPlace): string => `${file}:${line}:${column}`

function heading(colors: Colors, finding: ReportFinding): string[] {
  const { kind, namespace, name, world } = finding.subject
  const object = `${kind} ${namespace ? `${namespace}/` : ''}${name}`
  const marks = [finding.certain ? 'certain' : '', finding.guess ? 'a guess' : ''].filter((mark) => mark !== '')
  const reason = `${finding.hazard}/${finding.reason}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}`
  return [
    `  ${paint(colors, finding)}  ${colors.bold(object)}  ${colors.cyan(reason)}`,
    `            ${colors.dim(finding.place ? placeText(finding.place) : world)}`,
    `            ${finding.fact}`,
  ]
}

/** Rows of name and value, aligned; a row without a value is left out. */
function rows(colors: Colors, entries: readonly (readonly [string, string | undefined])[]): string[] {
  const shown = entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `              ${colors.dim(name.padEnd(width))}  ${value}`)
}

function details(colors: Colors, finding: ReportFinding): string[] {
  const evidence = finding.evidence.map(({ name, value, place, read }) => {
    const from = place && placeText(place) !== (finding.place && placeText(finding.place)) ? placeText(place) : read
    return [name, `${valueText(value)}${from ? colors.dim(`  ${from}`) : ''}`] as const
  })
  const steps = finding.remedy.map(({ text, why }, place) => {
    const label = place === 0 ? 'cure' : 'or'
    return [label, text === why ? why : `${colors.green(text)}  ${colors.dim(why)}`] as const
  })
  return [
    ...heading(colors, finding),
    ...rows(colors, [
      ...evidence,
      ...steps,
      ['owner', finding.owner],
      ['change it in', finding.fixAt],
      ['fixed in', finding.fixedIn],
    ]),
  ]
}

function brief(colors: Colors, finding: ReportFinding): string[] {
  return [
    ...heading(colors, finding),
    ...rows(colors, [
      ['cure', finding.remedy[0]?.text ?? finding.fix],
      ['owner', finding.owner],
      ['change it in', finding.fixAt],
    ]),
  ]
}

const valueText = (value: unknown): string =>
  value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)

function unreadSection(colors: Colors, unread: readonly ReportUnread[]): string {
  if (unread.length === 0) return ''
  const lines = unread.map(({ world, hazard, what, because, count }) => {
    const more = count > 1 ? ` and ${count - 1} more` : ''
    const where = [world, hazard].filter((part) => part).join(', ')
    return `  ${where ? `${where}: ` : ''}${what}${more}\n            ${because}`
  })
  return [colors.bold(colors.yellow('NOT SEEN')) + colors.dim(' (nothing can be said of it)'), '', ...lines].join('\n')
}

function summary(colors: Colors, { summary: sum, worlds, at, passedOver, absent }: Report): string {
  const counted = (count: number, name: string): string => `${count} ${name}`
  const found = [
    counted(sum.occurring, 'occurring'),
    `${counted(sum.exposed, 'exposed')}${sum.certain > 0 ? ` (${sum.certain} certain)` : ''}`,
    ...(sum.unread > 0 ? [counted(sum.unread, 'not seen')] : []),
  ]
  const where = worlds.map(({ name, version }) => `${name}${version ? ` ${version}` : ''}`).join(', ')
  const notes = [
    ...(passedOver > 0 ? [`${passedOver} documents passed over: they are no Kubernetes objects`] : []),
    ...absent.map(({ world, kind, because }) => `${world}: no ${kind} there: ${because}`),
  ]
  return [
    `${colors.bold(found.join(', '))} in ${sum.judged} objects${where ? ` of ${where}` : ''}, as of ${at.replace('.000Z', 'Z')}`,
    ...notes.map((note) => colors.dim(note)),
  ].join('\n')
}
