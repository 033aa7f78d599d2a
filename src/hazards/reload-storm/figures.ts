// What each controller's metrics tell of its reloads and workers.
import type { Pod } from 'kubernetes-types/core/v1.js'
import type { Kind } from '../../contract/hazard.ts'
import { type PodMetrics, sumOf } from '../../objects/pod-metrics.ts'
import { podTemplateOf } from '../../objects/pod-templates.ts'
import { type ReloaderId, reloaderOf } from './reloaders.ts'

// internal/ingress/metric/collectors/{controller,process}.go of kubernetes/ingress-nginx.
const community = 'nginx_ingress_controller'
// internal/metrics/collectors/{manager,processes}.go of nginx/kubernetes-ingress; its namespace is the same word.
const f5 = 'nginx_ingress_controller_nginx'

const names = {
  start: 'process_start_time_seconds',
  communityReloads: `${community}_success`,
  communityLast: `${community}_config_last_reload_successful`,
  communityGood: `${community}_config_last_reload_successful_timestamp_seconds`,
  processes: `${community}_nginx_process_num_procs`,
  resident: `${community}_nginx_process_resident_memory_bytes`,
  f5Reloads: `${f5}_reloads_total`,
  f5Last: `${f5}_last_reload_status`,
  f5Workers: `${f5}_worker_processes_total`,
  // pkg/controller/legacy/metrics.go of jcmoraisjr/haproxy-ingress: `full` is a reload, `dynamic` and `noop` are none.
  haproxyUpdates: 'haproxyingress_updates_total',
  haproxySuccess: 'haproxyingress_update_success',
  // pkg/metrics/metrics.go of haproxytech/kubernetes-ingress.
  haproxytechReloads: 'haproxy_reloads_total',
  haproxytechStuck: 'haproxy_unable_to_sync_configuration',
} as const

/** Of one Pod; what it does not tell is undefined. Times in ms UTC. */
export interface Figures {
  /** Since its start. */
  readonly reloads?: number | undefined
  /** Of these, for endpoints. */
  readonly forEndpoints?: number | undefined
  readonly started?: number | undefined
  /** Whether the last reload failed. */
  readonly failed?: boolean | undefined
  readonly lastGood?: number | undefined
  /** Workers that end what they have, and those that take what comes. */
  readonly workers?: { readonly old: number; readonly current: number } | undefined
  /** All processes of the container, the controller's own among them (see workers.ts). */
  readonly processes?: number | undefined
  readonly residentBytes?: number | undefined
}

const timeIn = (seconds: number | undefined): number | undefined => (seconds ? seconds * 1000 : undefined)
const is = (value: number | undefined, wanted: number): boolean | undefined =>
  value === undefined ? undefined : value === wanted

const figures: Readonly<Record<ReloaderId, (metrics: PodMetrics) => Figures>> = {
  'ingress-nginx': (metrics) => ({
    reloads: sumOf(metrics, names.communityReloads),
    failed: is(sumOf(metrics, names.communityLast), 0),
    lastGood: timeIn(sumOf(metrics, names.communityGood)),
    processes: sumOf(metrics, names.processes),
    residentBytes: sumOf(metrics, names.resident),
  }),
  'nginx-ingress': (metrics) => {
    const [old, current] = ['old', 'current'].map((generation) => sumOf(metrics, names.f5Workers, { generation }))
    return {
      reloads: sumOf(metrics, names.f5Reloads),
      forEndpoints: sumOf(metrics, names.f5Reloads, { reason: 'endpoints' }),
      failed: is(sumOf(metrics, names.f5Last), 0),
      workers: old === undefined || current === undefined ? undefined : { old, current },
    }
  },
  'haproxy-ingress': (metrics) => ({
    reloads: sumOf(metrics, names.haproxyUpdates, { status: 'full' }),
    failed: is(sumOf(metrics, names.haproxySuccess), 0),
  }),
  haproxytech: (metrics) => ({
    reloads: sumOf(metrics, names.haproxytechReloads, { result: 'success' }),
    failed: is(sumOf(metrics, names.haproxytechStuck), 1),
  }),
}

export const figuresOf = (id: ReloaderId, metrics: PodMetrics): Figures => ({
  ...figures[id](metrics),
  started: timeIn(sumOf(metrics, names.start)),
})

/** The metrics of Pods that are such controllers, where they serve any. */
export const controllerMetrics: Kind<PodMetrics> = {
  kind: 'PodMetrics',
  metrics: {
    names: Object.values(names),
    at(pod: Pod) {
      const template = podTemplateOf(pod)
      const port = template && reloaderOf(template, pod.metadata?.namespace)?.metricsPort
      return port === undefined ? undefined : { port, path: '/metrics' }
    },
  },
}
