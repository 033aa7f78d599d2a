// One finding, or what is known of one object, with all its evidence: what `roadcrew why` shows.
import { createColors } from 'picocolors'
import type { ReportFinding, ReportPlace, SetAside } from './schema.ts'
import { asideText } from './set-aside.ts'
import { mostColumns, wrap } from './wrap.ts'

type Colors = ReturnType<typeof createColors>

/** Two spaces, and what stands below a heading. */
const indent = '  '

/** A place as compilers write it, `file:line:column`. */
export const placeText = ({ file, line, column }: ReportPlace): string => `${file}:${line}:${column}`

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
function rowsText(colors: Colors, entries: readonly Row[], width: number): string[] {
  const shown = entries.filter(({ value }) => value !== undefined)
  const label = Math.max(0, ...shown.map(({ name }) => name.length))
  const columns = Math.max(20, Math.min(width, mostColumns) - 2 * indent.length - label - 2)
  return shown.flatMap(({ name, value = '', paint = String, note, whole }) => {
    const lines = whole ? [value] : wrap(value, columns)
    const beside = note !== undefined && lines.length === 1 && value.length + note.length + 2 <= columns
    const notes = note === undefined || beside ? [] : wrap(note, columns)
    const texts = [...lines.map((line) => paint(line)), ...notes.map((line) => colors.dim(line))]
    if (beside) texts[0] = `${texts[0]}  ${colors.dim(note)}`
    return texts.map((text, place) => {
      const head = place === 0 ? colors.dim(name.padEnd(label)) : ' '.repeat(label)
      return `${indent}${indent}${head}  ${text}`
    })
  })
}

/** The value of a piece of evidence on one line. */
export const valueText = (value: unknown): string =>
  value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)

/** An object in one line: `CronJob jobs/report`. */
export const objectText = ({ kind, namespace, pod, name }: ReportFinding['subject']): string =>
  `${kind} ${[namespace, pod, name].filter((part) => part).join('/')}`

const paintSeverity = (colors: Colors, { severity }: ReportFinding): string => {
  if (severity === 'critical') return colors.bold(colors.red(severity))
  if (severity === 'high') return colors.red(severity)
  return severity === 'medium' ? colors.yellow(severity) : colors.dim(severity)
}

/** What a finding's tier means, in two words. */
export const tierText = { broken: 'broken now', 'will-break': 'will break', advice: 'advice' } as const

/** A finding with all its evidence, its steps, and who can mend it where. */
export function findingText(finding: ReportFinding | SetAside, options: { color: boolean; columns: number }): string[] {
  const colors = createColors(options.color)
  const { subject, certain, lately, guess, place } = finding
  const marks = [tierText[finding.tier], certain && 'certain', lately && 'happened lately', guess && 'a guess'].filter(
    Boolean,
  )
  const where = place ? `${placeText(place)} (${subject.world})` : subject.world
  return [
    `${indent}${colors.bold(objectText(subject))}  ${colors.cyan(`${finding.hazard}/${finding.reason}`)}  ${paintSeverity(colors, finding)}, ${marks.join(', ')}  ${colors.dim(finding.id)}`,
    ...wrap(finding.fact, Math.min(options.columns, mostColumns) - 2 * indent.length).map(
      (line) => `${indent}${indent}${line}`,
    ),
    ...rowsText(
      colors,
      [
        { name: 'where', value: where },
        ...evidenceRows(finding),
        ...stepRows(colors, finding),
        ...originRows(finding),
        ...('setAside' in finding ? [asideRow(finding)] : []),
      ],
      options.columns,
    ),
  ]
}

function evidenceRows(finding: ReportFinding): Row[] {
  const own = finding.place && placeText(finding.place)
  return finding.evidence.map(({ name, value, place, read }): Row => {
    const from = place && placeText(place) !== own ? placeText(place) : read
    return { name, value: valueText(value), note: from }
  })
}

const stepRows = (colors: Colors, { remedy }: ReportFinding): Row[] =>
  remedy.map(
    ({ text, why, do: kind }, place): Row => ({
      name: place === 0 ? 'cure' : 'or',
      value: text,
      paint: colors.green,
      ...(text !== why && { note: why, ...(kind === 'advise' && { whole: true as const }) }),
    }),
  )

const originRows = ({ owner, fixAt, chart }: ReportFinding): Row[] => [
  { name: 'owner', value: owner },
  { name: 'change it in', value: [chart && `chart ${chart}`, fixAt].filter(Boolean).join(', by ') || undefined },
]

const asideRow = ({ setAside }: SetAside): Row => ({ name: 'does not count', value: asideText(setAside) })

/** What is the same for all findings of a reason: why it hurts, what mends it, and since when Kubernetes does. */
export function reasonText(finding: ReportFinding, options: { color: boolean; columns: number }): string[] {
  const colors = createColors(options.color)
  return [
    colors.bold(finding.title),
    ...rowsText(
      colors,
      [
        { name: 'why', value: finding.why },
        { name: 'fix', value: finding.fix },
        { name: 'fixed in', value: finding.fixedIn },
      ],
      options.columns,
    ),
  ]
}
