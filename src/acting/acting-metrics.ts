import { Counter, Gauge, type Registry } from 'prom-client'
import type { Audit } from '../engine/executor.ts'
import type { Outcome, Watched } from './follow-up.ts'

/** What the agent tells Prometheus of what it does, would do or holds back. No label is a container's: none has to end. */
export class ActingMetrics {
  readonly #steps: Counter<'hazard' | 'step' | 'outcome' | 'rail'>
  readonly #followed: Counter<'hazard' | 'step' | 'outcome'>
  readonly #acting: Gauge
  readonly #unreadable: Gauge<'what'>
  readonly #dropped: Counter

  constructor(registry: Registry) {
    const registers = [registry]
    this.#steps = new Counter({
      name: 'roadcrew_steps_total',
      help: 'Steps of remedies by what came of them; rail: which one held a step back',
      labelNames: ['hazard', 'step', 'outcome', 'rail'],
      registers,
    })
    this.#followed = new Counter({
      name: 'roadcrew_steps_followed_total',
      help: 'What became of the subjects of steps that were done or advised',
      labelNames: ['hazard', 'step', 'outcome'],
      registers,
    })
    this.#acting = new Gauge({ name: 'roadcrew_acting', help: '1 if the policy and the flags let it act', registers })
    this.#unreadable = new Gauge({
      name: 'roadcrew_unreadable',
      help: '1 if the last attempt to read it failed; what rails need and can not read holds every step back',
      labelNames: ['what'],
      registers,
    })
    this.#dropped = new Counter({
      name: 'roadcrew_events_dropped_total',
      help: 'Events that were thrown away because the API server did not take them',
      registers,
    })
  }

  step({ hazard, step, outcome, rail = '' }: Audit): void {
    this.#steps.inc({ hazard, step, outcome, rail })
  }

  followed({ hazard, step }: Watched, outcome: Outcome): void {
    this.#followed.inc({ hazard, step, outcome })
  }

  acting(does: boolean): void {
    this.#acting.set(does ? 1 : 0)
  }

  unreadable(what: string, is: boolean): void {
    this.#unreadable.set({ what }, is ? 1 : 0)
  }

  dropped(count: number): void {
    this.#dropped.inc(count)
  }
}
