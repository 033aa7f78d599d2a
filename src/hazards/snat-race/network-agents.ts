// Which containers of a DaemonSet make rules that change the source, and what they are told: flags and environment.
import type { DaemonSet } from 'kubernetes-types/apps/v1.js'
import type { Container } from 'kubernetes-types/core/v1.js'
import type { Path, Version } from '../../contract/hazard.ts'
import { imageOf } from '../../objects/image.ts'
import { podTemplateOf } from '../../objects/pod-templates.ts'

/** As src/linux/snat-owners.ts calls them. */
export type OwnerName =
  | 'kube-proxy'
  | 'flannel'
  | 'Calico'
  | 'Cilium'
  | 'AWS VPC CNI'
  | 'ip-masq-agent'
  | 'Antrea'
  | 'kube-router'
  | 'Weave Net'

interface Told {
  readonly text: string
  readonly path: Path
}

/** One container that makes such rules. Paths are those in the DaemonSet. */
export interface NetworkAgent {
  readonly owner: OwnerName
  readonly image: string
  readonly imagePath: Path
  readonly version: Version | undefined
  /** Of command and args, in order. */
  readonly words: readonly Told[]
  /** `text` is undefined where the value comes from elsewhere. */
  readonly env: readonly { readonly name: string; readonly text: string | undefined; readonly path: Path }[]
  readonly envPath: Path
}

/** The agents of one DaemonSet. Only this stays in memory. */
export interface NetworkAgents {
  readonly agents: readonly NetworkAgent[]
  /** The ConfigMaps that it mounts. */
  readonly configMaps: readonly string[]
}

/** By the repository of the image, also where a registry mirrors it under a longer name; some images serve several containers. */
const images: readonly { readonly owner: OwnerName; readonly repository: RegExp; readonly container?: string }[] = [
  { owner: 'kube-proxy', repository: /(?:^|\/)kube-proxy(?:-[a-z0-9]+)?$/ },
  { owner: 'flannel', repository: /(?:^|[/-])flannel$/ },
  { owner: 'Calico', repository: /(?:^|[/-])calico[/-]node$/ },
  { owner: 'Cilium', repository: /(?:^|[/-])cilium$/, container: 'cilium-agent' },
  { owner: 'AWS VPC CNI', repository: /(?:^|\/)amazon-k8s-cni$/ },
  { owner: 'ip-masq-agent', repository: /(?:^|\/)ip-masq-agent(?:-[a-z0-9]+)?$/ },
  { owner: 'Antrea', repository: /(?:^|[/-])antrea-(?:agent-)?[a-z0-9]+$/, container: 'antrea-agent' },
  { owner: 'kube-router', repository: /(?:^|[/-])kube-router$/ },
  { owner: 'Weave Net', repository: /(?:^|\/)weave-kube$/ },
]

/** undefined for the many DaemonSets that make no such rule, as none does on Windows. */
export function agentsOf(daemonSet: DaemonSet): NetworkAgents | undefined {
  const template = podTemplateOf(daemonSet)
  if (!template || template.spec.nodeSelector?.['kubernetes.io/os'] === 'windows') return undefined
  const { spec, path } = template
  const agents = spec.containers.flatMap((container, place) => {
    const { repository, version } = imageOf(container.image ?? '')
    const known = images.find(
      (one) => one.repository.test(repository) && (one.container === undefined || one.container === container.name),
    )
    return known ? [agentOf(known.owner, container, version, [...path, 'containers', place])] : []
  })
  const configMaps = (spec.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? [])
  return agents.length > 0 ? { agents, configMaps } : undefined
}

function agentOf(owner: OwnerName, container: Container, version: Version | undefined, path: Path): NetworkAgent {
  const told = (where: 'command' | 'args') =>
    (container[where] ?? []).map((text, place) => ({ text, path: [...path, where, place] }))
  return {
    owner,
    image: container.image ?? '',
    imagePath: [...path, 'image'],
    version,
    words: [...told('command'), ...told('args')],
    env: (container.env ?? []).map(({ name, value, valueFrom }, place) => ({
      name,
      text: valueFrom ? undefined : (value ?? ''),
      path: [...path, 'env', place, 'value'],
    })),
    envPath: [...path, 'env'],
  }
}

/** A setting as it was given: what it says, how it stands there, and where. */
export interface Setting {
  readonly value: string
  readonly word: string
  readonly path: Path
}

/** The last flag of a name, as Go's packages flag and pflag read it: `-name`, `--name` (true), `--name=value`. */
export function flagOf({ words }: NetworkAgent, name: string): Setting | undefined {
  const given = words.flatMap(({ text, path }) => {
    const [, found, value] = /^--?([\w-]+)(?:=(.*))?$/s.exec(text) ?? []
    return found === name ? [{ value: value ?? 'true', word: text, path }] : []
  })
  return given.at(-1)
}

/** A variable of the environment (the last of a name counts); 'elsewhere' if its value comes from another object. */
export function envOf({ env }: NetworkAgent, name: string): Setting | 'elsewhere' | undefined {
  const given = env.findLast((one) => one.name === name)
  if (!given) return undefined
  return given.text === undefined ? 'elsewhere' : { value: given.text, word: given.text, path: given.path }
}

/** What Go's strconv.ParseBool takes for true. */
export const isTrue = (value: string | undefined): boolean => /^(?:1|t|T|true|True|TRUE)$/.test(value ?? '')
/** And for false. */
export const isFalse = (value: string | undefined): boolean => /^(?:0|f|F|false|False|FALSE)$/.test(value ?? '')
