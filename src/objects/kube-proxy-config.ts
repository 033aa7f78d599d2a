// What kube-proxy was told, out of the ConfigMap that it reads at its start.
import type { ConfigMap } from 'kubernetes-types/core/v1.js'
import type { Json, Path, Unread } from '../contract/hazard.ts'
import { DurationError, parseDuration } from './duration.ts'
import { parseYaml, YamlError } from './yaml.ts'

/**
 * The fields of KubeProxyConfiguration that decide about NAT, IPVS and conntrack (Kubernetes,
 * staging/src/k8s.io/kube-proxy/config/v1alpha1/types.go). Durations in ms. undefined: not set, so that kube-proxy's own default
 * holds (pkg/proxy/apis/config/v1alpha1/defaults.go).
 */
export interface KubeProxyConfig {
  /** Where the document stands in the ConfigMap: `['data', <key>]`. */
  readonly field: Path
  /** As written: `iptables`, `ipvs`, `nftables`, `userspace` (until 1.25), `kernelspace`; '' is the platform's default. */
  readonly mode: string
  readonly clusterCIDR: string
  readonly detectLocalMode: string
  readonly nodePortAddresses: readonly string[]
  readonly featureGates: Readonly<Record<string, boolean>>
  readonly iptables: {
    readonly masqueradeAll: boolean
    /** undefined: true. */
    readonly localhostNodePorts: boolean | undefined
    readonly syncPeriod: number | undefined
    readonly minSyncPeriod: number | undefined
  }
  readonly ipvs: {
    /** '': round robin. */
    readonly scheduler: string
    readonly strictARP: boolean
    readonly excludeCIDRs: readonly string[]
    readonly syncPeriod: number | undefined
    readonly minSyncPeriod: number | undefined
    /** 0 or undefined: what the system has. So too the next two. */
    readonly tcpTimeout: number | undefined
    readonly tcpFinTimeout: number | undefined
    readonly udpTimeout: number | undefined
  }
  readonly nftables: { readonly masqueradeAll: boolean }
  readonly conntrack: {
    readonly maxPerCore: number | undefined
    readonly min: number | undefined
    readonly tcpEstablishedTimeout: number | undefined
    readonly tcpCloseWaitTimeout: number | undefined
    readonly tcpBeLiberal: boolean
    readonly udpTimeout: number | undefined
    readonly udpStreamTimeout: number | undefined
  }
}

const kindLine = /\bkind["']?\s*:\s*["']?KubeProxyConfiguration\b/

/**
 * The KubeProxyConfiguration that a ConfigMap holds, under whatever key: `config.conf` (kubeadm), `config` (EKS), others.
 * undefined if none of its values is one; unread, with place and reason, if it is broken or of a version that is not known:
 * kube-proxy would not start with it.
 */
export function kubeProxyConfigOf({ data }: ConfigMap): KubeProxyConfig | Unread | undefined {
  const [key, text] = Object.entries(data ?? {}).find(([, value]) => kindLine.test(value)) ?? []
  if (key === undefined || text === undefined) return undefined
  try {
    return read(mapOf(parseYaml(text), 'the document'), key)
  } catch (error) {
    if (error instanceof YamlError || error instanceof Misfit) return { unread: `${key}: ${error.message}` }
    throw error
  }
}

class Misfit extends Error {}

type JsonMap = { readonly [key: string]: Json }

const isMap = (value: Json | undefined): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const mapOf = (value: Json | undefined, name: string): JsonMap => {
  if (value === undefined || value === null) return {}
  if (!isMap(value)) throw new Misfit(`${name} has to be a map`)
  return value
}

function read(document: JsonMap, key: string): KubeProxyConfig {
  const { apiVersion, kind } = document
  if (kind !== 'KubeProxyConfiguration' || apiVersion !== 'kubeproxy.config.k8s.io/v1alpha1')
    throw new Misfit(`${kind ?? 'no kind'} in ${apiVersion ?? 'no apiVersion'} is not known`)
  const top = fieldsOf(document, '')
  const [iptables, ipvs, nftables, conntrack] = ['iptables', 'ipvs', 'nftables', 'conntrack'].map((name) =>
    fieldsOf(mapOf(document[name], name), `${name}.`),
  ) as [Fields, Fields, Fields, Fields]
  return {
    field: ['data', key],
    mode: top.text('mode'),
    clusterCIDR: top.text('clusterCIDR'),
    detectLocalMode: top.text('detectLocalMode'),
    nodePortAddresses: top.texts('nodePortAddresses'),
    featureGates: top.flags('featureGates'),
    iptables: {
      masqueradeAll: iptables.flag('masqueradeAll') ?? false,
      localhostNodePorts: iptables.flag('localhostNodePorts'),
      syncPeriod: iptables.duration('syncPeriod'),
      minSyncPeriod: iptables.duration('minSyncPeriod'),
    },
    ipvs: {
      scheduler: ipvs.text('scheduler'),
      strictARP: ipvs.flag('strictARP') ?? false,
      excludeCIDRs: ipvs.texts('excludeCIDRs'),
      syncPeriod: ipvs.duration('syncPeriod'),
      minSyncPeriod: ipvs.duration('minSyncPeriod'),
      tcpTimeout: ipvs.duration('tcpTimeout'),
      tcpFinTimeout: ipvs.duration('tcpFinTimeout'),
      udpTimeout: ipvs.duration('udpTimeout'),
    },
    nftables: { masqueradeAll: nftables.flag('masqueradeAll') ?? false },
    conntrack: {
      maxPerCore: conntrack.number('maxPerCore'),
      min: conntrack.number('min'),
      tcpEstablishedTimeout: conntrack.duration('tcpEstablishedTimeout'),
      tcpCloseWaitTimeout: conntrack.duration('tcpCloseWaitTimeout'),
      tcpBeLiberal: conntrack.flag('tcpBeLiberal') ?? false,
      udpTimeout: conntrack.duration('udpTimeout'),
      udpStreamTimeout: conntrack.duration('udpStreamTimeout'),
    },
  }
}

type Fields = ReturnType<typeof fieldsOf>

/** Reads fields of a map by their type; null is unset, as for Go; another type is an error, as for kube-proxy. */
function fieldsOf(map: JsonMap, prefix: string) {
  const typed = <T>(name: string, is: (value: Json) => value is Json & T, wanted: string): T | undefined => {
    const value = map[name] ?? undefined
    if (value === undefined) return undefined
    if (!is(value)) throw new Misfit(`${prefix}${name} has to be ${wanted}, not ${JSON.stringify(value)}`)
    return value
  }
  const text = (name: string) => typed(name, isText, 'a string') ?? ''
  return {
    text,
    texts: (name: string): readonly string[] => typed(name, areTexts, 'a list of strings') ?? [],
    flag: (name: string): boolean | undefined => typed(name, isFlag, 'true or false'),
    flags: (name: string): Readonly<Record<string, boolean>> => typed(name, areFlags, 'a map of true and false') ?? {},
    number: (name: string): number | undefined => typed(name, isWhole, 'a whole number'),
    duration(name: string): number | undefined {
      const given = typed(name, isText, 'a duration such as 30s')
      if (given === undefined) return undefined
      try {
        return Number(parseDuration(given) / 1_000n) / 1_000
      } catch (error) {
        if (error instanceof DurationError) throw new Misfit(`${prefix}${name}: ${error.message}`)
        throw error
      }
    },
  }
}

const isText = (value: Json): value is string => typeof value === 'string'
const isFlag = (value: Json): value is boolean => typeof value === 'boolean'
const isWhole = (value: Json): value is number => Number.isInteger(value)
const areTexts = (value: Json): value is string[] => Array.isArray(value) && value.every(isText)
const areFlags = (value: Json): value is Record<string, boolean> => isMap(value) && Object.values(value).every(isFlag)
