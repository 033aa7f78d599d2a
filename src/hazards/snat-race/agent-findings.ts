// What is said of an agent by its settings: the finding, its evidence, its cure.
import type { Context, Evidence, Finding, Item, Step, Subject, Unread, Verdict } from '../../contract/hazard.ts'
import { isUnread } from '../../contract/reads.ts'
import { absent, clear, found, seen, unknown } from '../../contract/verdicts.ts'
import { switchOfOwner } from '../../linux/snat-owners.ts'
import { versionText } from '../../objects/version.ts'
import type { NetworkAgent, NetworkAgents, Setting } from './network-agents.ts'
import { price } from './remedy.ts'

/** What is kept of a ConfigMap, and of a FelixConfiguration. */
export interface ConfigMapData {
  readonly data: Readonly<Record<string, string>>
}
export interface FelixSetting {
  readonly override: string
}

/** What an agent is judged among. */
export interface Among {
  readonly daemonSet: Item<NetworkAgents>
  /** By `namespace/name`. */
  readonly configMaps: ReadonlyMap<string, readonly Item<ConfigMapData>[]> | Unread
  readonly felix: readonly Item<FelixSetting>[] | Unread
  readonly version: Context['version']
}

/** Clear from a release on; found before it. */
export function since(agent: NetworkAgent, among: Among, major: number, minor: number): Verdict<never> {
  const { owner, version } = agent
  if (!version) return unversioned(agent)
  if (version.major > major || (version.major === major && version.minor >= minor)) return clear
  const fact = `${owner} ${versionText(version)} does not choose source ports by chance, as ${major}.${minor} does`
  return notRandom(fact, [imageSeen(agent, among)], [tell(agent)])
}

export const unversioned = ({ owner, image }: NetworkAgent) =>
  unknown(`whether ${owner} chooses ports by chance depends on its version, which its image ${image} does not name`)
export const elsewhere = (name: string) => unknown(`the value of ${name} comes from another object, which is not read`)

export const notRandom = (fact: string, evidence: Finding['evidence'], remedy: readonly Step[]): Verdict<never> =>
  found({ reason: 'settings-not-random', state: 'exposed', severity: 'medium', fact, evidence, remedy })

export const imageSeen = ({ image, imagePath }: NetworkAgent, { daemonSet }: Among): Evidence =>
  seen('image', image, daemonSet.subject, ...imagePath)
export const settingSeen = (name: string, { word, path }: Setting, { daemonSet }: Among): Evidence =>
  seen(name, word, daemonSet.subject, ...path)

/** The owner's own switch, and what it costs. */
export const whyOf = ({ owner }: NetworkAgent): string =>
  `${switchOfOwner(owner) ?? owner}; ${price}; set it also where Helm, an add-on or an operator keeps it, else it comes back`

export const tell = (agent: NetworkAgent): Step => ({ do: 'advise', why: whyOf(agent) })

/** One word of the DaemonSet; its Pods are replaced one after the other. */
export const set = (agent: NetworkAgent, { daemonSet }: Among, { word, path }: Setting, after: string): Step => ({
  do: 'edit',
  why: whyOf(agent),
  target: daemonSet.subject,
  changes: [{ path, before: word, after }],
})

export const keyIn = ({ namespace }: Subject, name: string): string => `${namespace ?? ''}/${name}`

/** A ConfigMap beside the DaemonSet, or why there is none. */
export function configMapOf(name: string, { configMaps, daemonSet }: Among): Item<ConfigMapData> | Verdict<never> {
  const { subject } = daemonSet
  if (isUnread(configMaps))
    return configMaps.elsewhere ? absent : unknown(`ConfigMaps were not read: ${configMaps.unread}`)
  const [item] = configMaps.get(keyIn(subject, name)) ?? []
  if (item) return item
  // Files may well hold only some of what belongs together.
  if ('file' in subject.source) return absent
  return unknown(
    subject.namespace === 'kube-system'
      ? `there is no ConfigMap kube-system/${name}`
      : `ConfigMap ${subject.namespace}/${name} was not read: only -n ${subject.namespace} reads it`,
  )
}
