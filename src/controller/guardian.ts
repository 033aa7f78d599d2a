// Looks at CronJobs while things happen: the detectors of the hazards that scans use, over what informers hold. A namespace is
// what is looked at at a time, since what a CronJob is judged among lies in its own.
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import type { Hazard, Kind, Subject, Version, Zones } from '../contract/hazard.ts'
import { type Look, look, type Memory } from '../engine/look.ts'
import { heldWorld } from '../kubernetes/held-world.ts'
import type { Happened, Informer } from '../kubernetes/informer.ts'
import { cronJobs, jobs } from '../objects/kinds.ts'
import { keyOf, makerOf } from '../objects/owners.ts'
import { plannedFor } from '../objects/planned.ts'
import { timeOf } from '../objects/time.ts'
import { timingOf } from '../schedule/timing.ts'
import type { ControllerMetrics } from './metrics.ts'
import { type News, Told } from './news.ts'
import { noteStarted, type Progress, progress, type Track } from './runs.ts'
import type { Workers } from './workers.ts'

/** A look follows a change so soon (ms): what belongs together, such as a Job and the status of its CronJob, comes at once. */
const settles = 500
/** Time alone makes runs due: looked at again at least so often (ms). */
const every = 30_000
/** A look that took long is followed by a pause of so many times that, which bounds the part of a core that looks take. */
const restFactor = 20

export interface GuardianOptions {
  /** The cluster's name. */
  readonly cluster: string
  readonly version: () => Version | undefined
  /** Those that judge CronJobs of a cluster, reading what the informers keep. */
  readonly hazards: readonly Hazard[]
  readonly informers: readonly Informer[]
  readonly zones: Zones
  /** In which schedules are read that name none. */
  readonly timeZone: string
  readonly settings: Readonly<Record<string, unknown>>
  /** ms UTC, and ms on a clock that only goes forward. */
  readonly now: () => number
  readonly ticks: () => number
  readonly leads: () => boolean
  readonly metrics: ControllerMetrics
  readonly tell: (news: News) => void
  /** A run that is overdue and of which no hazard says why. `planned`: ms UTC. */
  readonly overdue: (subject: Subject, planned: number) => void
  /** What is done about what was found. */
  readonly act: (namespace: string, seen: Look) => Promise<void>
}

/** What is carried from look to look of one namespace. */
interface Space {
  memory: Memory
  readonly told: Told
  /** Not before these ticks. */
  restUntil: number
  /** Runs that were said to be overdue, by CronJob. */
  overdue: ReadonlyMap<string, number>
}

export class Guardian {
  readonly #options: GuardianOptions
  readonly #workers: Workers
  readonly #spaces = new Map<string, Space>()
  readonly #tracks = new Map<string, Track>()

  constructor(options: GuardianOptions, workers: Workers) {
    this.#options = options
    this.#workers = workers
  }

  /** This one leads now: everything is looked at, and what others told before is told again only if it is still so. */
  lead(): void {
    const informer = this.#informer(cronJobs)
    const namespaces = new Set(informer?.items().map(({ subject }) => subject.namespace ?? ''))
    for (const namespace of namespaces) this.#workers.add(namespace)
  }

  /** Another leads: nothing that was carried on is known to be so any more. */
  resign(): void {
    this.#spaces.clear()
    this.#tracks.clear()
    this.#options.metrics.resign()
  }

  /** What an informer saw. Between two of them all is listed anew, and what ran meanwhile is not known. */
  happened(kind: Kind<unknown>, { what, item, object, first }: Happened): void {
    if (!this.#options.leads()) return
    const { subject } = item
    const { namespace, name } = subject
    if (kind.kind === cronJobs.kind) {
      const key = keyOf(namespace, name)
      const track = this.#tracks.get(key)
      if (what === 'gone') {
        this.#tracks.delete(key)
        this.#options.metrics.gone(subject)
      } else if (track) this.#tracks.set(key, noteStarted(track, object as CronJob))
    }
    if (kind.kind === jobs.kind && what === 'added' && !first) this.#jobMade(object as Job)
    // With the first list nothing happens: who leads looks at everything once all is known.
    if (namespace !== undefined && !first) this.#soon(namespace)
  }

  /** All of a kind was listed anew: which runs were started meanwhile was not seen. */
  interrupted(kind: Kind<unknown>): void {
    if (kind.kind === cronJobs.kind) this.#tracks.clear()
  }

  /** Looks at one namespace, tells what is new, and does what may be done. Nothing while another leads. */
  async turn(namespace: string): Promise<void> {
    const { cluster, version, hazards, informers, zones, settings, now, ticks, leads, metrics } = this.#options
    if (!leads()) return
    const space = this.#space(namespace)
    const known = version()
    const began = ticks()
    const at = now()
    const seen = await look({
      hazards,
      vantages: ['cluster'],
      world: heldWorld({ name: cluster, ...(known && { version: known }), informers, namespace }),
      now: at,
      ticks: began,
      zones,
      memory: space.memory,
      settings,
    })
    space.memory = seen.memory
    const items = this.#cronJobsOf(namespace)
    const progressed = items.map(({ subject, object }) => this.#progress(subject, object, at))
    const took = ticks() - began
    metrics.looked(namespace, seen.judged, took)
    for (const one of space.told.next(seen.judged)) this.#options.tell(one)
    this.#tellOverdue(space, seen, progressed)
    space.restUntil = ticks() + took * restFactor
    await this.#options.act(namespace, seen)
    if (items.length > 0) this.#workers.add(namespace, Math.max(ticks() + every, space.restUntil))
    else this.#spaces.delete(namespace)
  }

  #soon(namespace: string): void {
    const rest = this.#spaces.get(namespace)?.restUntil ?? 0
    this.#workers.add(namespace, Math.max(this.#options.ticks() + settles, rest))
  }

  #space(namespace: string): Space {
    const known = this.#spaces.get(namespace) ?? {
      memory: new Map(),
      told: new Told(),
      restUntil: 0,
      overdue: new Map(),
    }
    this.#spaces.set(namespace, known)
    return known
  }

  #informer(kind: Kind<unknown>): Informer | undefined {
    return this.#options.informers.find((one) => one.kind.kind === kind.kind)
  }

  /** They are held whole, since they are what is judged; of a silent informer nothing is said. */
  #cronJobsOf(namespace: string): readonly { readonly subject: Subject; readonly object: CronJob }[] {
    const items = this.#informer(cronJobs)?.items(namespace) ?? []
    return items.map(({ subject, object }) => ({ subject, object: object as CronJob }))
  }

  #progress(subject: Subject, cronJob: CronJob, at: number): { subject: Subject; progress: Progress } {
    const { zones, timeZone, version, metrics } = this.#options
    const key = keyOf(subject.namespace, subject.name)
    const timing = timingOf(cronJob.spec, zones, timeZone, version())
    const seen = progress(cronJob, timing, at, this.#tracks.get(key))
    if (seen.track) this.#tracks.set(key, seen.track)
    else this.#tracks.delete(key)
    metrics.progress(subject, seen)
    return { subject, progress: seen }
  }

  /** Where a hazard says what is wrong, nothing is added. */
  #tellOverdue(space: Space, { judged }: Look, all: readonly { subject: Subject; progress: Progress }[]): void {
    const explained = new Set(
      judged.flatMap(({ subject, verdict }) =>
        verdict.verdict === 'found' && verdict.findings.some(({ state }) => state === 'occurring')
          ? [subject.name]
          : [],
      ),
    )
    const before = space.overdue
    space.overdue = new Map(
      all.flatMap(({ subject, progress: { overdue } }) => (overdue === undefined ? [] : [[subject.name, overdue]])),
    )
    for (const {
      subject,
      progress: { overdue },
    } of all) {
      if (overdue === undefined || explained.has(subject.name) || before.has(subject.name)) continue
      this.#options.overdue(subject, overdue)
    }
  }

  /** How late a run was started: a Job's creation is when the controller came to it. */
  #jobMade(job: Job): void {
    const [planned, made] = [plannedFor(job), timeOf(job.metadata?.creationTimestamp)]
    if (planned === undefined || made === undefined || makerOf(job.metadata, 'CronJob') === undefined) return
    this.#options.metrics.started(job.metadata?.namespace ?? '', made - planned)
  }
}
