import { createColors } from 'picocolors'
import type { Report, ReportFinding, ReportPlace, ReportUnread } from './schema.ts'
import { mostColumns, wrap } from './wrap.ts'

type Colors = ReturnType<typeof createColors>

/** The report for people: what is happening first, with its evidence; then what could; then what was not seen. */
export function terminalReport(report: Report, options: { readonly color: boolean }): string {
  const colors = createColors(options.color)
  const occurring = report.findings.filter(({ state }) => state === 'occurring')
  const exposed = report.findings.filter(({ state, severity }) => state === 'exposed' && severity !== 'low')
  const advice = report.findings.filter(({ state, severity }) => state === 'exposed' && severity === 'low')
  const parts = [
    section(colors, 'OCCURRING', 'it hurts now', occurring, (finding) => details(colors, finding)),
    section(colors, 'EXPOSED', 'it can happen', exposed, (finding) => brief(colors, finding)),
    adviceSection(colors, advice),
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
    `${indent}${colors.dim(finding.place ? placeText(finding.place) : world)}`,
    ...wrap(finding.fact, mostColumns - indent.length).map((line) => `${indent}${line}`),
  ]
}

const indent = ' '.repeat(12)

interface Row {
  readonly name: string
  readonly value: string | undefined
  readonly paint?: (text: string) => string
  /** Shown dimmed: behind the value if the line is long enough for both, else below it. */
  readonly note?: string | undefined
  /** To be copied, so it stays on one line. */
  readonly whole?: true
}

/** Rows of name and value, aligned and wrapped; a row without a value is left out. */
function rows(colors: Colors, entries: readonly Row[]): string[] {
  const shown = entries.filter(({ value }) => value !== undefined)
  const width = Math.max(0, ...shown.map(({ name }) => name.length))
  const columns = mostColumns - indent.length - width - 4
  return shown.flatMap(({ name, value = '', paint = String, note, whole }) => {
    const lines = whole ? [value] : wrap(value, columns)
    const beside = note !== undefined && lines.length === 1 && value.length + note.length + 2 <= columns
    const notes = note === undefined || beside ? [] : wrap(note, columns)
    const texts = [...lines.map((line) => paint(line)), ...notes.map((line) => colors.dim(line))]
    if (beside) texts[0] = `${texts[0]}  ${colors.dim(note)}`
    return texts.map((text, place) => {
      const label = place === 0 ? colors.dim(name.padEnd(width)) : ' '.repeat(width)
      return `${indent}  ${label}  ${text}`
    })
  })
}

function details(colors: Colors, finding: ReportFinding): string[] {
  const own = finding.place && placeText(finding.place)
  const evidence = finding.evidence.map(({ name, value, place, read }): Row => {
    const from = place && placeText(place) !== own ? placeText(place) : read
    return { name, value: valueText(value), note: from }
  })
  const steps = finding.remedy.map(
    ({ text, why, do: kind }, place): Row => ({
      name: place === 0 ? 'cure' : 'or',
      value: text,
      paint: colors.green,
      ...(text !== why && { note: why, ...(kind === 'advise' && { whole: true as const }) }),
    }),
  )
  const fixedIn: Row = { name: 'fixed in', value: finding.fixedIn }
  return [...heading(colors, finding), ...rows(colors, [...evidence, ...steps, ...origin(finding), fixedIn])]
}

function brief(colors: Colors, finding: ReportFinding): string[] {
  const cure: Row = { name: 'cure', value: finding.remedy[0]?.text ?? finding.fix, paint: colors.green }
  return [...heading(colors, finding), ...rows(colors, [cure, ...origin(finding)])]
}

const origin = (finding: ReportFinding): Row[] => [
  { name: 'owner', value: finding.owner },
  { name: 'change it in', value: finding.fixAt },
]

/** A fleet has hundreds of these: told by reason, so that they hide nothing. */
function adviceSection(colors: Colors, findings: readonly ReportFinding[]): string {
  if (findings.length === 0) return ''
  const reasonOf = ({ hazard, reason }: ReportFinding): string => `${hazard}/${reason}`
  const reasons = [...new Set(findings.map(reasonOf))]
  const width = Math.max(...reasons.map((reason) => reason.length))
  const lines = reasons.map((reason) => {
    const same = findings.filter((finding) => reasonOf(finding) === reason)
    return `  ${String(same.length).padStart(5)}  ${colors.cyan(reason.padEnd(width))}  ${same[0]?.title ?? ''}`
  })
  return [`${colors.bold('ADVICE')} ${colors.dim('(severity low; -o json has every one)')}`, '', ...lines].join('\n')
}

const valueText = (value: unknown): string =>
  value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)

function unreadSection(colors: Colors, unread: readonly ReportUnread[]): string {
  if (unread.length === 0) return ''
  const lines = unread.map(({ world, hazard, what, because, count }) => {
    const more = count > 1 ? ` and ${count - 1} more` : ''
    // A file's own name says already where it is.
    const where = [what.startsWith(world) ? '' : world, hazard].filter((part) => part).join(', ')
    return `  ${where ? `${where}: ` : ''}${what}${more}\n${wrap(because, mostColumns - indent.length)
      .map((line) => `${indent}${line}`)
      .join('\n')}`
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
    ...absent.map(({ world, kind, because }) => `${world}: ${kind}: ${because}`),
  ]
  return [
    `${colors.bold(found.join(', '))} in ${sum.judged} ${sum.judged === 1 ? 'object' : 'objects'}${where ? ` of ${where}` : ''}, as of ${at.replace('.000Z', 'Z')}`,
    ...notes.map((note) => colors.dim(note)),
  ].join('\n')
}
