import { createHash } from 'node:crypto'
import type { Evidence, Finding, Path, Severity, Source, Step, Subject, Version } from '../contract/hazard.ts'
import type { Broken } from '../contract/world.ts'
import { stepText } from '../engine/act.ts'
import type { Judged, Look } from '../engine/look.ts'
import { subjectKey } from '../engine/subjects.ts'
import { versionText } from '../objects/version.ts'
import type { Report, ReportFinding, ReportPlace, ReportSubject, ReportUnread } from './schema.ts'

/** One place that was looked at, or could not be. */
export interface Looked {
  readonly name: string
  readonly version?: Version
  readonly look?: Look
  readonly because?: string
}

export interface ReportInput {
  readonly toolVersion: string
  /** ms UTC. */
  readonly at: number
  readonly timeZoneData: string
  readonly hazards: readonly string[]
  readonly looked: readonly Looked[]
  /** What could not even be assigned to a world: inputs that do not exist, broken documents. */
  readonly broken: readonly Broken[]
  readonly passedOver: number
  readonly failOn: Severity
  /** Line and column of a field of an object in a file; undefined if the file can't be read again. */
  readonly placeOf: (
    file: string,
    source: Extract<Source, { file: string }>,
    path: Path,
  ) => Promise<ReportPlace | undefined>
}

const severities: readonly Severity[] = ['low', 'medium', 'high', 'critical']

/** Makes the report of a scan; the only async part is finding places in files, for findings only. */
export async function buildReport(input: ReportInput): Promise<Report> {
  const findings: ReportFinding[] = []
  for (const { name, look } of input.looked) {
    for (const [judged, finding] of worst(look?.judged ?? [])) {
      findings.push(await reportFinding(name, judged, finding, input.placeOf))
    }
  }
  findings.sort(byWeight)
  const unread = [...input.broken.map((broken) => brokenRow('', broken)), ...input.looked.flatMap(unreadOf)]
  const summary = summaryOf(findings, unread, input.looked)
  return {
    schemaVersion: 1,
    tool: { name: 'roadcrew', version: input.toolVersion },
    at: new Date(input.at).toISOString(),
    timeZoneData: input.timeZoneData,
    worlds: input.looked.map(({ name, version, look }) => ({
      name,
      ...(version && { version: versionText(version) }),
      looked: look !== undefined,
    })),
    hazards: [...input.hazards],
    findings,
    unread,
    absent: input.looked.flatMap(({ name, look }) =>
      (look?.missing ?? [])
        .filter(({ how }) => how === 'absent')
        .map(({ kind, because }) => ({ world: name, kind, because })),
    ),
    passedOver: input.passedOver,
    summary: { ...summary, exitCode: exitCode(findings, unread, input.failOn) },
  }
}

/**
 * 2 where could not be looked everywhere (whatever was found: the others' findings must not hide it), else 1 if a
 * finding is at or over `failOn`, else 0.
 */
export function exitCode(
  findings: readonly { readonly severity: Severity }[],
  unread: readonly unknown[],
  failOn: Severity,
): 0 | 1 | 2 {
  if (unread.length > 0) return 2
  const from = severities.indexOf(failOn)
  return findings.some(({ severity }) => severities.indexOf(severity) >= from) ? 1 : 0
}

/** Findings, without those that are exposed to what the same object already suffers. */
function worst(judged: readonly Judged[]): [Judged, Finding][] {
  const all = judged.flatMap((one) =>
    one.verdict.verdict === 'found' ? one.verdict.findings.map((finding): [Judged, Finding] => [one, finding]) : [],
  )
  const key = ([one, { reason }]: [Judged, Finding]) => `${one.hazard.id} ${reason} ${subjectKey(one.subject)}`
  const occurring = new Set(all.filter(([, { state }]) => state === 'occurring').map(key))
  return all.filter((entry) => entry[1].state === 'occurring' || !occurring.has(key(entry)))
}

const byWeight = (a: ReportFinding, b: ReportFinding): number =>
  Number(b.state === 'occurring') - Number(a.state === 'occurring') ||
  severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
  Number(b.certain) - Number(a.certain) ||
  compare(a.hazard, b.hazard) ||
  compare(a.reason, b.reason) ||
  compare(a.subject.world, b.subject.world) ||
  compare(a.subject.namespace ?? '', b.subject.namespace ?? '') ||
  compare(a.subject.name, b.subject.name)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

async function reportFinding(
  world: string,
  { hazard, subject, origin }: Judged,
  finding: Finding,
  placeOf: ReportInput['placeOf'],
): Promise<ReportFinding> {
  const reason = hazard.reasons[finding.reason]
  if (!reason) throw new Error(`hazard ${hazard.id} gave the reason ${finding.reason}, which it does not declare`)
  const evidence = await Promise.all(finding.evidence.map((one) => reportEvidence(world, one, placeOf)))
  const place = evidence[0]?.place
  return {
    id: idOf(world, hazard.id, finding.reason, subject),
    hazard: hazard.id,
    reason: finding.reason,
    title: reason.title,
    state: finding.state,
    certain: finding.certain === true,
    guess: finding.guess === true,
    severity: finding.severity ?? hazard.severity,
    subject: reportSubject(world, subject),
    ...(place && { place }),
    ...(origin.owner && { owner: origin.owner }),
    ...(origin.fixAt && { fixAt: origin.fixAt }),
    fact: finding.fact,
    why: reason.why,
    fix: reason.fix,
    ...(reason.fixedIn && { fixedIn: reason.fixedIn }),
    evidence,
    remedy: finding.remedy.map((step) => reportStep(world, step)),
  }
}

/** Does not hold lines or uids, so that it stays the same when a file is edited or an object is made anew. */
function idOf(world: string, hazard: string, reason: string, { kind, namespace, name }: Subject): string {
  const parts = [world, hazard, reason, kind, namespace ?? '', name]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 10)
}

const reportSubject = (world: string, { kind, namespace, name, uid }: Subject): ReportSubject => ({
  world,
  kind,
  ...(namespace !== undefined && { namespace }),
  name,
  ...(uid !== undefined && { uid }),
})

async function reportEvidence(
  world: string,
  { name, value, at }: Evidence,
  placeOf: ReportInput['placeOf'],
): Promise<ReportFinding['evidence'][number]> {
  const json = value as ReportFinding['evidence'][number]['value']
  if ('read' in at) return { name, value: json, read: at.read }
  const { source } = at.subject
  const place = 'file' in source ? await placeOf(source.file, source, at.field) : undefined
  return { name, value: json, subject: reportSubject(world, at.subject), field: [...at.field], ...(place && { place }) }
}

function reportStep(world: string, step: Step): ReportFinding['remedy'][number] {
  type Changes = NonNullable<ReportFinding['remedy'][number]['changes']>
  return {
    do: step.do,
    ...(step.name && { name: step.name }),
    why: step.why,
    text: stepText(step),
    ...('target' in step && { target: reportSubject(world, step.target) }),
    ...(step.do === 'edit' && {
      changes: step.changes.map(({ path, before, after }) => ({ path: [...path], before, after })) as Changes,
    }),
    ...(step.do === 'advise' && step.command && { command: step.command }),
  }
}

const brokenRow = (world: string, { place, because }: Broken): ReportUnread => ({
  world,
  what: place,
  because,
  count: 1,
})

/** Whatever could not be looked at in one world; the same reason for many objects is one row. */
function unreadOf({ name, look, because }: Looked): ReportUnread[] {
  if (!look) return [{ world: name, what: 'everything in it', because: because ?? 'it could not be reached', count: 1 }]
  const kinds = look.missing.filter(({ how }) => how === 'unread')
  // That a kind can't be read is told once, not again for every object that is judged among its objects.
  const told = (because: string): boolean => kinds.some((kind) => because.includes(kind.because))
  const rows = new Map<string, ReportUnread>()
  for (const { hazard, subject, verdict } of look.judged) {
    if (verdict.verdict !== 'unknown' || subject.name === '*' || told(verdict.because)) continue
    const key = `${hazard.id} ${verdict.because}`
    const row = rows.get(key)
    const what = row ? row.what : `${subject.kind} ${subject.namespace ? `${subject.namespace}/` : ''}${subject.name}`
    rows.set(key, { world: name, hazard: hazard.id, what, because: verdict.because, count: (row?.count ?? 0) + 1 })
  }
  return [
    ...kinds.map(({ kind, because: why }) => ({ world: name, what: `all of kind ${kind}`, because: why, count: 1 })),
    ...rows.values(),
    ...look.broken.map((broken) => brokenRow(name, broken)),
  ]
}

function summaryOf(
  findings: readonly ReportFinding[],
  unread: readonly ReportUnread[],
  looked: readonly Looked[],
): Omit<Report['summary'], 'exitCode'> {
  const count = (test: (finding: ReportFinding) => boolean): number => findings.filter(test).length
  const subjects = looked.flatMap(({ look }) => look?.judged ?? []).map(({ subject }) => subjectKey(subject))
  return {
    occurring: count(({ state }) => state === 'occurring'),
    exposed: count(({ state }) => state === 'exposed'),
    certain: count(({ certain }) => certain),
    bySeverity: {
      low: count(({ severity }) => severity === 'low'),
      medium: count(({ severity }) => severity === 'medium'),
      high: count(({ severity }) => severity === 'high'),
      critical: count(({ severity }) => severity === 'critical'),
    },
    judged: new Set(subjects).size,
    unread: unread.reduce((sum, row) => sum + row.count, 0),
  }
}
