// What advised steps came to, one Lease for each node: the counts survive the agent, and a person reads them anywhere.
import type { Lease } from 'kubernetes-types/coordination/v1.js'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { timeOf } from '../objects/time.ts'
import { type Outcome, outcomes, type Watched } from './follow-up.ts'

const label = 'roadcrew.dev/report'
const annotation = 'roadcrew.dev/report'
/** An annotation holds 256 KiB in all; a node has not that many broken containers. */
const mostWatched = 50

/** What became of the steps of one node, by `hazard step`. */
export interface NodeReport {
  readonly node: string
  /** When it was begun, ms UTC. */
  readonly since: number
  readonly counts: Readonly<Record<string, Partial<Readonly<Record<Outcome, number>>>>>
  readonly watched: readonly Watched[]
}

export const emptyReport = (node: string, since: number): NodeReport => ({ node, since, counts: {}, watched: [] })

/** Adds one outcome. */
export function counted(report: NodeReport, { hazard, step }: Watched, outcome: Outcome): NodeReport {
  const key = `${hazard} ${step}`
  const before = report.counts[key] ?? {}
  return { ...report, counts: { ...report.counts, [key]: { ...before, [outcome]: (before[outcome] ?? 0) + 1 } } }
}

const leases = (namespace: string): string => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
const nameOf = (node: string): string => `roadcrew-report-${node}`

/** The reports of all nodes. @throws ApiError */
export async function readReports(client: Client, namespace: string): Promise<readonly NodeReport[]> {
  const query = { labelSelector: label }
  const { items } = (await client.ask({ method: 'GET', path: leases(namespace), query })) as { items: Lease[] }
  return items.flatMap((lease) => reportOf(lease) ?? [])
}

/** That of one node; undefined if there is none. @throws ApiError */
export async function readReport(client: Client, namespace: string, node: string): Promise<NodeReport | undefined> {
  try {
    return reportOf((await client.ask({ method: 'GET', path: `${leases(namespace)}/${nameOf(node)}` })) as Lease)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

/** Writes that of one node; nobody else does. @throws ApiError */
export async function writeReport(client: Client, namespace: string, report: NodeReport, now: number): Promise<void> {
  const { node, since, counts, watched } = report
  const text = JSON.stringify({ since: new Date(since).toISOString(), counts, watched: watched.slice(-mostWatched) })
  const body = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: nameOf(node), labels: { [label]: 'node' }, annotations: { [annotation]: text } },
    spec: { holderIdentity: node, renewTime: new Date(now).toISOString().replace('Z', '000Z') },
  }
  const path = `${leases(namespace)}/${nameOf(node)}`
  try {
    await client.ask({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    await client.ask({ method: 'POST', path: leases(namespace), body })
  }
}

/** Whatever somebody else wrote there counts as nothing: it is begun anew. */
function reportOf({ metadata, spec }: Lease): NodeReport | undefined {
  const node = spec?.holderIdentity
  try {
    const { since, counts, watched } = JSON.parse(metadata?.annotations?.[annotation] ?? '') as Record<string, unknown>
    const began = timeOf(since as string)
    if (node === undefined || began === undefined || !isCounts(counts) || !Array.isArray(watched)) return undefined
    return { node, since: began, counts, watched: (watched as unknown[]).filter(isWatched) }
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isCounts = (value: unknown): value is NodeReport['counts'] =>
  isObject(value) &&
  Object.values(value).every(
    (one) =>
      isObject(one) &&
      Object.entries(one).every(
        ([key, count]) => (outcomes as readonly string[]).includes(key) && typeof count === 'number',
      ),
  )

const isWatched = (value: unknown): value is Watched =>
  isObject(value) &&
  ['hazard', 'subject', 'subjectKey', 'step'].every((key) => typeof value[key] === 'string') &&
  (value.was === 'done' || value.was === 'advised') &&
  typeof value.since === 'number'
