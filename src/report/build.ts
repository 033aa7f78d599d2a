import { createHash } from 'node:crypto'
import type { Evidence, Finding, Path, Severity, Source, Step, Subject, Version } from '../contract/hazard.ts'
import type { Broken } from '../contract/world.ts'
import { stepText } from '../engine/act.ts'
import type { Judged, Look } from '../engine/look.ts'
import { subjectKey } from '../engine/subjects.ts'
import type { Origin } from '../objects/origin.ts'
import { versionText } from '../objects/version.ts'
import { causeId } from './lines.ts'
import type { Foreign, Report, ReportFinding, ReportPlace, ReportSubject, SetAside } from './schema.ts'
import { type Candidate, candidateOf, nothingAside, type Sift, type Sifted, scannedOf } from './sift.ts'
import { isAtLeast, type Tier, tierOf, tiers } from './tiers.ts'
import { brokenRow, unreadOf } from './unread.ts'

/** One place that was looked at, or could not be. */
export interface Looked {
  readonly name: string
  readonly version?: Version
  readonly look?: Look
  readonly because?: string
  /** It is no cluster and no export of one: the name is only that of what was given. */
  readonly loose?: true
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
  /** What was passed over, sort by sort. */
  readonly foreign?: readonly Foreign[]
  /** `nothing`: whatever is found. */
  readonly failOn: Tier | 'nothing'
  /** How long reading and judging took. */
  readonly ms: number
  readonly placeOf: PlaceOf
  /** Of which findings (by id) the places in files are looked up; of all: where much is found that takes long. */
  readonly withPlaces?: (id: string) => boolean
  /** Which findings do not count. */
  readonly sift?: Sift
}

const noPlace = (): Promise<undefined> => Promise.resolve(undefined)

/** Line and column of a field of an object in a file; undefined if the file can't be read again. */
export type PlaceOf = (
  file: string,
  source: Extract<Source, { file: string }>,
  path: Path,
) => Promise<ReportPlace | undefined>

const severities: readonly Severity[] = ['low', 'medium', 'high', 'critical']

/** Makes the report of a scan; the only async part is finding places in files, for findings only. */
export async function buildReport(input: ReportInput): Promise<Report> {
  const candidates: Candidate[] = []
  const { withPlaces = () => true, sift = nothingAside } = input
  for (const looked of input.looked) {
    const { name, look } = looked
    for (const [judged, finding] of worst(look?.judged ?? [])) {
      const id = findingId(name, judged.hazard.id, finding.reason, judged.subject)
      const placeOf = withPlaces(id) ? input.placeOf : noPlace
      candidates.push(candidateOf(await reportFinding(name, judged, finding, { id, placeOf }), judged, looked))
    }
  }
  candidates.sort((a, b) => byWeight(a.finding, b.finding))
  const unread = [...input.broken.map((broken) => brokenRow('', broken)), ...input.looked.flatMap(unreadOf)]
  const sifted = sift(candidates, scannedOf(input.looked, input.hazards, unread.length === 0))
  const { findings, setAside } = partsOf(candidates, sifted)
  tellParts(findings, input.looked)
  tellParts(setAside, input.looked)
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
    seconds: Math.round(input.ms) / 1000,
    findings,
    setAside,
    notices: [...sifted.notices],
    unread,
    absent: input.looked.flatMap(({ name, look }) =>
      (look?.missing ?? [])
        .filter(({ how }) => how === 'absent')
        .map(({ kind, because }) => ({ world: name, kind, because })),
    ),
    passedOver: input.passedOver,
    foreign: [...(input.foreign ?? [])],
    summary: { ...summary, setAside: setAside.length, exitCode: exitCode(findings, unread, input.failOn) },
  }
}

/**
 * 2 where could not be looked everywhere (whatever was found: the others' findings must not hide it), else 1 if a
 * finding is of the tier `failOn` or one before it, else 0. Only findings that count are given.
 */
export function exitCode(
  findings: readonly { readonly tier: Tier }[],
  unread: readonly unknown[],
  failOn: Tier | 'nothing',
): 0 | 1 | 2 {
  if (unread.length > 0) return 2
  if (failOn === 'nothing') return 0
  return findings.some(({ tier }) => isAtLeast(tier, failOn)) ? 1 : 0
}

/** Those that count, and those that do not. */
function partsOf(
  candidates: readonly Candidate[],
  { asides }: Sifted,
): { readonly findings: ReportFinding[]; readonly setAside: SetAside[] } {
  const findings: ReportFinding[] = []
  const setAside: SetAside[] = []
  for (const [place, { finding }] of candidates.entries()) {
    const aside = asides[place]
    if (aside) setAside.push({ ...finding, setAside: aside })
    else findings.push(finding)
  }
  return { findings, setAside }
}

/** Findings, without those that say less of what another one says of the same object: that it could, where it does. */
function worst(judged: readonly Judged[]): [Judged, Finding][] {
  const best = new Map<string, [Judged, Finding][]>()
  for (const one of judged) {
    for (const finding of one.verdict.verdict === 'found' ? one.verdict.findings : []) {
      const key = `${one.hazard.id} ${finding.reason} ${subjectKey(one.subject)}`
      const before = best.get(key)
      const rank = before?.[0] ? weight(finding) - weight(before[0][1]) : 1
      if (rank > 0) best.set(key, [[one, finding]])
      else if (rank === 0) before?.push([one, finding])
    }
  }
  return [...best.values()].flat()
}

const weight = ({ state, lately }: Finding): number => (state === 'occurring' ? 2 : lately ? 1 : 0)

/** Marks findings that say what could happen to an object to which it is happening. */
function tellParts(findings: ReportFinding[], looked: readonly Looked[]): void {
  const reasons = new Map(
    looked.flatMap(({ look }) => look?.judged ?? []).map(({ hazard }) => [hazard.id, hazard.reasons]),
  )
  const keyOf = ({ hazard, subject: s }: ReportFinding, reason: string | undefined): string =>
    JSON.stringify([hazard, reason, s.world, s.kind, s.namespace, s.name])
  const happening = new Map(
    findings.filter(({ tier }) => tier === 'broken').map((finding) => [keyOf(finding, finding.reason), finding.id]),
  )
  for (const finding of findings) {
    const leadsTo = reasons.get(finding.hazard)?.[finding.reason]?.leadsTo
    const id = leadsTo && happening.get(keyOf(finding, leadsTo))
    if (id && finding.tier !== 'broken') finding.partOf = id
  }
}

const byWeight = (a: ReportFinding, b: ReportFinding): number =>
  tiers.indexOf(a.tier) - tiers.indexOf(b.tier) ||
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
  { id, placeOf }: { readonly id: string; readonly placeOf: PlaceOf },
): Promise<ReportFinding> {
  const reason = hazard.reasons[finding.reason]
  if (!reason) throw new Error(`hazard ${hazard.id} gave the reason ${finding.reason}, which it does not declare`)
  const evidence = await Promise.all(finding.evidence.map((one) => reportEvidence(world, one, placeOf)))
  const place = evidence[0]?.place
  const fixingPlace = fixingPlaceOf(world, subject, origin)
  return {
    id,
    cause: causeId(hazard.id, finding.reason, fixingPlace),
    hazard: hazard.id,
    reason: finding.reason,
    title: reason.title,
    tier: tierOf(finding),
    state: finding.state,
    certain: finding.certain === true,
    lately: finding.lately === true,
    guess: finding.guess === true,
    severity: finding.severity ?? hazard.severity,
    subject: reportSubject(world, subject),
    ...(place && { place }),
    ...(origin.owner && { owner: origin.owner }),
    ...(origin.fixAt && { fixAt: origin.fixAt }),
    ...(origin.chart && { chart: origin.chart }),
    fixingPlace,
    fact: finding.fact,
    why: reason.why,
    fix: reason.fix,
    ...(reason.fixedIn && { fixedIn: reason.fixedIn }),
    evidence,
    remedy: finding.remedy.map((step) => reportStep(world, step)),
  }
}

/**
 * Where one change mends all that have the same cause: the chart; what applies the object; the file; for a live object that
 * nothing keeps, its namespace.
 */
function fixingPlaceOf(world: string, { source, namespace, uid }: Subject, { chart, fixAt }: Origin): string {
  if (chart) return `chart ${chart}`
  if (fixAt) return fixAt
  const live = uid !== undefined || !('file' in source)
  return live ? `${world}/${namespace ?? ''}` : source.file
}

/** Does not hold lines or uids, so that it stays the same when a file is edited or an object is made anew. */
export function findingId(
  world: string,
  hazard: string,
  reason: string,
  { kind, namespace, pod, name }: Subject,
): string {
  const parts = [world, hazard, reason, kind, namespace ?? '', ...(pod === undefined ? [] : [pod]), name]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 10)
}

const reportSubject = (world: string, { kind, namespace, pod, name, uid }: Subject): ReportSubject => ({
  world,
  kind,
  ...(namespace !== undefined && { namespace }),
  ...(pod !== undefined && { pod }),
  name,
  ...(uid !== undefined && { uid }),
})

async function reportEvidence(
  world: string,
  { name, value, at }: Evidence,
  placeOf: PlaceOf,
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

function summaryOf(
  findings: readonly ReportFinding[],
  unread: readonly { readonly count: number }[],
  looked: readonly Looked[],
): Omit<Report['summary'], 'exitCode' | 'setAside'> {
  const count = (test: (finding: ReportFinding) => boolean): number => findings.filter(test).length
  const subjects = looked.flatMap(({ look }) => look?.judged ?? []).map(({ subject }) => subjectKey(subject))
  return {
    broken: count(({ tier }) => tier === 'broken'),
    willBreak: count(({ tier }) => tier === 'will-break'),
    advice: count(({ tier }) => tier === 'advice'),
    bySeverity: {
      low: count(({ severity }) => severity === 'low'),
      medium: count(({ severity }) => severity === 'medium'),
      high: count(({ severity }) => severity === 'high'),
      critical: count(({ severity }) => severity === 'critical'),
    },
    objects: looked.reduce((sum, { look }) => sum + (look?.objects ?? 0), 0),
    judged: new Set(subjects).size,
    unread: unread.reduce((sum, row) => sum + row.count, 0),
  }
}
