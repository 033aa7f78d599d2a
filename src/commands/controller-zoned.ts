// What the controller is made of where it sees to ZonedCronJobs: informers, a queue of its own, and one timer for the clock.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Events, type EventsOptions } from '../acting/events.ts'
import type { Kind, Zones } from '../contract/hazard.ts'
import { inLanes, Lanes } from '../controller/lanes.ts'
import type { ControllerMetrics } from '../controller/metrics.ts'
import { WorkQueue } from '../controller/queue.ts'
import { Workers } from '../controller/workers.ts'
import { ZonedApi } from '../controller/zoned-api.ts'
import { type Job, reducedJob } from '../controller/zoned-jobs.ts'
import { ZonedMetrics } from '../controller/zoned-metrics.ts'
import { NativeCronJobs, reducedCronJob } from '../controller/zoned-native.ts'
import { ZonedRuns } from '../controller/zoned-runs.ts'
import { backOff } from '../kubernetes/back-off.ts'
import type { Client } from '../kubernetes/client.ts'
import { type Happened, Informer } from '../kubernetes/informer.ts'
import type { ServerClock } from '../kubernetes/server-clock.ts'
import { cronJobs, jobs } from '../objects/kinds.ts'
import { ownerLabel } from '../zoned-cronjob/jobs.ts'
import { zonedCronJobs } from '../zoned-cronjob/zoned-cronjob.ts'
import type { Io } from './io.ts'

export interface ZonedGiven {
  readonly io: Io
  readonly log: Logger
  readonly client: Client
  /** Of what is asked by `client`. */
  readonly clock: ServerClock
  readonly zones: Zones
  /** Ends the informers. */
  readonly ends: AbortSignal
  readonly registry: ControllerMetrics['registry']
  /** Who tells, and who hears of what could not be told. */
  readonly telling: Pick<EventsOptions, 'source' | 'dropped'>
  readonly leads: () => boolean
}

/** So many turns are begun at once: most of them wait until what is more urgent than theirs is done. */
const parallel = 2_000
/** So many requests are under way at once. */
const requests = 16
/** So long (ms) what is written of a run may wait for the start of others. */
const mostWait = 10_000
/** How often (ms) it is looked whether the clock was set, and Events are sent. */
const beat = 1_000

export class ZonedParts {
  readonly #given: ZonedGiven
  readonly #runs: ZonedRuns
  readonly #events: Events
  readonly #workers: Workers
  readonly informers: readonly Informer[]
  #watching: Promise<unknown> = Promise.resolve()

  constructor(given: ZonedGiven) {
    this.#given = given
    const { io, client, clock, zones, registry, telling, leads, log } = given
    const queue = new WorkQueue({
      parallel,
      backOff: (failures) => backOff(failures, { firstMs: 500, mostMs: 60_000, random: Math.random }),
    })
    const metrics = new ZonedMetrics(registry, { planned: () => queue.depth, overdue: () => queue.overdue(io.ticks()) })
    // Apart from what hazards tell: thousands of runs that start at once must not push that out.
    this.#events = new Events({ client, ...telling })
    const laned = inLanes(client, new Lanes({ parallel: requests, ticks: io.ticks, mostWait }), leads)
    const native = new NativeCronJobs(laned, (what) => metrics.asked(what), io.ticks)
    this.#runs = new ZonedRuns(
      {
        ...{ zones, leads, metrics, now: io.now, ticks: io.ticks, random: Math.random },
        ahead: () => clock.aheadNow,
        api: new ZonedApi(laned, (what) => metrics.asked(what)),
        native,
        tell: (one) => this.#events.add(one),
      },
      () => this.#workers,
    )
    this.#workers = new Workers({
      queue,
      ticks: io.ticks,
      turn: (key) => this.#runs.turn(key),
      failed: (key, error) => {
        if (!leads()) return // what it could not do another one does
        metrics.failedTurn()
        const because = error instanceof Error ? error.message : String(error)
        log.error({ zonedCronJob: key, because }, 'a turn failed')
      },
    })
    const own = this.#informer(zonedCronJobs, (happened) => this.#runs.changed(happened))
    const made = this.#informer(jobs, (happened) => this.#runs.jobChanged(happened), {
      labelSelector: ownerLabel,
      keep: (object) => reducedJob(object as Job),
      anew: () => this.#runs.interrupted(made.items().map(({ object }) => object as Job)),
    })
    const delegates = this.#informer(cronJobs, (happened) => this.#runs.cronJobChanged(happened), {
      labelSelector: ownerLabel,
      keep: reducedCronJob,
    })
    this.informers = [own, made, delegates]
  }

  get longest(): number {
    return this.#workers.longest
  }

  /** This one leads now: all are looked at, as soon as they and their Jobs are known. */
  async lead(): Promise<void> {
    const { ends, leads } = this.#given
    while (!this.informers.every(({ synced }) => synced) && !ends.aborted) await sleep(100)
    if (leads()) this.#runs.lead()
  }

  resign(): void {
    this.#runs.resign()
  }

  /** Works until the signal is aborted and nothing is under way any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#given
    let isSending = false
    let untold: string | undefined
    const timer = setInterval(() => {
      this.#runs.watchClock()
      if (isSending) return
      isSending = true
      void this.#events.flush().then((because) => {
        isSending = false
        if (because !== undefined && because !== untold) log.warn({ because }, 'could not send Events')
        untold = because
      })
    }, beat)
    this.#watching = Promise.all(this.informers.map((informer) => informer.run()))
    await this.#workers.run(signal)
    clearInterval(timer)
  }

  /** Waits for the informers, which the signal that they were given ends, and tells what is left to tell. */
  async end(): Promise<void> {
    await Promise.all([this.#watching, this.#events.flush()])
  }

  #informer(
    kind: Kind<unknown>,
    happened: (happened: Happened) => void,
    { anew, ...more }: { anew?: () => void; labelSelector?: string; keep?: (object: unknown) => unknown } = {},
  ): Informer {
    const { client, ends, io, log } = this.#given
    return new Informer({
      ...{ client, kind, signal: ends, ticks: io.ticks, random: Math.random, ...more },
      happened,
      failed: (because, isAnew) => {
        log.warn({ kind: kind.kind, because, anew: isAnew }, 'a watch ended')
        if (isAnew) anew?.()
      },
    })
  }
}
