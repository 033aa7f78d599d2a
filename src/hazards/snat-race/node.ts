import type { Context, Evidence, Finding, Item, Step, Verdict } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { clear, found, foundAny, read, unknown } from '../../contract/verdicts.ts'
import { countsLossesOnly } from '../../linux/conntrack.ts'
import { type Loss, racingOf, takenBy, type Watched, watch } from '../../linux/lost-places.ts'
import { isRead, type NetworkSeen, networkSeen } from '../../linux/network.ts'
import type { SnatRule } from '../../linux/snat-rules.ts'
import type { Settings } from './settings.ts'
import { switchOf } from './switches.ts'

/** Which rules give flows the same port? */
export const rules = detector({
  of: list(networkSeen),
  with: {},
  judge({ object }: Item<NetworkSeen>) {
    const { rules: seen } = object
    if (!isRead(seen)) return unknown(`no rules were read: ${seen.because}`)
    const racing = racingOf(object)
    // What could not be read may hold one.
    if (racing.length === 0 && seen.unread.length > 0)
      return unknown(`not all rules were read: ${seen.unread.join('; ')}`)
    return foundAny(racing.map((rule) => exposed(rule, seen.backEnds)))
  },
})

function exposed(rule: SnatRule, backEnds: readonly string[]): Finding {
  const { chain, owner, ports, backEnd, text, packets } = rule
  const how = ports === 'random' ? 'by a hash with --random, which still collides' : 'without --random-fully'
  // A rule that nothing meets, or only containers that Kubernetes does not know, can wait.
  const isIdle = packets === 0 || owner === 'Docker'
  return {
    reason: 'ports-not-random',
    state: 'exposed',
    severity: isIdle ? 'low' : 'medium',
    fact: `a rule of ${owner ?? 'somebody unknown'} in ${chain} chooses source ports ${how}${packets === 0 ? '; nothing has met it so far' : ''}`,
    evidence: [
      read('rule', text, `${backEnd}, table ${rule.table}, chain ${chain}, number ${rule.position}`),
      ...(packets === undefined ? [] : [read('packets', packets, backEnd)]),
      ...(backEnds.length > 1
        ? [read('back ends', backEnds.join(' and '), 'both are live in the kernel at once')]
        : []),
    ],
    remedy: [switchOf(rule)],
  }
}

/** Does the table lose packets, and is it the race? */
export const losses = detector({
  of: list(networkSeen),
  with: {},
  judge({ object }: Item<NetworkSeen>, _view, context: Context<Settings, Watched>): Verdict<Watched> {
    const { statistics } = object
    if (!isRead(statistics)) return unknown(`insert_failed was not read: ${statistics.because}`)
    const { before, ticks, settings } = context
    const { loss, remember } = watch(object, statistics, before, { ticks, overSeconds: settings.overSeconds })
    if (!loss)
      return {
        ...unknown('counters tell only by how much they grow, and this is the first reading under these rules'),
        remember,
      }
    // What else takes places is told by those who know its cure.
    const isRace = hurts(loss, settings) && takenBy(object, loss) === 'race'
    return { ...(isRace ? found(occurring(object, loss, statistics.cpus.length)) : clear), remember }
  },
})

function hurts({ lost, opens }: Loss, { leastLosses, perTenThousand }: Settings): boolean {
  return lost >= leastLosses && (opens === undefined || lost * 10_000 >= perTenThousand * opens)
}

function occurring(network: NetworkSeen, loss: Loss, cpus: number): Finding {
  const { kernel, pods } = network
  const racing = racingOf(network)
  const toldApart = kernel !== undefined && countsLossesOnly(kernel)
  const rate =
    loss.opens === undefined ? '' : `, ${((loss.lost / loss.opens) * 10_000).toFixed(1)} of 10,000 connections`
  const retransmits = isRead(pods) ? pods.reduce((sum, { tcp }) => sum + (tcp.synRetransmits ?? 0), 0) : undefined
  const evidence: [Evidence, ...Evidence[]] = [
    read('insert_failed', loss.perCpu.join(' '), `growth per CPU (${cpus}), /proc/net/stat/nf_conntrack`),
    ...(retransmits === undefined
      ? []
      : [read('SYNs sent again', retransmits, "TcpExt of the Pods' own namespaces, since they began")]),
    ...racing.map(({ text, backEnd }) => read('rule', text, backEnd)),
  ]
  return {
    reason: toldApart ? 'lost-syns' : 'clashes-not-told-apart',
    state: 'occurring',
    ...(toldApart ? {} : { severity: 'medium' as const, guess: true as const }),
    fact: `${loss.lost} packets lost their place in the conntrack table within ${Math.round(loss.forMs / 1000)} s${rate}`,
    evidence,
    remedy:
      racing.length > 0
        ? racing.map(switchOf)
        : [advise('look at the destinations and at DNS: conntrack -L, conntrack -S')],
  }
}

const advise = (why: string): Step => ({ do: 'advise', why })
