import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { invalidReasons } from '../zoned-cronjob/timing.ts'

const labels = ['namespace', 'zonedcronjob', 'reason'] as const

/** What is asked when Prometheus asks: how many have a time at which they are looked at, and of how many it has come. */
export interface Waiting {
  readonly planned: () => number
  readonly overdue: () => number
}

/** What becomes of the runs of ZonedCronJobs, for Prometheus. */
export class ZonedMetrics {
  readonly #lateness: Histogram<'namespace'>
  readonly #missed: Counter<(typeof labels)[number]>
  readonly #blocked: Gauge<(typeof labels)[number]>
  readonly #invalid: Gauge<(typeof labels)[number]>
  readonly #requests: Counter<'what'>
  readonly #failed: Counter

  constructor(registry: Registry, { planned, overdue }: Waiting) {
    const registers = [registry]
    this.#lateness = new Histogram({
      name: 'roadcrew_zonedcronjob_lateness_seconds',
      help: 'How long after its time, what spread adds included, the Job of a run was created',
      labelNames: ['namespace'],
      buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 300, 3600],
      registers,
    })
    this.#missed = new Counter({
      name: 'roadcrew_zonedcronjob_missed_total',
      help: 'Runs that were due and are not started any more',
      labelNames: labels,
      registers,
    })
    this.#blocked = new Gauge({
      name: 'roadcrew_zonedcronjob_blocked',
      help: '1 while a run is due that can not be started',
      labelNames: labels,
      registers,
    })
    this.#invalid = new Gauge({
      name: 'roadcrew_zonedcronjob_invalid',
      help: '1 while it can not be used as it is written, and starts nothing',
      labelNames: labels,
      registers,
    })
    this.#requests = new Counter({
      name: 'roadcrew_zonedcronjob_requests_total',
      help: 'Requests to the API server, beside lists and watches',
      labelNames: ['what'],
      registers,
    })
    this.#failed = new Counter({
      name: 'roadcrew_zonedcronjob_failed_turns_total',
      help: 'Turns that ended in an error, and are tried again',
      registers,
    })
    for (const [name, help, read] of [
      ['roadcrew_zonedcronjob_planned', 'ZonedCronJobs whose next run is known, or that wait for their turn', planned],
      ['roadcrew_zonedcronjob_overdue', 'ZonedCronJobs whose turn has come and not begun', overdue],
    ] as const) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    }
  }

  /** `ms`: how late. */
  started(namespace: string, ms: number): void {
    this.#lateness.observe({ namespace }, Math.max(0, ms) / 1000)
  }

  missed(namespace: string, zonedcronjob: string, reason: string, count: number): void {
    this.#missed.inc({ namespace, zonedcronjob, reason }, count)
  }

  /** `reason`: undefined where nothing is. */
  blocked(namespace: string, zonedcronjob: string, reason: string | undefined): void {
    for (const known of ['StillRunning', 'QuotaExceeded', 'Refused', 'ClockBehind', 'ClockWrong']) {
      const at = { namespace, zonedcronjob, reason: known }
      if (known === reason) this.#blocked.set(at, 1)
      else this.#blocked.remove(at)
    }
  }

  /** `reason`: undefined where all is well. */
  invalid(namespace: string, zonedcronjob: string, reason: string | undefined): void {
    for (const known of invalidReasons) {
      const at = { namespace, zonedcronjob, reason: known }
      if (known === reason) this.#invalid.set(at, 1)
      else this.#invalid.remove(at)
    }
  }

  asked(what: string): void {
    this.#requests.inc({ what })
  }

  failedTurn(): void {
    this.#failed.inc()
  }

  /** Another leads. */
  resign(): void {
    this.#blocked.reset()
    this.#invalid.reset()
  }
}
