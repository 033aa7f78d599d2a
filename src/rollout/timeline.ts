// The timeline of a workload's Pods, endpoints and what stands before them, made from what the API server tells as it comes.
import type { Event, Pod } from 'kubernetes-types/core/v1.js'
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import type { Version } from '../contract/hazard.ts'
import type { Moment, PodCourse } from './moments.ts'
import { type News, podGone, podNews } from './pod-course.ts'

/** Something new about an object; `gone`: it is not there any more, and `object` is as it was last. */
export interface Change<T> {
  readonly object: T
  readonly gone: boolean
  /** It came with the first list. */
  readonly first: boolean
  /** ms from the start of the load. */
  readonly atMs: number
}

/** What was not watched, ms from the start of the load; it may still go on. */
export interface Gap {
  readonly fromMs: number
  readonly toMs: number | undefined
  readonly because: string
}

/** How ready endpoints came and went: from `atMs` on there are so many. */
export interface ReadyEndpoints {
  readonly atMs: number
  readonly count: number
}

/** Takes changes in the order in which they come. */
export class Timeline {
  readonly #version: Version | undefined
  readonly #courses = new Map<string, PodCourse>()
  /** Of Pods whose name another one has by now. */
  readonly #former: PodCourse[] = []
  readonly #slices = new Map<string, ReadonlySet<string>>()
  readonly #moments: Moment[] = []
  readonly #gaps = new Map<string, Gap[]>()
  readonly #ready: ReadyEndpoints[] = []
  /** An event may come by two watches: that of the namespace and that of all reloads. */
  readonly #events = new Set<string>()

  /** @param version of the API server. */
  constructor(version: Version | undefined) {
    this.#version = version
  }

  /** Those that have gone included. */
  get courses(): readonly PodCourse[] {
    return [...this.#former, ...this.#courses.values()]
  }

  /** In their order. */
  get moments(): readonly Moment[] {
    return this.#moments.toSorted((a, b) => a.atMs - b.atMs)
  }

  get gaps(): readonly Gap[] {
    return [...this.#gaps.values()].flat()
  }

  /** In their order; empty while no EndpointSlice was seen. */
  get readyEndpoints(): readonly ReadyEndpoints[] {
    return this.#ready
  }

  pod({ object, gone, first, atMs }: Change<Pod>): void {
    const name = object.metadata?.name ?? ''
    const last = this.#courses.get(name)
    const again = last?.goneMs !== undefined // of a StatefulSet: made anew under its name
    if (last && again) this.#former.push(last)
    const news = podNews(again ? undefined : last, object, { atMs, first, version: this.#version })
    const { course, moments } = gone ? ended(news, atMs) : news
    const isServing = course.servingMs === undefined && this.#serving().has(name)
    this.#courses.set(name, isServing ? { ...course, servingMs: atMs } : course)
    this.#moments.push(...moments)
  }

  /** Of a Service that selects the Pods. */
  slice({ object, gone, first, atMs }: Change<EndpointSlice>): void {
    const before = this.#serving()
    const name = object.metadata?.name ?? ''
    if (gone) this.#slices.delete(name)
    else this.#slices.set(name, readyPods(object))
    const now = this.#serving()
    for (const pod of now) if (!before.has(pod)) this.#added(pod, atMs, first)
    for (const pod of before) if (!now.has(pod)) this.#removed(pod, atMs)
    if (now.size !== this.#ready.at(-1)?.count) this.#ready.push({ atMs, count: now.size })
  }

  /** What somebody told of a Pod or of what stands before it. */
  event({ object: { metadata, reason, message, involvedObject, count }, first, gone, atMs }: Change<Event>): void {
    const key = `${metadata?.uid} ${count}`
    if (gone || (metadata?.uid !== undefined && this.#events.has(key))) return
    this.#events.add(key)
    if (first) return
    // ingress-nginx tells each reload of its configuration (internal/ingress/controller/controller.go, reason RELOAD).
    if (reason === 'RELOAD') {
      this.#moments.push({ atMs, what: 'reload', text: `${involvedObject.name ?? 'the controller'} reloaded` })
      return
    }
    const pod = involvedObject.name ?? ''
    if (this.#courses.has(pod)) {
      this.#moments.push({ atMs, what: 'warning', pod, text: `${reason ?? ''}: ${short(message ?? '')}` })
    }
  }

  /** Anything else that happened: an Ingress that changed, a restart. */
  add(moment: Moment): void {
    this.#moments.push(moment)
  }

  /** A watch ended; until it goes on nothing is known of its kind. */
  lost(kind: string, atMs: number, because: string): void {
    const gaps = this.#gaps.get(kind) ?? []
    if (gaps.at(-1)?.toMs === undefined && gaps.length > 0) return
    this.#gaps.set(kind, [...gaps, { fromMs: atMs, toMs: undefined, because: `${kind}: ${because}` }])
    this.#moments.push({ atMs, what: 'unwatched', text: `${kind} are not watched: ${short(because)}` })
  }

  /** It goes on. */
  found(kind: string, atMs: number): void {
    const gaps = this.#gaps.get(kind) ?? []
    const last = gaps.at(-1)
    if (!last || last.toMs !== undefined) return
    this.#gaps.set(kind, [...gaps.slice(0, -1), { ...last, toMs: atMs }])
    this.#moments.push({ atMs, what: 'watched', text: `${kind} are watched again` })
  }

  #serving(): ReadonlySet<string> {
    return new Set([...this.#slices.values()].flatMap((pods) => [...pods]))
  }

  #added(pod: string, atMs: number, first: boolean): void {
    const course = this.#courses.get(pod)
    if (course) this.#courses.set(pod, { ...course, servingMs: course.servingMs ?? atMs, endpointRemovedMs: undefined })
    if (!first) this.#moments.push({ atMs, what: 'endpoint-added', pod, text: 'is among the ready endpoints' })
  }

  #removed(pod: string, atMs: number): void {
    const course = this.#courses.get(pod)
    if (course) this.#courses.set(pod, { ...course, endpointRemovedMs: atMs })
    this.#moments.push({ atMs, what: 'endpoint-removed', pod, text: 'is no ready endpoint any more' })
  }
}

function ended({ course, moments }: News, atMs: number): News {
  const gone = podGone(course, atMs)
  return { course: gone.course, moments: [...moments, ...gone.moments] }
}

/** `ready` unset counts as ready (discovery/v1 EndpointConditions). */
const readyPods = ({ endpoints }: EndpointSlice): ReadonlySet<string> =>
  new Set(
    (endpoints ?? []).flatMap(({ conditions, targetRef }) =>
      conditions?.ready !== false && targetRef?.kind === 'Pod' && targetRef.name ? [targetRef.name] : [],
    ),
  )

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}...` : text)
