import { Command } from 'commander'
import { createColors } from 'picocolors'
import { subjectText } from '../engine/subjects.ts'
import { buildReport } from '../report/build.ts'
import { findingText, objectText, reasonText } from '../report/details.ts'
import { jsonReport } from '../report/json.ts'
import { findingsOf } from '../report/lines.ts'
import type { Report, ReportFinding, SetAside } from '../report/schema.ts'
import type { Sift } from '../report/sift.ts'
import { type AdoptOptions, withAdoptOptions } from './adopt-options.ts'
import { type Adoption, adoptionOf } from './adoption.ts'
import { type Io, UsageError, wantsColor } from './io.ts'
import { type Around, lookAround } from './look-around.ts'
import { type LookOptions, none, withLookOptions } from './scan-options.ts'

interface WhyOptions extends LookOptions, AdoptOptions {
  readonly output: 'terminal' | 'json'
}

/** `roadcrew why <id | kind/name>`: everything about one line of a report, or one object. */
export function whyCommand(io: Io, done: (exitCode: number) => void): Command {
  const command = new Command('why')
    .description('show one line of a scan, or one object, with all its evidence and its cure')
    .argument('<id|kind/name>', 'the id of a line or a finding, or an object as kubectl names it')
    .argument('[paths...]', 'what to look at, as for scan')
    .option('-o, --output <format>', 'terminal or json', 'terminal')
  return withAdoptOptions(withLookOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  roadcrew why 3f9a1c                              a line of a scan of the current cluster
  roadcrew why deployment/web -n shop              all about one object
  roadcrew why cj/report exports/ --as-of 2026-11-23T08:00:00Z

Exit codes:
  0   it was found, or nothing is wrong with it
  2   could not look everywhere
  64  there is no such line, finding or object`,
    )
    .action(async (what: string, paths: string[], words: Partial<WhyOptions>) => {
      const options: WhyOptions = { ...none, output: 'terminal', ...words }
      const inputs = [...paths, ...options.filename]
      const adoption = adoptionOf(options, io, true)
      const given = [inputs, adoption.withFile(options, inputs), io, adoption] as const
      const answer = what.includes('/') ? await whyObject(what, ...given) : await whyId(what, ...given)
      io.out(options.output === 'json' ? jsonReport(answer.report) : answer.text)
      done(answer.report.unread.length > 0 ? 2 : 0)
    })
}

interface Answer {
  readonly report: Report
  readonly text: string
}

/** Those that count, and those that do not. */
const allOf = ({ findings, setAside }: Report): readonly (ReportFinding | SetAside)[] => [...findings, ...setAside]

/** Who asks about one of them wants to know, also of what a scan passes over. */
const asked = ({ own }: Adoption['asking']): Adoption['asking'] => (own ? { own } : {})

async function whyId(
  id: string,
  inputs: readonly string[],
  options: WhyOptions,
  io: Io,
  { sift, asking }: Adoption,
): Promise<Answer> {
  const around = await lookAround(inputs, options, io, asked(asking))
  const chosen = findingsOf(allOf(await reportOf(around, sift, () => false)), id)
  if (chosen.length === 0) {
    throw new UsageError(`there is no finding or line "${id}" there; ids are what roadcrew scan shows of the same`)
  }
  const ids = new Set(chosen.map((finding) => finding.id))
  const all = await reportOf(around, sift, (one) => ids.has(one))
  const report = {
    ...all,
    findings: all.findings.filter((finding) => ids.has(finding.id)),
    setAside: all.setAside.filter((finding) => ids.has(finding.id)),
  }
  return { report, text: lineText(allOf(report), io) }
}

const reportOf = (around: Around, sift: Sift, withPlaces: (id: string) => boolean): Promise<Report> =>
  buildReport({ ...around, failOn: 'will-break', withPlaces, sift })

/** How many findings of a line are shown with all their evidence, and how many more by name. */
const inFull = 1
const byName = 20

function lineText(findings: readonly (ReportFinding | SetAside)[], io: Io): string {
  const options = { color: wantsColor(io), columns: io.columns }
  const { dim } = createColors(options.color)
  const [first] = findings
  if (!first) return ''
  const others = findings.slice(inFull)
  const named = others.slice(0, byName).map((finding) => {
    const place = finding.place ? `${finding.place.file}:${finding.place.line}` : finding.subject.world
    const aside = 'setAside' in finding && 'does not count'
    return `  ${objectText(finding.subject)}  ${dim([place, finding.owner, aside].filter(Boolean).join(', '))}`
  })
  const rest = others.length - named.length
  return `${[
    ...reasonText(first, options),
    '',
    ...findings.slice(0, inFull).flatMap((finding) => findingText(finding, options)),
    ...(others.length > 0 ? ['', `and the same of ${others.length} more:`, ...named] : []),
    ...(rest > 0 ? [dim(`  … and ${rest} more: -o json has all`)] : []),
  ].join('\n')}\n`
}

/** Kinds as kubectl abbreviates them (kubectl api-resources). */
const shortKinds: Readonly<Record<string, string>> = {
  cj: 'cronjob',
  deploy: 'deployment',
  ds: 'daemonset',
  po: 'pod',
  sts: 'statefulset',
}

/** Whether an object is the one that `kind/name` or `kind/namespace/name` means; kinds in any case, singular or plural. */
export function names(what: string): (kind: string, namespace: string | undefined, name: string) => boolean {
  const [given = '', ...rest] = what.toLowerCase().split('/')
  const wanted = shortKinds[given] ?? given
  const [namespace, name] = rest.length > 1 ? rest : [undefined, rest[0]]
  return (kind, ofNamespace, ofName) =>
    (kind.toLowerCase() === wanted || `${kind.toLowerCase()}s` === wanted) &&
    ofName === name &&
    (namespace === undefined || ofNamespace === namespace)
}

async function whyObject(
  what: string,
  inputs: readonly string[],
  options: WhyOptions,
  io: Io,
  { sift, asking }: Adoption,
): Promise<Answer> {
  const isIt = names(what)
  const chosen = (object: unknown): boolean => {
    const { kind = '', metadata } = (object ?? {}) as {
      kind?: string
      metadata?: { name?: string; namespace?: string } | null
    }
    return isIt(kind, metadata?.namespace, metadata?.name ?? '')
  }
  const around = await lookAround(inputs, options, io, { ...asked(asking), chosen })
  const report = await reportOf(around, sift, () => true)
  const text = objectsText(around, report, io)
  if (text === undefined)
    throw new UsageError(`there is no ${what} there that any hazard asks about; is its name right, and its namespace?`)
  return { report, text }
}

/** Each object that was asked about: its findings in full, and what else was asked. Undefined if there is none. */
function objectsText({ looked }: Around, report: Report, io: Io): string | undefined {
  const options = { color: wantsColor(io), columns: io.columns }
  const { bold, dim } = createColors(options.color)
  const objects = new Map<string, { heading: string; findings: readonly ReportFinding[]; answers: string[] }>()
  for (const { name: world, look } of looked) {
    for (const { hazard, vantage, subject, verdict } of look?.judged ?? []) {
      const key = `${world} ${subjectText(subject)}`
      const heading = `${bold(subjectText(subject))} ${dim(`in ${world}`)}`
      const findings = allOf(report).filter(({ subject: s }) => `${s.world} ${objectText(s)}` === key)
      const object = objects.get(key) ?? { heading, findings, answers: [] }
      objects.set(key, object)
      if (verdict.verdict === 'clear') object.answers.push(`${hazard.id} (${vantage}): clear`)
      if (verdict.verdict === 'unknown') object.answers.push(`${hazard.id} (${vantage}): not known, ${verdict.because}`)
    }
  }
  const texts = [...objects.values()].map(({ heading, findings, answers }) =>
    [
      heading,
      ...(findings.length === 0 ? ['  nothing was found'] : []),
      ...findings.flatMap((finding) => ['', ...findingText(finding, options), ...why(finding)]),
      ...(answers.length > 0 ? ['', dim(`  also asked: ${answers.join('; ')}`)] : []),
    ].join('\n'),
  )
  return texts.length === 0 ? undefined : `${texts.join('\n\n')}\n`
}

const why = ({ why: because, fixedIn }: ReportFinding): string[] => [
  `    ${because}`,
  ...(fixedIn ? [`    Fixed in: ${fixedIn}`] : []),
]
