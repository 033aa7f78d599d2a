import type { Finding, Item, Step } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { read, unknown } from '../../contract/verdicts.ts'
import { isBefore, type KernelVersion } from '../../linux/conntrack.ts'
import { type IpvsSeen, type IpvsSwitches, type IpvsTable, ipvsSeen } from '../../linux/ipvs.ts'
import { isRead } from '../../linux/network.ts'
import { foundOrUnread, tableOf } from './in-use.ts'

const folder = '/proc/sys/net/ipv4/vs'

/** Do the switches of IPVS let connections go on to whom they should? */
export const switches = detector({
  of: list(ipvsSeen),
  with: {},
  judge({ object }: Item<IpvsSeen>) {
    const table = tableOf(object)
    if ('verdict' in table) return table.verdict
    const { switches: set, kernel } = object
    if (!isRead(set)) return unknown(`the switches of IPVS were not read: ${set.because}`)
    const findings = [
      ...drainedKept(set, table),
      ...goneKept(set),
      ...untracked(set),
      ...(kernel ? reuse(set, kernel) : []),
    ]
    if (findings.length === 0 && !kernel)
      return unknown('what conn_reuse_mode does depends on the kernel, whose release is not known')
    return foundOrUnread(findings, table)
  },
})

const advise = (why: string, command?: string): Step => ({
  do: 'advise',
  why,
  ...(command !== undefined && { command }),
})

const keptBy = 'kube-proxy sets it at its start: something on the node changed it since, or kube-proxy could not'

/**
 * Mode 1 (the default) gives a connection from a port that was just used to any server, but until 5.9 the kernel dropped its first
 * SYN where conntrack is on; mode 0 leaves it with the server of the one before. kube-proxy sets 0 from 4.1 to 5.8, and since 1.22
 * leaves it alone from 5.9 on (pkg/proxy/ipvs/proxier.go; kubernetes#70747, #81775, #93297, #102122; Linux f0a5e4d7a594).
 */
function reuse(set: IpvsSwitches, kernel: KernelVersion): Finding[] {
  const { conn_reuse_mode: mode, conntrack = 0 } = set
  if (mode === undefined) return []
  const evidence: Finding['evidence'] = [
    read('conn_reuse_mode', mode, `${folder}/conn_reuse_mode`),
    read('conntrack', conntrack, `${folder}/conntrack`),
    read('kernel', `${kernel.major}.${kernel.minor}`, '/proc/sys/kernel/osrelease'),
  ]
  const fact = `conn_reuse_mode is ${mode} with conntrack ${conntrack} on Linux ${kernel.major}.${kernel.minor}: a connection from a port that its client used within the last two minutes`
  if (mode === 0) return [{ ...sticks(set, kernel, fact), evidence }]
  return isBefore(kernel, 5, 9) && conntrack !== 0 ? [{ ...delays(fact), evidence }] : []
}

/** From 5.16 on a server of weight 0 is spared where expire_nodest_conn is on, in this mode too ("Fix reuse connection if RS weight is 0"). */
function sticks(
  { expire_nodest_conn: expires }: IpvsSwitches,
  kernel: KernelVersion,
  fact: string,
): Omit<Finding, 'evidence'> {
  const isOld = isBefore(kernel, 5, 9)
  const isSpared = !isBefore(kernel, 5, 16) && expires === 1
  return {
    reason: 'reuse-sticks',
    state: 'exposed',
    severity: isOld || isSpared ? 'low' : 'medium',
    fact: `${fact} goes to the server of the one before${isSpared ? ', unless that one stops' : ''}`,
    remedy: [
      isOld
        ? advise(
            'before Linux 5.9 mode 1 costs 1 s instead, so kube-proxy sets 0: a newer kernel, or another mode of kube-proxy, ends it',
          )
        : advise(
            'kube-proxy leaves it alone on this kernel: look who sets it to 0 (sysctl.d, kube-proxy before 1.22)',
            'sysctl -w net.ipv4.vs.conn_reuse_mode=1',
          ),
    ],
  }
}

const delays = (fact: string): Omit<Finding, 'evidence'> => ({
  reason: 'reuse-delays',
  state: 'exposed',
  // Stable branches and distributions took the fix over, and the release does not tell.
  guess: true,
  fact: `${fact} loses its first SYN and waits 1 s, unless this kernel has the fix of 5.9`,
  remedy: [
    advise(
      'mode 0 has no delay, but leaves such connections with the server of the one before, also where that is gone',
      'sysctl -w net.ipv4.vs.conn_reuse_mode=0',
    ),
    advise('with Linux 5.9 or newer mode 1 does neither'),
  ],
})

/** Documentation/networking/ipvs-sysctl.rst, expire_nodest_conn; kube-proxy sets 1. */
function goneKept({ expire_nodest_conn: expires }: IpvsSwitches): Finding[] {
  if (expires !== 0) return []
  return [
    {
      reason: 'gone-kept',
      state: 'exposed',
      fact: 'expire_nodest_conn is 0: packets of a connection whose Pod is gone are dropped without a word, until the client gives up',
      evidence: [read('expire_nodest_conn', expires, `${folder}/expire_nodest_conn`)],
      remedy: [advise(keptBy, 'sysctl -w net.ipv4.vs.expire_nodest_conn=1')],
    },
  ]
}

/** Only of use to Services with sessionAffinity: a client's template outlives the weight of its server. */
function drainedKept({ expire_quiescent_template: expires }: IpvsSwitches, { services }: IpvsTable): Finding[] {
  const persistent = services.filter((service) => service.persistent)
  const [first] = persistent
  if (expires !== 0 || !first) return []
  return [
    {
      reason: 'affinity-kept',
      state: 'exposed',
      fact: `expire_quiescent_template is 0: clients of ${persistent.length} Services with sessionAffinity are sent on to Pods that are stopping`,
      evidence: [
        read('expire_quiescent_template', expires, `${folder}/expire_quiescent_template`),
        read('persistent', first.name, '/proc/net/ip_vs'),
      ],
      remedy: [advise(keptBy, 'sysctl -w net.ipv4.vs.expire_quiescent_template=1')],
    },
  ]
}

/** IPVS keeps its connections out of conntrack otherwise, and rules that MASQUERADE them see nothing to change. */
function untracked({ conntrack }: IpvsSwitches): Finding[] {
  if (conntrack !== 0) return []
  return [
    {
      reason: 'not-masqueraded',
      state: 'exposed',
      certain: true,
      severity: 'high',
      fact: 'conntrack is 0: connections that IPVS balances are not masqueraded, so answers to NodePorts and to a Pod that calls itself by its Service go astray',
      evidence: [read('conntrack', conntrack, `${folder}/conntrack`)],
      remedy: [advise(keptBy, 'sysctl -w net.ipv4.vs.conntrack=1')],
    },
  ]
}
