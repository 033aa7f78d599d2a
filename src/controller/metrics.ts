import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Hazard, Subject } from '../contract/hazard.ts'
import type { Judged } from '../engine/look.ts'
import type { Informer } from '../kubernetes/informer.ts'
import type { Progress } from './runs.ts'

const labels = ['namespace', 'cronjob'] as const
type Labels = Record<(typeof labels)[number], string>

const ofSubject = ({ namespace = '', name }: Subject): Labels => ({ namespace, cronjob: name })

/** What is asked when Prometheus asks. */
export interface Asked {
  readonly informers: () => readonly Informer[]
  readonly depth: () => number
  readonly leads: () => boolean
}

/** What the controller tells Prometheus. Series of a CronJob are the leader's alone, and end with it. */
export class ControllerMetrics {
  readonly registry = new Registry()
  readonly #registers = [this.registry]
  readonly #next = this.#gauge('roadcrew_cronjob_next_scheduled_timestamp_seconds', 'When its next run is planned')
  readonly #last = this.#gauge(
    'roadcrew_cronjob_last_scheduled_timestamp_seconds',
    'For when the last run that was started was planned',
  )
  readonly #overdue = this.#gauge(
    'roadcrew_cronjob_overdue_timestamp_seconds',
    'When the first run was planned that should have started by now and has not',
  )
  readonly #missed: Counter<(typeof labels)[number]>
  readonly #lateness: Histogram<'namespace'>
  readonly #findings = new Map<string, readonly Gauge<'namespace' | 'cronjob' | 'reason'>[]>()
  readonly #unknown: Gauge<'hazard'>
  readonly #restarts: Counter<'kind' | 'how'>
  readonly #look: Histogram
  readonly #failed: Counter
  /** Series of findings, by namespace, so that those that ended can be taken back. */
  readonly #shown = new Map<string, readonly (() => void)[]>()
  readonly #notJudged = new Map<string, ReadonlyMap<string, number>>()

  constructor(hazards: readonly Hazard[], { informers, depth, leads }: Asked) {
    const registers = this.#registers
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 500 })
    for (const { id, metrics = {} } of hazards) {
      const counting = Object.entries(metrics).filter(([, { counts }]) => counts === 'findings')
      const labelNames = [...labels, 'reason'] as const
      this.#findings.set(
        id,
        counting.map(([name, { help }]) => new Gauge({ name, help, labelNames, registers })),
      )
    }
    this.#missed = new Counter({
      name: 'roadcrew_cronjob_missed_total',
      help: 'Planned runs that were not started and will not be any more',
      labelNames: labels,
      registers,
    })
    this.#lateness = new Histogram({
      name: 'roadcrew_cronjob_lateness_seconds',
      help: 'How long after its planned time the Job of a run was made',
      labelNames: ['namespace'],
      buckets: [1, 2, 5, 10, 20, 60, 300, 1800, 7200, 43_200],
      registers,
    })
    this.#unknown = new Gauge({
      name: 'roadcrew_controller_not_judged',
      help: 'CronJobs of which the last look could not tell whether the hazard is there',
      labelNames: ['hazard'],
      registers,
    })
    this.#restarts = new Counter({
      name: 'roadcrew_controller_watch_restarts_total',
      help: 'Watches that ended before their time; how: resumed where they were, or all listed anew',
      labelNames: ['kind', 'how'],
      registers,
    })
    this.#look = new Histogram({
      name: 'roadcrew_controller_look_duration_seconds',
      help: 'How long it took to look at one namespace',
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
      registers,
    })
    this.#failed = new Counter({
      name: 'roadcrew_controller_failed_turns_total',
      help: 'Turns of a namespace that ended in an error',
      registers,
    })
    const asked = (name: string, help: string, read: (gauge: Gauge<'kind'>) => void): void =>
      void new Gauge({
        name,
        help,
        labelNames: ['kind'],
        registers,
        collect() {
          read(this)
        },
      })
    asked('roadcrew_controller_leader', '1 if this one leads: it alone judges, tells and acts', (gauge) =>
      gauge.set(leads() ? 1 : 0),
    )
    asked('roadcrew_controller_queue_depth', 'Namespaces that wait for their turn', (gauge) => gauge.set(depth()))
    asked('roadcrew_controller_sync_lag_seconds', 'How long it is not known what changes of a kind', (gauge) => {
      for (const { kind, silent } of informers()) gauge.set({ kind: kind.kind }, silent.ms / 1000)
    })
    asked('roadcrew_controller_objects', 'Objects of a kind that are held', (gauge) => {
      for (const { kind, size } of informers()) gauge.set({ kind: kind.kind }, size)
    })
  }

  restarted(kind: string, anew: boolean): void {
    this.#restarts.inc({ kind, how: anew ? 'anew' : 'resumed' })
  }

  failedTurn(): void {
    this.#failed.inc()
  }

  /** `ms`: how long after its time. */
  started(namespace: string, ms: number): void {
    this.#lateness.observe({ namespace }, Math.max(0, ms) / 1000)
  }

  progress(subject: Subject, { next, last, overdue, missed }: Progress): void {
    const at = ofSubject(subject)
    for (const [gauge, ms] of [
      [this.#next, next],
      [this.#last, last],
      [this.#overdue, overdue],
    ] as const) {
      if (ms === undefined) gauge.remove(at)
      else gauge.set(at, ms / 1000)
    }
    this.#missed.inc(at, missed)
  }

  /** A CronJob that is gone has no series. */
  gone(subject: Subject): void {
    for (const metric of [this.#next, this.#last, this.#overdue, this.#missed]) metric.remove(ofSubject(subject))
  }

  /** All that was judged in one namespace; `tookMs`: the look. */
  looked(namespace: string, judged: readonly Judged[], tookMs: number): void {
    this.#look.observe(tookMs / 1000)
    const before = this.#shown.get(namespace) ?? []
    for (const end of before) end()
    this.#shown.set(
      namespace,
      judged.flatMap((one) => this.#show(one)),
    )
    const unknown = new Map<string, number>()
    for (const { hazard, verdict } of judged) {
      if (verdict.verdict === 'unknown') unknown.set(hazard.id, (unknown.get(hazard.id) ?? 0) + 1)
    }
    this.#notJudged.set(namespace, unknown)
    for (const id of this.#findings.keys()) {
      const all = [...this.#notJudged.values()].map((counts) => counts.get(id) ?? 0)
      this.#unknown.set(
        { hazard: id },
        all.reduce((sum, count) => sum + count, 0),
      )
    }
  }

  #show({ hazard, subject, verdict }: Judged): (() => void)[] {
    if (verdict.verdict !== 'found') return []
    const gauges = this.#findings.get(hazard.id) ?? []
    return verdict.findings.flatMap(({ reason }) =>
      gauges.map((gauge) => {
        const at = { ...ofSubject(subject), reason }
        gauge.set(at, 1)
        return () => gauge.remove(at)
      }),
    )
  }

  /** What another leads tells is not this one's to tell. */
  resign(): void {
    for (const metric of [this.#next, this.#last, this.#overdue, this.#unknown]) metric.reset()
    for (const gauges of this.#findings.values()) for (const gauge of gauges) gauge.reset()
    this.#shown.clear()
    this.#notJudged.clear()
  }

  #gauge(name: string, help: string): Gauge<(typeof labels)[number]> {
    return new Gauge({ name, help: `${help}, seconds since 1970`, labelNames: labels, registers: this.#registers })
  }
}
