// Finds the workload that is to be rolled out, and what stands before it.
import type { Service } from 'kubernetes-types/core/v1.js'
import type { Kind, Subject, Version } from '../contract/hazard.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { Discovery, serverVersion } from '../kubernetes/discovery.ts'
import { ingressBackends, routeBackends } from '../objects/backends.ts'
import { httpRoutes, ingresses, services } from '../objects/kinds.ts'
import type { Ingress, Route } from '../objects/local-types.ts'
import { selectorText, selects } from '../objects/selectors.ts'
import { type Workload, workloadNamed } from '../rollout/workload.ts'
import { UsageError } from './io.ts'
import type { Watched } from './rollout-watch.ts'

export interface RolloutPlace {
  readonly kind: Kind<unknown>
  readonly namespace: string
  readonly name: string
  /** Of the API: where the workload is read. */
  readonly path: string
  readonly version: Version | undefined
  readonly workload: Workload
  readonly subject: Subject
  readonly watched: Watched
  /** What could not be read, for the report. */
  readonly notes: readonly string[]
}

/** @throws UsageError if it is no name of a workload; Error if it is not there, or can't be read. */
export async function placeOf(client: Client, text: string, namespace: string): Promise<RolloutPlace> {
  const named = workloadNamed(text)
  if (!named) throw new UsageError(`"${text}" names no workload; expected deploy/<name>, sts/<name> or ds/<name>`)
  const { kind, name } = named
  const version = await serverVersion(client)
  const discovery = new Discovery(client)
  const served = await discovery.served(kind)
  if (!served) throw new Error(`${client.name} serves no ${kind.kind}`)
  const path = `${served.prefix}/namespaces/${namespace}/${served.resource}/${name}`
  const workload = await readWorkload(client, path, `${kind.kind} ${namespace}/${name}`)
  const labels = workload.spec?.template?.metadata?.labels ?? {}
  const before = await frontsOf(client, discovery, namespace, labels)
  const uid = workload.metadata?.uid
  const subject: Subject = { source: { cluster: client.name }, kind: kind.kind, name, namespace, ...(uid && { uid }) }
  const labelSelector = selectorText(workload.spec?.selector ?? {})
  const watched = { namespace, labelSelector, services: before.services, routes: before.routes }
  return { kind, namespace, name, path, version, workload, subject, watched, notes: before.notes }
}

/** @throws Error if it is not there. */
export async function readWorkload(client: Client, path: string, text: string): Promise<Workload> {
  try {
    return (await client.ask({ method: 'GET', path })) as Workload
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    throw new Error(`there is no ${text} in ${client.name}; -n says its namespace`)
  }
}

interface Fronts {
  readonly services: readonly string[]
  readonly routes: readonly string[]
  readonly notes: readonly string[]
}

async function frontsOf(
  client: Client,
  discovery: Discovery,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): Promise<Fronts> {
  const notes: string[] = []
  const listed = async <T>(kind: Kind<T>): Promise<readonly T[]> => {
    try {
      const served = await discovery.served(kind)
      if (!served) return []
      const path = `${served.prefix}/namespaces/${namespace}/${served.resource}`
      return ((await client.ask({ method: 'GET', path })) as { items?: readonly T[] }).items ?? []
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      notes.push(`${kind.kind}s could not be read: ${error.message}`)
      return []
    }
  }
  const own = (await listed<Service>(services)).filter(({ spec }) => selects(spec?.selector, labels))
  const names = own.map(({ metadata }) => metadata?.name ?? '')
  if (own.length === 0 && notes.length === 0) notes.push('no Service selects its Pods: their endpoints are not watched')
  const leads = (backends: readonly string[]): boolean => backends.some((backend) => names.includes(backend))
  const routes = [
    ...(await listed<Ingress>(ingresses)).filter((one) => leads(ingressBackends(one))).map(named('Ingress')),
    ...(await listed<Route>(httpRoutes))
      .filter((one) => leads(routeBackends(one).map(({ name }) => name)))
      .map(named('HTTPRoute')),
  ]
  return { services: names, routes, notes }
}

const named =
  (kind: string) =>
  ({ metadata }: { readonly metadata?: { readonly name?: string } }): string =>
    `${kind} ${metadata?.name}`
