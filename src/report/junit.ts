// The report as JUnit XML, the format in which pipelines (GitLab, Jenkins, Azure and others) take results of tests.
import { findingText, objectText, reasonText } from './details.ts'
import { escaped } from './escaped.ts'
import { foreignText, unreadText } from './line-cells.ts'
import { onOneLine, printable } from './printable.ts'
import type { Foreign, Report, ReportFinding, ReportUnread, SetAside } from './schema.ts'
import { isAtLeast, type Tier } from './tiers.ts'

/** A test case; without an outcome it passed. */
interface Case {
  readonly classname: string
  readonly name: string
  readonly file?: string
  readonly line?: number
  readonly outcome?: {
    readonly is: 'failure' | 'error' | 'skipped'
    readonly type: string
    readonly message: string
    readonly text?: string
  }
}

interface Suite {
  readonly name: string
  readonly cases: readonly Case[]
}

/**
 * One suite for each hazard with a case for each finding, or one that passed; and one for what could not be looked at. A finding
 * fails if its tier is `failOn` or one before it, and is skipped otherwise: a pipeline fails where the exit code is 1.
 * @returns the XML document, with a line feed at its end.
 */
export function junitReport(report: Report, failOn: Tier): string {
  const suites = suitesOf(report, failOn)
  const cases = suites.flatMap((suite) => suite.cases)
  const total = { name: 'roadcrew', ...amounts(cases), time: report.seconds.toFixed(3), timestamp: report.at }
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites${attributes(total)}>
${suites.map((suite) => suiteXml(suite, report.at)).join('\n')}
</testsuites>
`
}

function suitesOf({ hazards, findings, setAside, unread, foreign }: Report, failOn: Tier): Suite[] {
  const ids = [...new Set([...hazards, ...[...findings, ...setAside].map(({ hazard }) => hazard)])]
  const all = unread.every(({ hazard }) => hazard !== undefined)
  const ofHazards = ids.map((id): Suite => {
    const cases = [
      ...findings.filter(({ hazard }) => hazard === id).map((finding) => findingCase(finding, failOn)),
      ...setAside.filter(({ hazard }) => hazard === id).map(asideCase),
      ...unread.filter(({ hazard }) => hazard === id).map(unreadCase),
    ]
    const passed = { classname: className(id), name: all ? 'nothing found' : 'nothing found in what was read' }
    return { name: id, cases: cases.length > 0 ? numbered(cases) : [passed] }
  })
  const others = [
    ...unread.filter(({ hazard }) => hazard === undefined || !ids.includes(hazard)).map(unreadCase),
    ...foreign.map(foreignCase),
  ]
  return others.length > 0 ? [...ofHazards, { name: 'not looked at', cases: numbered(others) }] : ofHazards
}

/** Jenkins takes what is before the last dot for a package, and GitLab knows a case of before by class and name. */
const className = (...parts: readonly string[]): string => ['roadcrew', ...parts].join('.')

/** Names tell cases apart, and stay as they are from scan to scan, so they hold no figures. */
function numbered(cases: readonly Case[]): Case[] {
  const seen = new Map<string, number>()
  return cases.map((one) => {
    const key = JSON.stringify([onOneLine(one.classname), onOneLine(one.name)])
    const number = (seen.get(key) ?? 0) + 1
    seen.set(key, number)
    return number === 1 ? one : { ...one, name: `${one.name} (${number})` }
  })
}

const plain = { color: false, columns: 120 } as const

function findingCase(finding: ReportFinding, failOn: Tier): Case {
  const { hazard, reason, subject, place, tier, fact } = finding
  const fails = isAtLeast(tier, failOn)
  return {
    classname: className(hazard, reason),
    name: `${objectText(subject)} in ${subject.world}`,
    ...(place && { file: place.file, line: place.line }),
    outcome: {
      is: fails ? 'failure' : 'skipped',
      type: `${tier}/${reason}`,
      message: fails ? fact : `${tier}, below --fail-on ${failOn}: ${fact}`,
      text: [...findingText(finding, plain), ...reasonText(finding, plain)].join('\n'),
    },
  }
}

function asideCase(finding: SetAside): Case {
  const { by, where, reason, until } = finding.setAside
  const said = [reason, until && `until ${until}`].filter(Boolean).join(', ')
  const message = `set aside by ${by} (${where})${said === '' ? '' : `: ${said}`}`
  const { outcome: _, ...one } = findingCase(finding, 'advice')
  return { ...one, outcome: { is: 'skipped', type: 'set-aside', message } }
}

const unreadCase = (row: ReportUnread): Case => ({
  classname: className(row.hazard ?? 'not-read'),
  name: unreadText({ ...row, count: 1 }, true),
  outcome: {
    is: 'error',
    type: 'not-read',
    message: `nothing can be said of ${row.count === 1 ? 'it' : `it and ${row.count - 1} more`}: ${row.because}`,
  },
})

const foreignCase = (row: Foreign): Case => ({
  classname: className('passed-over'),
  name: row.what,
  outcome: { is: 'skipped', type: 'passed-over', message: foreignText(row) },
})

type Attributes = Readonly<Record<string, string | number>>

const attributes = (all: Attributes): string =>
  Object.entries(all)
    .map(([name, value]) => ` ${name}="${escaped(typeof value === 'number' ? String(value) : onOneLine(value))}"`)
    .join('')

function amounts(cases: readonly Case[]): Attributes {
  const of = (is: string): number => cases.filter(({ outcome }) => outcome?.is === is).length
  return { tests: cases.length, failures: of('failure'), errors: of('error'), skipped: of('skipped') }
}

const suiteXml = ({ name, cases }: Suite, timestamp: string): string =>
  [`  <testsuite${attributes({ name, ...amounts(cases), timestamp })}>`, ...cases.map(caseXml), '  </testsuite>'].join(
    '\n',
  )

function caseXml({ outcome, ...all }: Case): string {
  if (!outcome) return `    <testcase${attributes(all)}/>`
  const { is, text, ...how } = outcome
  // Of a skipped case the schemas of Jenkins and Ant allow the message only.
  const told = is === 'skipped' ? { message: how.message } : how
  const body = text === undefined || is === 'skipped' ? '/>' : `>${escaped(printable(text))}</${is}>`
  return [`    <testcase${attributes(all)}>`, `      <${is}${attributes(told)}${body}`, '    </testcase>'].join('\n')
}
