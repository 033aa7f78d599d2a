// Whether a maker of rules is told to choose ports by chance, project by project, each by that project's own source.
import type { Verdict } from '../../contract/hazard.ts'
import { isUnread } from '../../contract/reads.ts'
import { absent, clear, seen, unknown } from '../../contract/verdicts.ts'
import { kubeProxyConfigOf } from '../../objects/kube-proxy-config.ts'
import { olderThan, versionText } from '../../objects/version.ts'
import { antrea, calico, cilium } from './agent-config.ts'
import {
  type Among,
  elsewhere,
  imageSeen,
  keyIn,
  notRandom,
  set,
  settingSeen,
  since,
  tell,
  unversioned,
} from './agent-findings.ts'
import { envOf, flagOf, isFalse, isTrue, type NetworkAgent } from './network-agents.ts'

/** What the agent's settings say of the rules that it makes; absent if it makes none. */
export function judgeAgent(agent: NetworkAgent, among: Among): Verdict<never> {
  switch (agent.owner) {
    case 'kube-proxy':
      return kubeProxy(agent, among)
    case 'flannel':
      return flannel(agent, among)
    case 'Calico':
      return calico(agent, among)
    case 'Cilium':
      return cilium(agent, among)
    case 'AWS VPC CNI':
      return awsVpcCni(agent, among)
    case 'ip-masq-agent':
      return ipMasqAgent(agent, among)
    case 'Antrea':
      return antrea(agent, among)
    case 'kube-router':
      return kubeRouter(agent)
    case 'Weave Net':
      // net/bridge.go: its rules have no option for ports (weaveworks/weave#3287)
      return notRandom(
        'Weave Net keeps source ports and has no switch for it',
        [imageSeen(agent, among)],
        [tell(agent)],
      )
  }
}

/**
 * pkg/proxy/iptables/proxier.go (and ipvs): --random-fully since 1.16 (#78547), where iptables can; pkg/proxy/nftables/proxier.go:
 * always. Its configuration has no switch. It may be three minor releases older than the API server, not more, so an image without
 * a version is of 1.16 or newer where the API server is of 1.19 or newer.
 */
function kubeProxy(agent: NetworkAgent, among: Among): Verdict<never> {
  const { configMaps, daemonSet, version } = among
  const [configMap] = isUnread(configMaps)
    ? []
    : daemonSet.object.configMaps.flatMap((name) => configMaps.get(keyIn(daemonSet.subject, name)) ?? [])
  const config = configMap && kubeProxyConfigOf(configMap.object)
  const known = config && !isUnread(config) ? config : undefined
  if (!agent.version) {
    const isNewEnough = version !== undefined && !olderThan(version, 19)
    return isNewEnough || known?.mode === 'nftables' ? clear : unversioned(agent)
  }
  if (!olderThan(agent.version, 16)) return clear
  const all = known?.iptables.masqueradeAll
    ? [seen('masqueradeAll', true, configMap?.subject ?? daemonSet.subject, ...known.field)]
    : []
  const fact = `kube-proxy ${versionText(agent.version)} keeps source ports${all.length > 0 ? ', and masqueradeAll sends all traffic to Services through its rule' : ''}`
  return notRandom(fact, [imageSeen(agent, among), ...all], [tell(agent)])
}

/**
 * main.go (flags; each also as FLANNELD_… in the environment, which a flag overrides) and pkg/trafficmngr/iptables/iptables.go: no
 * rule without --ip-masq; --random-fully since 0.11, and not with --ip-masq-fully-random-disable (#2281).
 */
function flannel(agent: NetworkAgent, among: Among): Verdict<never> {
  const masquerades = flagOf(agent, 'ip-masq') ?? envOf(agent, 'FLANNELD_IP_MASQ')
  if (masquerades === 'elsewhere') return elsewhere('FLANNELD_IP_MASQ')
  if (!isTrue(masquerades?.value)) return absent
  const disables =
    flagOf(agent, 'ip-masq-fully-random-disable') ?? envOf(agent, 'FLANNELD_IP_MASQ_FULLY_RANDOM_DISABLE')
  if (disables === 'elsewhere') return elsewhere('FLANNELD_IP_MASQ_FULLY_RANDOM_DISABLE')
  if (disables && isTrue(disables.value)) {
    const after = disables.word.startsWith('-') ? '--ip-masq-fully-random-disable=false' : 'false'
    const fact = 'flannel is told to keep source ports (ip-masq-fully-random-disable)'
    return notRandom(fact, [settingSeen('flag', disables, among)], [set(agent, among, disables, after)])
  }
  return since(agent, among, 0, 11)
}

/**
 * pkg/networkutils/network.go: no rule with AWS_VPC_K8S_CNI_EXTERNALSNAT; AWS_VPC_K8S_CNI_RANDOMIZESNAT `prng` is fully random,
 * `hashrandom` --random, `none` neither; unset or anything else is prng since 1.7.0 (#1048), hashrandom before.
 */
function awsVpcCni(agent: NetworkAgent, among: Among): Verdict<never> {
  const external = envOf(agent, 'AWS_VPC_K8S_CNI_EXTERNALSNAT')
  if (external === 'elsewhere') return elsewhere('AWS_VPC_K8S_CNI_EXTERNALSNAT')
  if (isTrue(external?.value)) return absent
  const name = 'AWS_VPC_K8S_CNI_RANDOMIZESNAT'
  const choice = envOf(agent, name)
  if (choice === 'elsewhere') return elsewhere(name)
  const how: Readonly<Record<string, string>> = {
    none: 'keep source ports',
    hashrandom: 'choose source ports by a hash, which still collides',
  }
  const told = choice && how[choice.value]
  if (choice && told) {
    const fact = `AWS VPC CNI is told to ${told} (${name}=${choice.value})`
    return notRandom(fact, [settingSeen('variable', choice, among)], [set(agent, among, choice, 'prng')])
  }
  return choice?.value === 'prng' ? clear : since(agent, among, 1, 7)
}

/** cmd/ip-masq-agent/ip-masq-agent.go: --random-fully since 2.10.0 (#108); the flag random-fully (#126) is on by default. */
function ipMasqAgent(agent: NetworkAgent, among: Among): Verdict<never> {
  const flag = flagOf(agent, 'random-fully')
  if (!flag) return since(agent, among, 2, 10)
  if (!isFalse(flag.value)) return clear
  const step = set(agent, among, flag, '--random-fully=true')
  return notRandom('ip-masq-agent is told to keep source ports', [settingSeen('flag', flag, among)], [step])
}

/** pkg/controllers/routing/pod_egress.go: --random-fully since #958 of 2020, which is in 1.2; no switch. */
const kubeRouter = (agent: NetworkAgent): Verdict<never> => {
  if (!agent.version) return unversioned(agent)
  const { major, minor } = agent.version
  return major > 1 || minor >= 2
    ? clear
    : unknown(`whether kube-router ${major}.${minor} chooses ports by chance is not known`)
}
