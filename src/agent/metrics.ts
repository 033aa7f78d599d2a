import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Hazard } from '../contract/hazard.ts'
import type { Look } from '../engine/look.ts'
import type { Inspection } from '../linux/container.ts'
import { hasAnswered, type KubeletSeen } from '../linux/kubelet.ts'
import { IpvsMetrics } from './ipvs-metrics.ts'
import { NetworkMetrics } from './network-metrics.ts'
import { ProbeMetrics } from './probe-metrics.ts'
import type { Round } from './round.ts'

const labels = ['namespace', 'pod', 'container', 'reason'] as const

/** What the agent tells Prometheus. Series of findings are made anew each round, so that none outlives its container. */
export class AgentMetrics {
  readonly registry = new Registry()
  /** Told of each connect by itself, between rounds. */
  readonly probe: ProbeMetrics
  readonly #findings = new Map<string, readonly Gauge<(typeof labels)[number]>[]>()
  readonly #inspections: Histogram<'answer'>
  readonly #answers: Gauge<'runtime'>
  readonly #network: NetworkMetrics
  readonly #ipvs: IpvsMetrics
  readonly #kubelet: Gauge<'page'>
  readonly #relist: Gauge<'runtime'>
  readonly #unknown: Gauge<'hazard'>
  readonly #containers: Gauge
  readonly #round: Gauge
  readonly #last: Gauge

  constructor(hazards: readonly Hazard[]) {
    const registers = [this.registry]
    // Its own default wakes the process a hundred times a second, which costs more than most rounds.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 500 })
    for (const { id, metrics = {} } of hazards) {
      const counting = Object.entries(metrics).filter(([, { counts }]) => counts === 'findings')
      this.#findings.set(
        id,
        counting.map(([name, { help }]) => new Gauge({ name, help, labelNames: labels, registers })),
      )
    }
    const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Gauge({ name, help, labelNames, registers })
    this.#inspections = new Histogram({
      name: 'roadcrew_inspection_duration_seconds',
      help: 'How long the runtime took to answer for one container, or until nobody waited any more',
      labelNames: ['answer'],
      buckets: [0.002, 0.01, 0.05, 0.25, 1, 2.5, 5, 10],
      registers,
    })
    this.#answers = gauge('roadcrew_runtime_answers', '1 if the runtime itself answered in the last round', 'runtime')
    this.#kubelet = gauge('roadcrew_kubelet_answers', '1 if a page of the kubelet answered in time', 'page')
    this.#relist = gauge(
      'roadcrew_pleg_last_seen_age_seconds',
      'How long ago the last relist of the kubelet began, by its own metrics; it is unhealthy after 180',
      'runtime',
    )
    this.#unknown = gauge('roadcrew_not_judged', 'Subjects of which the last round could not tell anything', 'hazard')
    this.#network = new NetworkMetrics(this.registry)
    this.#ipvs = new IpvsMetrics(this.registry)
    this.probe = new ProbeMetrics(this.registry)
    this.#containers = gauge('roadcrew_containers', 'Containers that the runtime listed in the last round')
    this.#round = gauge('roadcrew_round_duration_seconds', 'How long the last round took')
    this.#last = gauge('roadcrew_last_round_timestamp_seconds', 'When the last round ended, seconds since 1970')
  }

  /** Takes over what a round saw and what was made of it. `tookMs`: of the round; `now`: ms UTC. */
  observe(
    { runtime, containers, kubelet, network, ipvs, connects }: Round,
    { judged }: Look,
    tookMs: number,
    now: number,
  ): void {
    if (!('unread' in containers)) this.#observeInspections(containers.map(({ object }) => object.inspection))
    this.#answers.set({ runtime: runtime.name }, runtime.answers.because === undefined ? 1 : 0)
    this.#observeKubelet(kubelet, runtime.name)
    this.#network.observe(network)
    this.#ipvs.observe(ipvs)
    if (connects) this.probe.bound(connects)
    this.#containers.set(runtime.containers)
    this.#round.set(tookMs / 1000)
    this.#last.set(now / 1000)
    for (const [hazard, gauges] of this.#findings) {
      for (const gauge of gauges) gauge.reset()
      const own = judged.filter((one) => one.hazard.id === hazard)
      this.#unknown.set({ hazard }, own.filter(({ verdict }) => verdict.verdict === 'unknown').length)
      for (const { subject, verdict } of own) {
        const { namespace = '', pod = '', name } = subject
        for (const { reason } of verdict.verdict === 'found' ? verdict.findings : []) {
          for (const gauge of gauges) gauge.set({ namespace, pod, container: name, reason }, 1)
        }
      }
    }
  }

  /** Of what was not asked, or could not be, there is no series. */
  #observeKubelet(kubelet: KubeletSeen | undefined, runtime: string): void {
    this.#kubelet.reset()
    this.#relist.reset()
    if (!kubelet) return
    const { healthz, metrics, resource, summary, pleg } = kubelet
    for (const [page, answer] of Object.entries({ healthz, metrics, resource, summary })) {
      if (hasAnswered(answer)) this.#kubelet.set({ page }, 1)
      else if (answer.how === 'mute' || answer.how === 'fails') this.#kubelet.set({ page }, 0)
    }
    if (pleg?.lastSeen !== undefined) this.#relist.set({ runtime }, Math.max(pleg.at - pleg.lastSeen, 0) / 1000)
  }

  /** Each once, however often its answer is told again. */
  #observeInspections(inspections: readonly Inspection[]): void {
    for (const one of inspections) {
      if (!('earlier' in one)) this.#inspections.observe({ answer: one.answer }, one.ms / 1000)
    }
  }
}
