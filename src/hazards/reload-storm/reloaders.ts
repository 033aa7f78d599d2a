// Ingress controllers that write a configuration file and reload the proxy with it. Those that hand changes to their proxy as it runs (Kong
// over its Admin API, APISIX over etcd, Traefik, Envoy) have no such question.
import type { Container } from 'kubernetes-types/core/v1.js'
import type { Path } from '../../contract/hazard.ts'
import { imageOf } from '../../objects/image.ts'
import { ingressControllerOf } from '../../objects/ingress-controllers.ts'
import type { PodTemplate } from '../../objects/pod-templates.ts'

export type ReloaderId = 'ingress-nginx' | 'nginx-ingress' | 'haproxytech' | 'haproxy-ingress'

/** How a controller is told things, and where it tells of itself. */
interface Manner {
  /** Flags that name its ConfigMap. */
  readonly configMap: string
  /** The ConfigMap's key that limits how long old workers live, and what holds without it (s; undefined: no limit). */
  readonly timeout: { readonly key: string; readonly seconds?: number }
  readonly metrics: { readonly port: number; readonly portFlag: string; readonly on: (flag: FlagOf) => boolean }
}

type FlagOf = (name: string) => string | undefined

/**
 * ingress-nginx: pkg/flags/flags.go, docs/user-guide/nginx-configuration/configmap.md. nginx/kubernetes-ingress:
 * cmd/nginx-ingress/flags.go, and its documentation of ConfigMap keys. haproxytech/kubernetes-ingress: documentation/controller.md.
 * jcmoraisjr/haproxy-ingress: docs/content/en/docs/configuration/{command-line,keys}.md.
 */
const manners: Readonly<Record<ReloaderId, Manner>> = {
  'ingress-nginx': {
    configMap: 'configmap',
    timeout: { key: 'worker-shutdown-timeout', seconds: 240 },
    metrics: { port: 10254, portFlag: 'healthz-port', on: (flag) => flag('enable-metrics') !== 'false' },
  },
  'nginx-ingress': {
    configMap: 'nginx-configmaps',
    timeout: { key: 'worker-shutdown-timeout' },
    metrics: {
      port: 9113,
      portFlag: 'prometheus-metrics-listen-port',
      on: (flag) => ![undefined, 'false'].includes(flag('enable-prometheus-metrics')) && !flag('prometheus-tls-secret'),
    },
  },
  haproxytech: {
    configMap: 'configmap',
    timeout: { key: 'hard-stop-after', seconds: 1800 },
    metrics: {
      port: 6060,
      portFlag: 'controller-port',
      on: (flag) => ![undefined, 'false'].includes(flag('prometheus')),
    },
  },
  'haproxy-ingress': {
    configMap: 'configmap',
    timeout: { key: 'timeout-stop', seconds: 600 },
    metrics: { port: 10254, portFlag: 'healthz-port', on: () => true },
  },
}

const isReloader = (id: string): id is ReloaderId => Object.hasOwn(manners, id)

export interface Reloader {
  readonly id: ReloaderId
  readonly title: string
  /** Since when its project has ended, for people. */
  readonly retired: string | undefined
  readonly container: Container
  /** Of the container, in the object. */
  readonly path: Path
  /** Each change of the endpoints behind it is a reload. */
  readonly reloadsOnEndpoints: boolean
  readonly timeout: Manner['timeout']
  /** `namespace/name`, where a flag names it. */
  readonly configMap: string | undefined
  /** Where it serves metrics; undefined if it is told not to, not told to, or to serve them by TLS. */
  readonly metricsPort: number | undefined
}

/** The controller among a Pod's containers; undefined if there is none that reloads. `namespace`: the Pod's. */
export function reloaderOf(template: PodTemplate, namespace: string | undefined): Reloader | undefined {
  for (const [place, container] of template.spec.containers.entries()) {
    const known = ingressControllerOf(container.image, template.labels)
    if (!known || !isReloader(known.id)) continue
    const manner = manners[known.id]
    const flag: FlagOf = (name) => flagOf(container, name)
    return {
      id: known.id,
      title: known.title,
      retired: known.retired,
      container,
      path: [...template.path, 'containers', place],
      reloadsOnEndpoints: reloadsOnEndpoints(known.id, container, flag),
      timeout: timeoutOf(known.id, container, manner.timeout),
      configMap: flag(manner.configMap)?.replace(/^\$\(\w*NAMESPACE\)/, namespace ?? ''),
      metricsPort: manner.metrics.on(flag) ? portOf(flag(manner.metrics.portFlag), manner.metrics.port) : undefined,
    }
  }
  return undefined
}

/** 10 s before 0.26 (kubernetes/ingress-nginx#4607). */
function timeoutOf(id: ReloaderId, container: Container, usual: Manner['timeout']): Manner['timeout'] {
  const { repository, version } = imageOf(container.image ?? '')
  const old = id === 'ingress-nginx' && /controller$/.test(repository) && version?.major === 0 && version.minor < 26
  return old ? { ...usual, seconds: 10 } : usual
}

const portOf = (text: string | undefined, usual: number): number => {
  const port = Number(text)
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : usual
}

/**
 * NGINX Plus takes new endpoints through its API, open source NGINX by a reload. ingress-nginx balances in Lua: from 0.12 on where it is told
 * to, from 0.18 on unless it is told not to, from 0.21 on always (kubernetes/ingress-nginx#2174, #2794, #3252). HAProxy takes them over
 * its runtime socket while it has free server slots.
 */
function reloadsOnEndpoints(id: ReloaderId, container: Container, flag: FlagOf): boolean {
  const { repository, version } = imageOf(container.image ?? '')
  if (id === 'nginx-ingress') return !/nginx-plus-ingress$/.test(repository) && flag('nginx-plus') === undefined
  if (id !== 'ingress-nginx' || version === undefined || version.major > 0 || !/controller$/.test(repository))
    return false
  const told = flag('enable-dynamic-configuration')
  if (version.minor < 12) return true
  return version.minor < 18 ? told === undefined || told === 'false' : version.minor < 21 && told === 'false'
}

/** What a flag is set to in command or arguments, `--name=value` or `--name value`; `true` for a bare one. */
export function flagOf({ command, args }: Container, name: string): string | undefined {
  const words = [...(command ?? []), ...(args ?? [])]
  const place = words.findLastIndex((word) => new RegExp(`^--?${name}(?:=|$)`).test(word))
  const word = words[place]
  if (word === undefined) return undefined
  if (word.includes('=')) return word.slice(word.indexOf('=') + 1)
  const next = words[place + 1]
  return next === undefined || next.startsWith('-') ? 'true' : next
}
