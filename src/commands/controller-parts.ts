// What a controller is made of, and who tells whom.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { ActingMetrics } from '../acting/acting-metrics.ts'
import { Events, type Regarding } from '../acting/events.ts'
import type { Hazard, Subject, Version, Zones } from '../contract/hazard.ts'
import { findingEvent, overdueEvent } from '../controller/event-texts.ts'
import { guardedHazards, kindsOf } from '../controller/guarded.ts'
import { Guardian } from '../controller/guardian.ts'
import { ControllerMetrics } from '../controller/metrics.ts'
import type { News } from '../controller/news.ts'
import { WorkQueue } from '../controller/queue.ts'
import { Workers } from '../controller/workers.ts'
import { keptReads } from '../engine/kept-reads.ts'
import { subjectText } from '../engine/subjects.ts'
import { hazards as catalogue } from '../hazards/index.ts'
import { backOff } from '../kubernetes/back-off.ts'
import type { Client } from '../kubernetes/client.ts'
import { Informer } from '../kubernetes/informer.ts'
import { Leader } from '../kubernetes/leader.ts'
import type { ServerClock } from '../kubernetes/server-clock.ts'
import { cronJobs, jobs, namespaces } from '../objects/kinds.ts'
import { timeText } from '../objects/time.ts'
import type { ControllerOptions } from './controller.ts'
import { type ControllerActs, controllerActs } from './controller-acting.ts'
import { ZonedParts } from './controller-zoned.ts'
import type { Io } from './io.ts'

export interface ControllerGiven {
  readonly options: ControllerOptions
  readonly io: Io
  readonly log: Logger
  readonly client: Client
  /** Without second tries: see LeaderOptions. */
  readonly leaseClient: Client
  readonly namespace: string
  readonly identity: string
  readonly zones: Zones
  /** Of what is asked by `client`. */
  readonly clock: ServerClock
  readonly version: () => Version | undefined
  /** Ends the informers. */
  readonly ends: AbortSignal
}

/** Hazards go by the release: a first look without it would tell of what is none (ms). */
const versionPatience = 10_000
const leaseName = 'roadcrew-controller'

export class ControllerParts {
  readonly #given: ControllerGiven
  readonly #hazards: readonly Hazard[] = guardedHazards(catalogue, cronJobs)
  readonly #kept = keptReads(this.#hazards)
  readonly #settings: Readonly<Record<string, unknown>>
  readonly #guardian: Guardian
  readonly #acts: ControllerActs
  readonly #queue = new WorkQueue({
    // One at a time: looks take the only core there is, and steps are taken one after the other.
    parallel: 1,
    backOff: (failures) => backOff(failures, { firstMs: 1_000, mostMs: 60_000, random: Math.random }),
  })
  readonly informers: readonly Informer[]
  readonly workers: Workers
  readonly metrics: ControllerMetrics
  readonly events: Events
  /** Undefined where ZonedCronJobs are not seen to. */
  readonly zoned: ZonedParts | undefined
  /** Undefined where there is no election. */
  readonly leader: Leader | undefined

  /** @throws UsageError if the policy's file is no policy. */
  constructor(given: ControllerGiven) {
    this.#given = given
    const { options, client, identity } = given
    this.#settings = Object.fromEntries(
      this.#hazards.map(({ id, settings }) => [id, settings.parse({ controllerTimeZone: options.timeZone })]),
    )
    this.metrics = new ControllerMetrics(this.#hazards, {
      informers: () => this.informers,
      depth: () => this.#queue.depth,
      leads: () => this.#leads(),
    })
    const actingMetrics = new ActingMetrics(this.metrics.registry)
    const source = { component: 'roadcrew-controller', controller: 'roadcrew.dev/controller', instance: identity }
    const telling = { source, dropped: (count: number) => actingMetrics.dropped(count) }
    this.events = new Events({ client, ...telling })
    this.informers = [...new Set([...kindsOf(this.#hazards), namespaces])].map((kind) => this.#informer(kind))
    this.workers = this.#workers()
    this.#acts = this.#actsWith(actingMetrics)
    this.#guardian = this.#guard()
    const { registry } = this.metrics
    this.zoned = options.zonedCronJobs
      ? new ZonedParts({ ...given, registry, telling, leads: () => this.#leads() })
      : undefined
    this.leader = options.leaderElection ? this.#election() : undefined
  }

  /** This one leads: what others left is read, then all is looked at, as soon as it is known. */
  async lead(): Promise<void> {
    const { ends, version, io } = this.#given
    void this.zoned?.lead()
    await this.#acts.lead()
    const began = io.ticks()
    const isKnown = (): boolean =>
      this.informers.every(({ synced }) => synced) && (version() !== undefined || io.ticks() - began > versionPatience)
    while (!isKnown() && !ends.aborted) await sleep(100)
    if (this.#leads()) this.#guardian.lead()
  }

  #leads(): boolean {
    return this.#given.options.leaderElection ? this.leader?.leads === true : true
  }

  #informer(kind: Informer['kind']): Informer {
    const { client, ends, io, log } = this.#given
    return new Informer({
      client,
      kind,
      signal: ends,
      ticks: io.ticks,
      random: Math.random,
      keep: (object) => this.#kept.keep(kind.kind, object),
      happened: (happened) => this.#guardian.happened(kind, happened),
      failed: (because, anew) => {
        this.metrics.restarted(kind.kind, anew)
        log.warn({ kind: kind.kind, because, anew }, 'a watch ended')
        if (anew) this.#guardian.interrupted(kind)
      },
    })
  }

  #workers(): Workers {
    const { io, log } = this.#given
    return new Workers({
      queue: this.#queue,
      ticks: io.ticks,
      turn: (key) => this.#guardian.turn(key),
      failed: (key, error) => {
        this.metrics.failedTurn()
        log.error({ namespace: key, because: error instanceof Error ? error.message : String(error) }, 'a turn failed')
      },
    })
  }

  #actsWith(metrics: ActingMetrics): ControllerActs {
    const { options, io, client, namespace, identity, log } = this.#given
    return controllerActs({
      ...{ io, client, namespace, identity, log, metrics },
      mode: options.mode,
      policy: options.policy,
      hazards: this.#hazards,
      settings: this.#settings,
      kinds: [cronJobs],
      finishing: [jobs],
      made: [jobs],
      clock: this.#given.clock,
      leads: () => this.#leads(),
      regarding: (subject) => this.#regarding(subject),
      events: this.events,
    })
  }

  #guard(): Guardian {
    const { options, io, client, zones, version, log } = this.#given
    return new Guardian(
      {
        ...{ zones, version, metrics: this.metrics, settings: this.#settings, informers: this.informers },
        hazards: this.#kept.hazards,
        cluster: client.name,
        timeZone: options.timeZone,
        now: io.now,
        ticks: io.ticks,
        leads: () => this.#leads(),
        tell: (news) => this.#tell(news),
        overdue: (subject, planned) => {
          log.warn({ subject: subjectText(subject), planned: timeText(planned) }, 'a planned run has not started')
          this.events.add(overdueEvent(this.#regarding(subject), planned, io.now()))
        },
        act: (space, seen) => this.#acts.round(space, seen),
      },
      this.workers,
    )
  }

  #election(): Leader {
    const { leaseClient, namespace, identity, io, log } = this.#given
    return new Leader({
      client: leaseClient,
      namespace,
      name: leaseName,
      identity,
      now: io.now,
      ticks: io.ticks,
      random: Math.random,
      changed: (leads, holder) => {
        log.info({ holder }, leads ? 'leads' : 'does not lead')
        if (leads) void this.lead()
        else this.#resign()
      },
      failed: (because) => log.error({ because }, 'could not read or write the lease'),
    })
  }

  #resign(): void {
    this.#guardian.resign()
    this.zoned?.resign()
  }

  #tell(news: News): void {
    const { io, log } = this.#given
    const { is, when, hazard, subject, finding } = news
    const line = { hazard: hazard.id, reason: finding.reason, subject: subjectText(subject), when }
    if (is === 'ended') log.info(line, 'ended')
    else log.warn({ ...line, severity: finding.severity ?? hazard.severity }, finding.fact)
    const telling = findingEvent(news, this.#regarding(subject), io.now())
    if (telling) this.events.add(telling)
  }

  #regarding({ kind, name, namespace, uid = '' }: Subject): Regarding {
    const apiVersion = this.informers.find((one) => one.kind.kind === kind)?.apiVersion
    return { kind, name, uid, ...(namespace !== undefined && { namespace }), ...(apiVersion && { apiVersion }) }
  }
}
