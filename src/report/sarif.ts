// The report as SARIF 2.1.0, for code scanning and for whatever else collects results of tools.
import type { Location, Log, Notification, PhysicalLocation, ReportingDescriptor, Result, Suppression } from 'sarif'
import { objectText, placeText, valueText } from './details.ts'
import { count, foreignText, unreadText } from './line-cells.ts'
import { printable } from './printable.ts'
import type {
  Foreign,
  Notice,
  Report,
  ReportFinding,
  ReportPlace,
  ReportSubject,
  ReportUnread,
  SetAside,
} from './schema.ts'

const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

/** GitHub refuses a file with more; they are sorted, so that the least are left out. */
const mostResults = 25_000

/** Files are told relative to the folder in which the scan ran. */
const root = '%SRCROOT%'

type Level = 'error' | 'warning' | 'note'

/**
 * @param folder in which the scan ran, without a slash at its end: files below it are told relative to it.
 * @returns the SARIF log as JSON text, with a line feed at its end.
 */
export const sarifReport = (report: Report, folder: string): string =>
  `${JSON.stringify(sarifLog(report, folder), undefined, 2)}\n`

function sarifLog(report: Report, folder: string): Log {
  const all: readonly (ReportFinding | SetAside)[] = [...report.findings, ...report.setAside]
  const shown = all.slice(0, mostResults)
  const rules = rulesOf(shown)
  const places = new Map(rules.map(({ id }, index) => [id, index]))
  const numbers = new Map<string, number>()
  const marks = marksFor(report.setAside)
  const results = shown.map((finding): Result => {
    const number = (numbers.get(finding.id) ?? 0) + 1
    numbers.set(finding.id, number)
    return { ruleIndex: places.get(ruleId(finding)) ?? -1, ...resultOf(finding, number, folder), ...marks(finding) }
  })
  const { name: _, ...tool } = report.tool
  return {
    $schema: schema,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Roadcrew', ...tool, semanticVersion: tool.version, rules } },
        invocations: [
          {
            executionSuccessful: report.summary.exitCode !== 2,
            exitCode: report.summary.exitCode,
            toolExecutionNotifications: [
              ...report.unread.map(unreadNotification),
              ...report.foreign.map(foreignNotification),
              ...report.notices.map(noticeNotification),
              ...leftOut(all.length - shown.length),
            ],
          },
        ],
        originalUriBaseIds: { [root]: { description: { text: 'The folder in which the scan ran' } } },
        columnKind: 'utf16CodeUnits',
        results,
        properties: { at: report.at, worlds: report.worlds, hazards: report.hazards, summary: report.summary },
      },
    ],
  }
}

const ruleId = ({ hazard, reason }: ReportFinding): string => printable(`${hazard}/${reason}`)

/** Advice is a note whatever its severity; the rest is as severe as its hazard. */
export function sarifLevel({ tier, severity }: Pick<ReportFinding, 'tier' | 'severity'>): Level {
  if (tier === 'advice' || severity === 'low') return 'note'
  return severity === 'medium' ? 'warning' : 'error'
}

const levels: readonly Level[] = ['error', 'warning', 'note']

/** One rule for each reason that was found, in the order of the findings; its level is that of its worst finding. */
function rulesOf(findings: readonly ReportFinding[]): (ReportingDescriptor & { id: string })[] {
  const groups = new Map<string, ReportFinding[]>()
  for (const finding of findings) {
    const group = groups.get(ruleId(finding))
    if (group) group.push(finding)
    else groups.set(ruleId(finding), [finding])
  }
  return [...groups].flatMap(([id, group]) => {
    const [first] = group
    if (!first) return []
    const { title, why, fix, fixedIn, hazard, severity } = first
    const own = new Set(group.map(sarifLevel))
    const tags = new Set(['kubernetes', printable(hazard), ...group.map(({ tier }) => tier)])
    return [
      {
        id,
        shortDescription: { text: printable(title) },
        fullDescription: { text: printable(why) },
        help: {
          text: printable(`${fix}${fixedIn ? `\n\nFixed in Kubernetes ${fixedIn}` : ''}`),
          markdown: printable(
            `**Why it hurts:** ${why}\n\n**What mends it:** ${fix}${fixedIn ? `\n\n**Fixed in Kubernetes:** ${fixedIn}` : ''}`,
          ),
        },
        defaultConfiguration: { level: levels.find((level) => own.has(level)) ?? 'note' },
        properties: { tags: [...tags], severity },
      },
    ]
  })
}

type Marks = Pick<Result, 'suppressions' | 'baselineState'>

/** What SARIF wants at every result as soon as one has it: whether it is suppressed, and whether the baseline holds it. */
function marksFor(setAside: readonly SetAside[]): (finding: ReportFinding | SetAside) => Marks {
  const hasBaseline = setAside.some(({ setAside: { by } }) => by === 'baseline')
  return (finding) => {
    const aside = 'setAside' in finding ? finding.setAside : undefined
    return {
      ...(setAside.length > 0 && { suppressions: aside ? [suppressionOf(aside)] : [] }),
      ...(hasBaseline && { baselineState: aside?.by === 'baseline' ? 'unchanged' : 'new' }),
    }
  }
}

const suppressionOf = ({ by, where, reason, until }: SetAside['setAside']): Suppression => ({
  kind: by === 'annotation' ? 'inSource' : 'external',
  status: 'accepted',
  justification: printable([reason, `${by}: ${where}`, until && `until ${until}`].filter(Boolean).join('; ')),
})

/** @param number which of the findings with this id it is, from 1: one object may have the same fault twice. */
function resultOf(finding: ReportFinding, number: number, folder: string): Result {
  const { id, tier, severity, owner, fixAt, chart, partOf, certain, guess, remedy } = finding
  const cure = remedy[0] && `\n\nCure: ${remedy[0].text}`
  return {
    ruleId: ruleId(finding),
    level: sarifLevel(finding),
    message: { text: plain(`${objectText(finding.subject)}: ${finding.fact}${cure ?? ''}`) },
    locations: [locationOf(finding, folder)],
    relatedLocations: relatedOf(finding, folder),
    partialFingerprints: { 'roadcrew/v1': number === 1 ? id : `${id}/${number}` },
    properties: {
      ...{ tier, severity, certain, guess, cluster: printable(finding.subject.world) },
      ...(owner !== undefined && { owner: printable(owner) }),
      ...(fixAt !== undefined && { fixAt: printable(fixAt) }),
      ...(chart !== undefined && { chart: printable(chart) }),
      ...(partOf !== undefined && { partOf }),
    },
  }
}

/** A text in which readers of SARIF find no link and no place for an argument. */
const plain = (text: string): string =>
  printable(text)
    .replace(/\[(?=[^\]]*\]\()/g, '\\[')
    .replace(/\{(\d+)\}/g, '{{$1}}')

const primaryPlace = ({ place, evidence }: ReportFinding): ReportPlace | undefined =>
  place ?? evidence.find((one) => one.place)?.place

function locationOf(finding: ReportFinding, folder: string): Location {
  const place = primaryPlace(finding)
  return {
    ...(place && { physicalLocation: physical(place, folder) }),
    logicalLocations: [logical(finding.subject)],
  }
}

/** Evidence that stands elsewhere: at another place of the files, or about another object of the cluster. */
function relatedOf(finding: ReportFinding, folder: string): Location[] {
  const own = primaryPlace(finding)
  const ownName = logical(finding.subject).fullyQualifiedName
  const locations = finding.evidence.flatMap(({ name, value, place, subject }): Location[] => {
    const message = { text: plain(`${name}: ${valueText(value)}`) }
    const named = subject && [logical(subject)]
    if (place && own && placeText(place) === placeText(own)) return []
    if (place)
      return [{ message, physicalLocation: physical(place, folder), ...(named && { logicalLocations: named }) }]
    return named && named[0]?.fullyQualifiedName !== ownName ? [{ message, logicalLocations: named }] : []
  })
  return locations.map((location, index) => ({ id: index + 1, ...location }))
}

const logical = ({ world, namespace, kind, pod, name }: ReportSubject) => ({
  name: printable(name),
  fullyQualifiedName: printable([world, namespace, kind, pod, name].filter((part) => part !== undefined).join('/')),
  kind: 'resource',
})

function physical({ file, line, column }: ReportPlace, folder: string): PhysicalLocation {
  const own = file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file
  return {
    artifactLocation: own.startsWith('/') ? { uri: `file://${encoded(own)}` } : { uri: encoded(own), uriBaseId: root },
    region: { startLine: line, startColumn: column },
  }
}

/** The path of a URI reference. */
const encoded = (file: string): string => printable(file).split('/').map(encodeURIComponent).join('/')

const unreadNotification = (row: ReportUnread): Notification => ({
  level: 'error',
  message: { text: plain(`${unreadText(row, true)}: ${row.because}`) },
  ...(row.hazard !== undefined && { properties: { hazard: printable(row.hazard) } }),
})

const foreignNotification = (row: Foreign): Notification => ({
  level: 'note',
  message: { text: plain(`passed over: ${row.what}, ${foreignText(row)}`) },
})

const noticeNotification = ({ where, text }: Notice): Notification => ({
  level: 'warning',
  message: { text: plain(`${where}: ${text}`) },
})

const leftOut = (n: number): Notification[] =>
  n > 0 ? [{ level: 'warning', message: { text: `${count(n, 'result')} more: the JSON report has all` } }] : []
