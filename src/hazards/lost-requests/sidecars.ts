// Proxies that stand beside an application: stopped before it, they take its connections with them.
import type { Container, PodSpec } from 'kubernetes-types/core/v1.js'
import type { Version } from '../../contract/hazard.ts'
import { durationSeconds, waitOf } from '../../objects/pre-stop.ts'
import { olderThan } from '../../objects/version.ts'

/** From 1.29 on an init container with restartPolicy Always is stopped after all others (KEP-753: beta 1.29, GA 1.33). */
const sidecarsSince = 29

interface Proxy {
  readonly title: string
  readonly container: RegExp
  readonly image: RegExp
  /** How long it goes on after SIGTERM by default (s). */
  readonly drains: number
  /** A flag, variable or annotation with which it waits for the application's connections. */
  readonly waits: RegExp
  readonly fix: string
}

const proxies: readonly Proxy[] = [
  {
    title: 'Istio proxy',
    container: /^istio-proxy$/,
    image: /istio.*proxyv2|(^|\/)proxyv2[:@]/,
    drains: 5, // terminationDrainDuration (istio.io, MeshConfig ProxyConfig)
    waits: /EXIT_ON_ZERO_ACTIVE_CONNECTIONS/,
    fix: 'annotate the pod template with proxy.istio.io/config: {"proxyMetadata": {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true"}}, or let Istio inject native sidecars',
  },
  {
    title: 'Linkerd proxy',
    container: /^linkerd-proxy$/,
    image: /linkerd.*\/proxy[:@]/,
    drains: 0,
    waits: /proxy-wait-before-exit-seconds/,
    fix: 'annotate the pod template with config.alpha.linkerd.io/proxy-wait-before-exit-seconds, or let Linkerd inject native sidecars',
  },
  {
    title: 'Cloud SQL proxy',
    container: /^cloud-?sql-proxy$/,
    image: /cloud-?sql-(?:docker\/gce-)?proxy/,
    drains: 0,
    waits: /max-sigterm-delay|term_timeout/,
    fix: 'start it with --max-sigterm-delay, or make it a native sidecar (an init container with restartPolicy Always, from 1.29 on)',
  },
  {
    title: 'Envoy',
    container: /^envoy(?:-proxy|-sidecar)?$|^consul-dataplane$|^kuma-sidecar$/,
    image: /envoyproxy\/envoy[:@]|consul-dataplane|kuma-dp/,
    drains: 0,
    waits: /shutdown-drain|drain-listeners|shutdown-grace-period/,
    fix: 'give it the same preStop wait as the application',
  },
]

const proxyOf = ({ name, image = '' }: Container): Proxy | undefined =>
  proxies.find((one) => one.container.test(name) || one.image.test(image))

/** A proxy that is gone before its application stops taking requests; durations in seconds. */
export interface EarlyProxy {
  readonly container: Container
  readonly place: number
  readonly title: string
  readonly fix: string
  readonly goneAfter: number
}

/**
 * The proxies among `containers` that stop before the application has waited `waited` seconds. All containers get SIGTERM on
 * their own, each after its own hook (Kubernetes, pkg/kubelet/kuberuntime/kuberuntime_container.go, killContainersWithSyncResult).
 */
export function earlyProxies(
  containers: readonly Container[],
  annotations: Readonly<Record<string, string>>,
  waited: number,
  version: Version | undefined,
): EarlyProxy[] {
  return containers.flatMap((container, place) => {
    const proxy = proxyOf(container)
    if (!proxy || containers.length === 1) return []
    const texts = [
      ...Object.entries(annotations).map(([key, value]) => `${key}: ${value}`),
      ...envOf(container),
      ...(container.args ?? []),
      ...(container.command ?? []),
    ]
    if (texts.some((text) => proxy.waits.test(text) && !/:\s*"?(?:false|0)"?$/.test(text))) return []
    const hook = waitOf(container.lifecycle?.preStop, version)
    if (hook.is === 'unknown') return []
    const goneAfter = (hook.is === 'known' ? hook.seconds : 0) + drainOf(proxy, annotations)
    return goneAfter < waited ? [{ container, place, title: proxy.title, fix: proxy.fix, goneAfter }] : []
  })
}

const envOf = ({ env }: Container): string[] => (env ?? []).map(({ name, value = '' }) => `${name}: ${value}`)

/** Istio lets a Pod say how long its proxy drains. */
function drainOf({ drains }: Proxy, annotations: Readonly<Record<string, string>>): number {
  const told = /terminationDrainDuration"?\s*:\s*"?(\w+)/.exec(annotations['proxy.istio.io/config'] ?? '')?.[1]
  return (told === undefined ? undefined : durationSeconds(told)) ?? drains
}

/** Native sidecars: stopped after the others, so they never stop too early. Before 1.29 the field does not count. */
export const nativeSidecars = (spec: PodSpec, version: Version | undefined): readonly Container[] =>
  olderThan(version, sidecarsSince) ? [] : (spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always')
