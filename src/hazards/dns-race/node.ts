import type { Context, Evidence, Finding, Item, Step, Verdict } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { clear, found, read, unknown } from '../../contract/verdicts.ts'
import { countsLossesOnly, type KernelVersion } from '../../linux/conntrack.ts'
import type { DnsPath } from '../../linux/dns-path.ts'
import {
  type Loss,
  resolvesDatagrams,
  sortOf,
  takenBy,
  translatesDns,
  type Watched,
  watch,
} from '../../linux/lost-places.ts'
import { isRead, type NetworkSeen, networkSeen } from '../../linux/network.ts'
import type { Settings } from './settings.ts'

/** Do questions to DNS meet a kernel that drops one of two? */
export const path = detector({
  of: list(networkSeen),
  with: {},
  judge({ object: { kernel, rules } }: Item<NetworkSeen>) {
    if (!kernel) return unknown('the release of the kernel is not known')
    if (resolvesDatagrams(kernel)) return clear
    if (!isRead(rules)) return unknown(`no rules were read: ${rules.because}`)
    if (rules.dns?.unread !== undefined)
      return unknown(`whether a cache keeps questions out of conntrack was not read: ${rules.dns.unread}`)
    if (translatesDns(rules) && rules.dns) return found(exposed(kernel, rules.dns))
    // What could not be read may translate them.
    return !rules.dns && rules.unread.length > 0
      ? unknown(`not all rules were read: ${rules.unread.join('; ')}`)
      : clear
  },
})

/** Are datagrams lost, and is it this? Clashes that the kernel resolved are no loss, however many there are. */
export const losses = detector({
  of: list(networkSeen),
  with: {},
  judge({ object }: Item<NetworkSeen>, _view, context: Context<Settings, Watched>): Verdict<Watched> {
    const { statistics, rules } = object
    if (!isRead(statistics)) return unknown(`insert_failed was not read: ${statistics.because}`)
    const { before, ticks, settings } = context
    const { loss, remember } = watch(object, statistics, before, { ticks, overSeconds: settings.overSeconds })
    return { ...judged(object, loss, settings, isRead(rules) ? rules.dns : undefined), remember }
  },
})

function judged(
  network: NetworkSeen,
  loss: Loss | undefined,
  { leastLosses }: Settings,
  dns: DnsPath | undefined,
): Verdict {
  if (!loss) return unknown('counters tell only by how much they grow, and this is the first reading')
  if (loss.lost < leastLosses) return clear
  if (dns && takenBy(network, loss) === 'datagrams') return found(occurring(network, loss, dns))
  const { rules } = network
  if (!isRead(rules)) return unknown(`${loss.lost} packets were lost, and no rules were read: ${rules.because}`)
  // Whether it was SYNs or datagrams only the Pods can tell.
  return translatesDns(rules) && !loss.pods
    ? unknown(`${loss.lost} packets were lost, and what they were is not known: no counters of Pods were read`)
    : clear
}

const release = ({ major, minor }: KernelVersion): string => `${major}.${minor}`

const translation = ({ translated }: DnsPath): Evidence[] =>
  translated.slice(0, 1).map(({ by, text }) => read('translated by', by, text))

function exposed(kernel: KernelVersion, dns: DnsPath): Finding {
  return {
    reason: 'questions-may-clash',
    state: 'exposed',
    severity: 'medium',
    guess: true,
    fact: `${dns.translated[0]?.by ?? 'a rule'} translates UDP to port 53 and Linux ${release(kernel)} ${whatItResolves(kernel)}, unless the distribution took the fix into it`,
    evidence: [read('kernel', release(kernel), '/proc/sys/kernel/osrelease'), ...translation(dns)],
    remedy,
  }
}

function whatItResolves({ major, minor }: KernelVersion): string {
  if (major >= 5) return 'resolves clashes only of datagrams that chose the same destination'
  return major === 4 && minor >= 19
    ? 'resolves clashes only in part'
    : 'drops one of two datagrams that clash behind DNAT'
}

function occurring({ kernel, statistics }: NetworkSeen, loss: Loss, dns: DnsPath): Finding {
  const isTold = sortOf(loss) === 'datagrams'
  const within = `within ${Math.round(loss.forMs / 1000)} s`
  const alsoResolved = kernel !== undefined && !countsLossesOnly(kernel)
  const { pods } = loss
  const evidence: [Evidence, ...Evidence[]] = [
    read('insert_failed', loss.perCpu.join(' '), 'growth per CPU, /proc/net/stat/nf_conntrack'),
    ...(loss.dropped === undefined ? [] : [read('drop', loss.dropped, 'growth of all CPUs')]),
    ...(pods
      ? [
          read(
            'datagrams without an answer',
            pods.unanswered,
            "growth in the Pods' own namespaces, Udp of /proc/net/snmp",
          ),
          read('SYNs sent again', pods.again, "growth in the Pods' own namespaces, TcpExt of /proc/net/netstat"),
        ]
      : []),
    ...translation(dns),
  ]
  return {
    reason: 'lost-questions',
    state: 'occurring',
    ...(isTold ? {} : { severity: 'medium' as const, guess: true as const }),
    fact: isTold
      ? `${alsoResolved ? Math.min(loss.lost, loss.dropped ?? loss.lost) : loss.lost} packets were dropped ${within}, of which ${pods?.again ?? 0} were SYNs; ${pods?.unanswered ?? 0} datagrams of Pods got no answer`
      : `${loss.lost} flows clashed ${within} and no rule makes connections race; that they were questions to DNS is a guess${alsoResolved && isRead(statistics) ? ', and some may have gone on' : ''}`,
    evidence,
    remedy,
  }
}

const advise = (why: string, command?: string): Step => ({
  do: 'advise',
  why,
  ...(command !== undefined && { command }),
})

const remedy: readonly [Step, ...Step[]] = [
  advise(
    'with glibc: the resolver then asks one after the other, each from a socket of its own; musl (Alpine) ignores this and the next option',
    'kubectl patch deployment <name> --patch \'{"spec":{"template":{"spec":{"dnsConfig":{"options":[{"name":"single-request-reopen"}]}}}}}\'',
  ),
  advise('with glibc 2.14 or newer, instead: option use-vc asks by TCP, at the price of a handshake for each name'),
  advise(
    'for all Pods, also those of musl: NodeLocal DNSCache, whose address no rule translates and which asks upstream by TCP',
  ),
  advise('a kernel of 5.6 or newer resolves such clashes itself'),
]
