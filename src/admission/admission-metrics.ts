import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { Request, Reviewed } from './review.ts'

/** What becomes of reviews, for Prometheus. */
export class AdmissionMetrics {
  readonly registry = new Registry()
  readonly #reviews: Counter<'kind' | 'result'>
  readonly #failed: Counter
  readonly #seconds: Histogram

  constructor() {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 500 })
    this.#reviews = new Counter({
      name: 'roadcrew_admission_reviews_total',
      help: 'Objects that were reviewed as they were made, by what became of them: patched, warned of, or untouched',
      labelNames: ['kind', 'result'],
      registers,
    })
    this.#failed = new Counter({
      name: 'roadcrew_admission_failed_total',
      help: 'Reviews that could not be read or judged: the object was let through as it was',
      registers,
    })
    this.#seconds = new Histogram({
      name: 'roadcrew_admission_duration_seconds',
      help: 'How long a review took here',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
      registers,
    })
  }

  reviewed({ kind }: Request, { patch, warnings }: Reviewed, ms: number): void {
    const result = patch.length > 0 ? 'patched' : warnings.length > 0 ? 'warned' : 'untouched'
    this.#reviews.inc({ kind, result })
    this.#seconds.observe(ms / 1000)
  }

  failed(): void {
    this.#failed.inc()
  }
}
