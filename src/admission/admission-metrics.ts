import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Request, Reviewed } from './review.ts'

/** What becomes of reviews, for Prometheus. */
export class AdmissionMetrics {
  readonly registry = new Registry()
  readonly #reviews: Counter<'kind' | 'result'>
  readonly #failed: Counter
  readonly #strays: Counter
  readonly #distrusted: Counter
  readonly #seconds: Histogram

  /** @param certificateLeft for how long (ms) the certificate that is served is still valid; undefined while there is none. */
  constructor(certificateLeft: () => number | undefined) {
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
    this.#strays = new Counter({
      name: 'roadcrew_admission_strays_total',
      help: 'Requests that are no reviews: of another path or method than an API server sends',
      registers,
    })
    this.#distrusted = new Counter({
      name: 'roadcrew_admission_distrusted_total',
      help: 'Connections that a client broke off since it does not trust the certificate; an API server then lets objects through as they are',
      registers,
    })
    new Gauge({
      name: 'roadcrew_admission_certificate_left_seconds',
      help: 'For how long the certificate that is served is still valid; negative: it has expired',
      registers,
      collect() {
        const left = certificateLeft()
        if (left === undefined) this.remove()
        else this.set(left / 1000)
      },
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

  strayed(): void {
    this.#strays.inc()
  }

  distrusted(): void {
    this.#distrusted.inc()
  }
}
