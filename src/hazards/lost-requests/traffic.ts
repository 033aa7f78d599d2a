// Who sends requests to a workload's Pods: Services, and what stands in front of them.
import type { Container, Service } from 'kubernetes-types/core/v1.js'
import type { Item, Unread } from '../../contract/hazard.ts'
import { index, isUnread, maybe } from '../../contract/reads.ts'
import { ingressBackends, routeBackends } from '../../objects/backends.ts'
import { grpcRoutes, httpRoutes, ingresses, services } from '../../objects/kinds.ts'
import type { Ingress, Route } from '../../objects/local-types.ts'
import type { PodTemplate } from '../../objects/pod-templates.ts'
import { selects } from '../../objects/selectors.ts'

type Annotations = Readonly<Record<string, string>>

/** What is kept of a Service. */
export interface ServiceSeen {
  readonly name: string
  readonly selector: Readonly<Record<string, string>>
  readonly headless: boolean
  /** Its endpoints count as ready whatever their Pods are, also while they stop (core/v1 ServiceSpec). */
  readonly publishesUnready?: true
  readonly type: string
  readonly ports: readonly (string | number)[]
  readonly annotations: Annotations
}

/** What is kept of an Ingress or a route. */
export interface FrontSeen {
  readonly text: string
  readonly services: readonly string[]
  readonly annotations: Annotations
}

const namespaceOf = (object: { readonly metadata?: { readonly namespace?: string } }): string =>
  object.metadata?.namespace ?? ''

/** Only Services that select Pods; one of type ExternalName is a mere name. */
export const servicesSeen = maybe(
  index(services, namespaceOf, ({ metadata, spec }: Service): ServiceSeen | undefined => {
    const selector = spec?.selector
    if (!selector || Object.keys(selector).length === 0 || spec.type === 'ExternalName') return undefined
    return {
      name: metadata?.name ?? '',
      selector,
      headless: spec.clusterIP === 'None',
      ...(spec.publishNotReadyAddresses && { publishesUnready: true as const }),
      type: spec.type ?? 'ClusterIP',
      ports: (spec.ports ?? []).map(({ port, targetPort }) => targetPort ?? port),
      annotations: metadata?.annotations ?? {},
    }
  }),
)

export const ingressesSeen = maybe(
  index(
    ingresses,
    namespaceOf,
    (ingress: Ingress): FrontSeen => ({
      text: `Ingress ${ingress.metadata?.name ?? ''}`,
      services: ingressBackends(ingress),
      annotations: ingress.metadata?.annotations ?? {},
    }),
  ),
)

/** By the namespace of the first Service that it names: a route may name one of another namespace. */
export const routesSeen = maybe(
  index(
    [httpRoutes, grpcRoutes],
    (route) => routeBackends(route).find(({ namespace }) => namespace)?.namespace ?? namespaceOf(route),
    (route: Route): FrontSeen => ({
      text: `route ${route.metadata?.name ?? ''}`,
      services: routeBackends(route).map(({ name }) => name),
      annotations: {},
    }),
  ),
)

export const traffic = { services: servicesSeen, ingresses: ingressesSeen, routes: routesSeen }

type ByNamespace<T> = ReadonlyMap<string, readonly Item<T>[]> | Unread

/** What the view of the reads in `traffic` gives. */
export interface TrafficView {
  readonly services: ByNamespace<ServiceSeen>
  readonly ingresses: ByNamespace<FrontSeen>
  readonly routes: ByNamespace<FrontSeen>
}

/** Who sends to a workload. `peers`: only headless Services select it, so its clients look up its Pods by themselves. */
export interface Reach {
  readonly is: 'nobody' | 'peers' | 'service' | 'front'
  readonly services: readonly Item<ServiceSeen>[]
  readonly fronts: readonly Item<FrontSeen>[]
  /** How it is reached, for people: `Ingress shop`, `Service shop`. */
  readonly text: string
  readonly annotations: Annotations
}

const inNamespace = <T>(map: ByNamespace<T>, namespace: string | undefined): readonly Item<T>[] =>
  isUnread(map) ? [] : (map.get(namespace ?? '') ?? [])

/** How requests reach the Pods of a template. What could not be read counts as not there. */
export function reachOf(template: PodTemplate, namespace: string | undefined, view: TrafficView): Reach {
  const own = inNamespace(view.services, namespace).filter(({ object }) => selects(object.selector, template.labels))
  const sending = own.filter(({ object }) => !object.headless)
  const [first] = sending.length > 0 ? sending : own
  if (!first) return { is: 'nobody', services: [], fronts: [], text: '', annotations: {} }
  const names = new Set(own.map(({ object }) => object.name))
  const fronts = [...inNamespace(view.ingresses, namespace), ...inNamespace(view.routes, namespace)].filter(
    ({ object }) => object.services.some((name) => names.has(name)),
  )
  const outside = sending.find(({ object }) => object.type !== 'ClusterIP')
  const service = `${first.object.headless ? 'headless Service' : 'Service'} ${first.object.name}`
  const front = fronts[0]?.object.text ?? (outside && `${outside.object.type} ${service}`)
  return {
    is: front ? 'front' : sending.length > 0 ? 'service' : 'peers',
    services: own,
    fronts,
    text: front ?? service,
    annotations: Object.assign(
      {},
      ...own.map(({ object }) => object.annotations),
      ...fronts.map(({ object }) => object.annotations),
    ),
  }
}

/** The containers to which the Services send: those that declare a target port, else the first one. */
export function serving(containers: readonly Container[], reach: Reach): readonly Container[] {
  const ports = new Set(reach.services.flatMap(({ object }) => object.ports))
  const declaring = containers.filter(({ ports: own }) =>
    own?.some(({ name, containerPort }) => ports.has(containerPort) || (name !== undefined && ports.has(name))),
  )
  return declaring.length > 0 ? declaring : containers.slice(0, 1)
}
