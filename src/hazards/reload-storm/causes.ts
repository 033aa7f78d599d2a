// Which objects change so often: they are what a reload is for. Counted by their generation, which the API server raises with each change.
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import type { Evidence, Item, Subject, Unread } from '../../contract/hazard.ts'
import { index, isUnread, list, maybe } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import { endpointSlices, ingresses } from '../../objects/kinds.ts'
import type { Ingress, IngressBackend } from '../../objects/local-types.ts'
import { keyOf } from '../../objects/owners.ts'
import { timeOf } from '../../objects/time.ts'

const hour = 3_600_000
/** An object that was just made has changed a few times for that alone (ms). */
const leastAge = hour / 6

interface Changing {
  /** Since it was made. */
  readonly changes: number
  /** ms UTC. */
  readonly made: number
}

type Meta = { readonly generation?: number; readonly creationTimestamp?: string } | undefined

/** Spec of an Ingress (not its annotations), endpoints of a slice: what raises `metadata.generation` (their strategy.go). */
function changingOf(metadata: Meta): Changing | undefined {
  const made = timeOf(metadata?.creationTimestamp)
  const generation = metadata?.generation
  return made === undefined || generation === undefined ? undefined : { changes: generation - 1, made }
}

/** By Service. */
export const slices = maybe(
  index(
    endpointSlices,
    ({ metadata }: EndpointSlice) => keyOf(metadata?.namespace, metadata?.labels?.['kubernetes.io/service-name']),
    ({ metadata }: EndpointSlice) => changingOf(metadata),
  ),
)

const nameOf = (backend: IngressBackend | undefined): string[] => {
  const name = backend?.service?.name ?? backend?.serviceName
  return name === undefined ? [] : [name]
}

interface IngressSeen {
  readonly services: readonly string[]
  readonly changing: Changing | undefined
}

export const ingressesSeen = maybe(
  list(ingresses, ({ metadata, spec }: Ingress): IngressSeen => {
    const backends = (spec?.rules ?? []).flatMap(({ http }) =>
      (http?.paths ?? []).flatMap(({ backend }) => nameOf(backend)),
    )
    const all = [...nameOf(spec?.defaultBackend ?? spec?.backend), ...backends]
    return {
      services: [...new Set(all)].map((name) => keyOf(metadata?.namespace, name)),
      changing: changingOf(metadata),
    }
  }),
)

/** Something that changes, and how often on average since it was made. */
export interface Busy {
  readonly name: string
  readonly perHour: number
  readonly subject: Subject
  readonly changes: number
}

type Slices = ReadonlyMap<string, readonly Item<Changing>[]> | Unread
type Ingresses = readonly Item<IngressSeen>[] | Unread

const perHour = ({ changes, made }: Changing, now: number): number =>
  now - made < leastAge ? 0 : (changes * hour) / (now - made)

const busiestFirst = (all: readonly Busy[]): Busy[] =>
  all.filter((one) => one.perHour > 0).toSorted((a, b) => b.perHour - a.perHour)

/** The Services that Ingresses name, by how often their endpoints change. */
export function busyServices(ingressesRead: Ingresses, slicesRead: Slices, now: number): Busy[] {
  if (isUnread(ingressesRead) || isUnread(slicesRead)) return []
  const named = new Set(ingressesRead.flatMap(({ object }) => object.services))
  return busiestFirst(
    [...named].flatMap((name): Busy[] => {
      const own = slicesRead.get(name) ?? []
      const [first] = own.toSorted((a, b) => b.object.changes - a.object.changes)
      if (!first) return []
      const sum = (of: (one: Changing) => number) => own.reduce((total, { object }) => total + of(object), 0)
      const changes = sum((one) => one.changes)
      return [{ name, perHour: sum((one) => perHour(one, now)), subject: first.subject, changes }]
    }),
  )
}

export function busyIngresses(ingressesRead: Ingresses, now: number): Busy[] {
  if (isUnread(ingressesRead)) return []
  return busiestFirst(
    ingressesRead.flatMap(({ subject, object: { changing } }): Busy[] =>
      changing
        ? [
            {
              name: keyOf(subject.namespace, subject.name),
              perHour: perHour(changing, now),
              subject,
              changes: changing.changes,
            },
          ]
        : [],
    ),
  )
}

/** Rates are rough: one digit behind the point, and none above ten. */
export const rateText = (rate: number): string => (rate < 10 ? rate.toFixed(1) : String(Math.round(rate)))

/** How many objects are named. */
const mostNamed = 3

export const busySeen = (what: string, busy: readonly Busy[]): Evidence[] =>
  busy
    .slice(0, mostNamed)
    .map(({ name, perHour: rate, subject, changes }) =>
      seen(
        what,
        `${name}: ${rateText(rate)} changes per hour (${changes} since it was made)`,
        subject,
        'metadata',
        'generation',
      ),
    )

export const busyText = (busy: readonly Busy[]): string =>
  busy
    .slice(0, mostNamed)
    .map(({ name, perHour: rate }) => `${name} ${rateText(rate)}`)
    .join(', ')
