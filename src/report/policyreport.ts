// The report as PolicyReport objects (wgpolicyk8s.io/v1alpha2), which Policy Reporter and others read in a cluster.
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import { foreignText, unreadText } from './line-cells.ts'
import { printable } from './printable.ts'
import type { Foreign, Report, ReportFinding, ReportUnread, SetAside } from './schema.ts'

const apiVersion = 'wgpolicyk8s.io/v1alpha2'
const source = 'roadcrew'

/** A text of others. YAML 1.1, which kubectl reads, ends lines at more characters than YAML 1.2 does. */
const told = (text: string): string =>
  printable(text)
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replaceAll('\ufeff', '\ufffd')

type Outcome = 'fail' | 'warn' | 'error' | 'skip'

interface PolicyResult {
  readonly source: string
  readonly policy: string
  readonly rule: string
  readonly category: string
  readonly result: Outcome
  readonly scored: boolean
  readonly severity?: ReportFinding['severity']
  readonly message: string
  readonly timestamp: { readonly seconds: number; readonly nanos: number }
  readonly resources?: readonly Readonly<Record<string, string>>[]
  readonly properties: Readonly<Record<string, string>>
}

/** A result, and the object that it goes into: by cluster, then by namespace; without one it is about the cluster. */
interface Placed {
  readonly world: string
  readonly namespace?: string
  readonly result: PolicyResult
}

/**
 * kubectl apply keeps a copy of the object in an annotation, which may have 262,144 bytes (etcd takes 1.5 MB): an object
 * with more results is made into several.
 */
const mostBytes = 200_000

/** Every text in the quotes and escapes of JSON: readers of YAML differ in what else they take a text for. */
const how = {
  version: '1.1',
  lineWidth: 0,
  aliasDuplicateObjects: false,
  defaultStringType: 'QUOTE_DOUBLE',
  defaultKeyType: 'PLAIN',
  doubleQuotedAsJSON: true,
} as const

/**
 * @returns the objects as YAML documents, with the same names in every scan of the same clusters; a comment if there are none.
 */
export function policyReports(report: Report): string {
  const objects = objectsOf(report)
  if (objects.length === 0) return '# Nothing was found, so there is nothing to report.\n'
  return objects.map((object) => `---\n${stringify(object, how)}`).join('')
}

function objectsOf(report: Report): object[] {
  const seconds = Math.floor(Date.parse(report.at) / 1000)
  const when = { seconds, nanos: 0 }
  const placed: Placed[] = [
    ...report.findings.map((finding) => placeOf(finding, findingResult(finding, when))),
    ...report.setAside.map((finding) => placeOf(finding, asideResult(finding, when))),
    ...report.unread.map((row) => ({ world: row.world, result: unreadResult(row, when) })),
    ...report.foreign.map((row) => ({ world: '', result: foreignResult(row, when) })),
  ]
  return grouped(placed).flatMap((group) => inPieces(group).map((piece, place) => objectOf(piece, place)))
}

/** A label of DNS, which the name of a namespace has to be. */
const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

function placeOf({ subject: { world, namespace } }: ReportFinding, result: PolicyResult): Placed {
  const known = namespace !== undefined && namespaceName.test(namespace)
  return { world, ...(known && { namespace }), result }
}

/** Cluster by cluster in their order, first what is about no namespace, then by namespace. */
function grouped(all: readonly Placed[]): Placed[][] {
  const groups = new Map<string, Placed[]>()
  for (const one of all) {
    const key = JSON.stringify([one.world, one.namespace ?? ''])
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

function inPieces(group: readonly Placed[]): Placed[][] {
  const pieces: Placed[][] = []
  let left = 0
  for (const one of group) {
    const bytes = Buffer.byteLength(JSON.stringify(one.result)) + 1
    if (bytes > left || pieces.length === 0) {
      pieces.push([])
      left = mostBytes
    }
    pieces.at(-1)?.push(one)
    left -= bytes
  }
  return pieces
}

function objectOf(piece: readonly Placed[], place: number): object {
  const [{ world = '', namespace = undefined } = {}] = piece
  const of = (outcome: string): number => piece.filter(({ result }) => result.result === outcome).length
  return {
    apiVersion,
    kind: namespace === undefined ? 'ClusterPolicyReport' : 'PolicyReport',
    metadata: {
      name: `roadcrew-${shortHash(world)}${place === 0 ? '' : `-${place + 1}`}`,
      ...(namespace !== undefined && { namespace }),
      labels: { 'app.kubernetes.io/managed-by': 'roadcrew' },
      ...(world !== '' && { annotations: { 'roadcrew.dev/cluster': told(world) } }),
    },
    summary: { pass: 0, fail: of('fail'), warn: of('warn'), error: of('error'), skip: of('skip') },
    results: piece.map(({ result }) => result),
  }
}

/** Of what is about no cluster the hash is that of the empty text. */
const shortHash = (text: string): string => createHash('sha256').update(told(text)).digest('hex').slice(0, 8)

type When = PolicyResult['timestamp']

const categories = { broken: 'Broken now', 'will-break': 'Will break', advice: 'Advice' } as const

function findingResult(finding: ReportFinding, timestamp: When): PolicyResult {
  const { hazard, reason, tier, severity, subject, fact, fix, remedy } = finding
  const { kind, namespace, name, uid } = subject
  return {
    ...{ source, policy: told(hazard), rule: told(reason), category: categories[tier] },
    ...{ result: tier === 'advice' ? 'warn' : 'fail', scored: tier !== 'advice', severity },
    message: told(`${fact}\nCure: ${remedy[0]?.text ?? fix}`),
    timestamp,
    resources: [textsOf({ kind, namespace, name, uid })],
    properties: propertiesOf(finding),
  }
}

function propertiesOf({ id, cause, subject, owner, fixAt, chart, place, fixedIn, partOf }: ReportFinding) {
  const all = {
    ...{ id, cause, cluster: subject.world, owner, fixAt, chart, fixedIn, partOf },
    file: place && `${place.file}:${place.line}`,
  }
  return textsOf(all)
}

/** Only what has a value: API servers take an empty text for none, and refuse that. */
const textsOf = (all: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, told(value)]])),
  )

function asideResult(finding: SetAside, timestamp: When): PolicyResult {
  const one = findingResult(finding, timestamp)
  const { by, where, reason, until } = finding.setAside
  return {
    ...one,
    result: 'skip',
    scored: false,
    properties: {
      ...one.properties,
      ...textsOf({ setAsideBy: `${by}: ${where}`, setAsideFor: reason, setAsideUntil: until }),
    },
  }
}

const unreadResult = (row: ReportUnread, timestamp: When): PolicyResult => ({
  ...{ source, policy: told(row.hazard ?? 'roadcrew'), rule: 'not-read', category: 'Not read' },
  ...{ result: 'error', scored: false },
  message: told(`${unreadText(row, false)}: ${row.because}`),
  timestamp,
  properties: textsOf({ cluster: row.world }),
})

const foreignResult = (row: Foreign, timestamp: When): PolicyResult => ({
  ...{ source, policy: 'roadcrew', rule: 'passed-over', category: 'Passed over' },
  ...{ result: 'skip', scored: false },
  message: told(`${row.what}: ${foreignText(row)}`),
  timestamp,
  properties: {},
})
