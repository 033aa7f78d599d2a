// Agents whose settings stand in objects of their own: Calico, Cilium, Antrea. Each by that project's own source.
import type { Path, Verdict } from '../../contract/hazard.ts'
import { isUnread } from '../../contract/reads.ts'
import { absent, clear, seen, unknown } from '../../contract/verdicts.ts'
import { isJsonMap } from '../../objects/json.ts'
import { parseYaml, YamlError } from '../../objects/yaml.ts'
import {
  type Among,
  configMapOf,
  elsewhere,
  imageSeen,
  notRandom,
  set,
  settingSeen,
  tell,
  whyOf,
} from './agent-findings.ts'
import { envOf, flagOf, isTrue, type NetworkAgent } from './network-agents.ts'

/**
 * felix/environment/feature_detect.go: fully random wherever iptables and kernel can, unless featureDetectOverride says that they
 * can't. Of a setting the environment comes first, then the node's own FelixConfiguration, then `default` (felix/config).
 */
export function calico(agent: NetworkAgent, among: Among): Verdict<never> {
  const { daemonSet, felix } = among
  const env = envOf(agent, 'FELIX_FEATUREDETECTOVERRIDE')
  if (env === 'elsewhere') return elsewhere('FELIX_FEATUREDETECTOVERRIDE')
  const fact = (override: string) => `Calico is told not to choose source ports by chance (${override})`
  if (env && env.value !== '') {
    if (!isOverridden(env.value)) return clear
    const after = withoutOverride(env.value) ?? ''
    return notRandom(fact(env.value), [settingSeen('variable', env, among)], [set(agent, among, env, after)])
  }
  const store = envOf(agent, 'DATASTORE_TYPE')
  if (store === 'elsewhere') return elsewhere('DATASTORE_TYPE')
  if (store?.value === 'etcdv3')
    return unknown("Calico's settings are in etcd, and its environment says nothing of ports")
  if (isUnread(felix)) return felix.elsewhere ? absent : unknown(`FelixConfigurations were not read: ${felix.unread}`)
  const overriding = felix.filter(({ object }) => isOverridden(object.override))
  const [first] = overriding
  if (!first) return clear
  const path: Path = ['spec', 'featureDetectOverride']
  return notRandom(
    fact(first.object.override),
    [
      seen('featureDetectOverride', first.object.override, first.subject, ...path),
      seen('agent', agent.image, daemonSet.subject, ...agent.imagePath),
    ],
    overriding.map(({ subject, object: { override } }) => ({
      do: 'edit',
      why: whyOf(agent),
      target: subject,
      changes: [{ path, before: override, after: withoutOverride(override) }],
    })),
  )
}

const isOverride = (pair: string): boolean => /^(?:MASQ|SNAT)FullyRandom=false$/i.test(pair.trim())
const isOverridden = (list: string): boolean => list.split(',').some(isOverride)
/** undefined if nothing is left of it. */
const withoutOverride = (list: string): string | undefined =>
  list
    .split(',')
    .filter((pair) => pair.trim() !== '' && !isOverride(pair))
    .join(',') || undefined

/**
 * pkg/datapath/iptables/iptables.go: iptables masquerades unless eBPF does (enable-bpf-masquerade), with --random-fully only if
 * iptables-random-fully is on (off by default). enable-ipv4-masquerade was `masquerade` before 1.10. A flag overrides the ConfigMap.
 */
export function cilium(agent: NetworkAgent, among: Among): Verdict<never> {
  const configMap = configMapOf('cilium-config', among)
  if ('verdict' in configMap) return configMap
  const { subject, object } = configMap
  const valueIn = (name: string) => flagOf(agent, name)?.value ?? object.data[name]
  const masquerades4 = isTrue(valueIn('enable-ipv4-masquerade') ?? valueIn('masquerade') ?? 'true')
  const masquerades6 = isTrue(valueIn('enable-ipv6')) && isTrue(valueIn('enable-ipv6-masquerade') ?? 'true')
  if (!masquerades4 && !masquerades6) return absent
  if (isTrue(valueIn('enable-bpf-masquerade')) || isTrue(valueIn('iptables-random-fully'))) return clear
  const path: Path = ['data', 'iptables-random-fully']
  const before = object.data['iptables-random-fully']
  return notRandom(
    'Cilium masquerades by iptables, and iptables-random-fully is not on',
    [seen('iptables-random-fully', before ?? 'not set', subject, ...path), imageSeen(agent, among)],
    [
      flagOf(agent, 'iptables-random-fully')
        ? tell(agent)
        : {
            do: 'edit',
            why: `${whyOf(agent)}; agents read it when they start: kubectl rollout restart of their DaemonSet`,
            target: subject,
            changes: [{ path, before, after: 'true' }],
          },
    ],
  )
}

/**
 * pkg/agent/route/route_linux.go: snatFullyRandomPorts since 2.2.0 (#6602), off by default. No rule with noSNAT, nor where Antrea
 * only enforces policies. Its configuration is a commented document within a ConfigMap: changing it as one text is for its owner.
 */
export function antrea(agent: NetworkAgent, among: Among): Verdict<never> {
  const configMap = configMapOf('antrea-config', among)
  if ('verdict' in configMap) return configMap
  const key = 'antrea-agent.conf'
  const text = configMap.object.data[key]
  if (text === undefined) return unknown(`ConfigMap antrea-config has no ${key}`)
  try {
    const config = parseYaml(text)
    const { noSNAT, trafficEncapMode, snatFullyRandomPorts } = isJsonMap(config) ? config : {}
    if (noSNAT === true || /^networkPolicyOnly$/i.test(String(trafficEncapMode))) return absent
    if (snatFullyRandomPorts === true) return clear
    const fact = 'Antrea masquerades, and snatFullyRandomPorts is not on'
    const given = seen('snatFullyRandomPorts', snatFullyRandomPorts ?? 'not set', configMap.subject, 'data', key)
    return notRandom(fact, [given, imageSeen(agent, among)], [tell(agent)])
  } catch (error) {
    if (error instanceof YamlError) return unknown(`ConfigMap antrea-config, ${key}: ${error.message}`)
    throw error
  }
}
