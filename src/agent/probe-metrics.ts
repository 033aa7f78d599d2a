import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { ConnectsSeen } from '../linux/connects.ts'
import { upperBound } from '../linux/syn-steps.ts'
import type { Connected } from '../node/connect-probe.ts'

/** Seconds. From 0.95 on each lies between two steps of SYN retransmission: 1, 2, 3, 4, 5, 7, 11 and 15 s (synSteps). */
export const connectBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 0.95, 1.5, 2.5, 3.5, 4.5, 6, 9, 13, 18]

/** What the agent tells Prometheus of its own connects. Without a probe there is no series of them. */
export class ProbeMetrics {
  readonly #seconds: Histogram<'target'>
  readonly #slow: Counter<'target'>
  readonly #failures: Counter<'target' | 'code'>
  readonly #bound: Gauge<'target'>

  constructor(registry: Registry) {
    const registers = [registry]
    this.#seconds = new Histogram({
      name: 'roadcrew_probe_connect_seconds',
      help: "How long the probe's connects took that came about",
      labelNames: ['target'],
      buckets: connectBuckets,
      registers,
    })
    this.#slow = new Counter({
      name: 'roadcrew_probe_slow_total',
      help: 'Of these: how many took as long as a SYN that was lost and sent again',
      labelNames: ['target'],
      registers,
    })
    this.#failures = new Counter({
      name: 'roadcrew_probe_failures_total',
      help: "The probe's connects that did not come about, by the system's code",
      labelNames: ['target', 'code'],
      registers,
    })
    this.#bound = new Gauge({
      name: 'roadcrew_probe_slow_per_10000_at_most',
      help: 'How many of 10,000 connects meet such a step at most, by 95 % and those of the last hour',
      labelNames: ['target'],
      registers,
    })
  }

  /** Takes in one connect. A counter begins at 0 with the first, so that Prometheus sees it grow from there. */
  observe(target: string, connected: Connected, lost: boolean): void {
    if ('ms' in connected) {
      this.#seconds.observe({ target }, connected.ms / 1000)
      this.#slow.inc({ target }, lost ? 1 : 0)
    } else this.#failures.inc({ target, code: connected.because })
  }

  /** Takes in what the last hour came to. */
  bound(connects: readonly ConnectsSeen[]): void {
    for (const { target, connects: tries, lost } of connects)
      this.#bound.set({ target }, Math.ceil(upperBound(lost, tries) * 10_000))
  }
}
