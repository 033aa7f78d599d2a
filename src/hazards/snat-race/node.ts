import type { Context, Evidence, Finding, Item, Step, Subject, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread, list, maybe } from '../../contract/reads.ts'
import { clear, found, foundAny, read, unknown } from '../../contract/verdicts.ts'
import { type ConnectsSeen, connectsSeen } from '../../linux/connects.ts'
import { type ConntrackStatistics, countsLossesOnly } from '../../linux/conntrack.ts'
import { type Loss, racingOf, takenBy, type Watched, watch } from '../../linux/lost-places.ts'
import { isRead, type NatRules, type NetworkSeen, networkSeen } from '../../linux/network.ts'
import type { SnatRule } from '../../linux/snat-rules.ts'
import { isIdle, rewriteOf, switchOf } from './remedy.ts'
import type { Settings } from './settings.ts'

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
    return foundAny(racing.map((rule) => exposed(rule, seen, object)))
  },
})

function exposed(rule: SnatRule, rules: NatRules, network: NetworkSeen): Finding {
  const { backEnds } = rules
  const { chain, owner, ports, backEnd, text, packets } = rule
  const how = ports === 'random' ? 'by a hash with --random, which still collides' : 'without --random-fully'
  return {
    reason: 'ports-not-random',
    state: 'exposed',
    severity: isIdle(rule) ? 'low' : 'medium',
    fact: `a rule of ${owner ?? 'somebody unknown'} in ${chain} chooses source ports ${how}${packets === 0 ? '; nothing has met it so far' : ''}`,
    evidence: [
      read('rule', text, `${backEnd}, table ${rule.table}, chain ${chain}, number ${rule.position}`),
      ...(packets === undefined ? [] : [read('packets', packets, backEnd)]),
      ...(backEnds.length > 1
        ? [read('back ends', backEnds.join(' and '), 'both are live in the kernel at once')]
        : []),
    ],
    remedy: [switchOf(network, rule, rules)],
  }
}

/** Does the table lose packets, and is it the race? */
export const losses = detector({
  of: list(networkSeen),
  with: { probed: maybe(list(connectsSeen)) },
  judge({ subject, object }: Item<NetworkSeen>, { probed }, context: Context<Settings, Watched>): Verdict<Watched> {
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
    const beside = isUnread(probed) ? [] : probed
    return { ...(isRace ? found(occurring(subject, object, { loss, statistics, probed: beside })) : clear), remember }
  },
})

function hurts({ lost, opens }: Loss, { leastLosses, perTenThousand }: Settings): boolean {
  return lost >= leastLosses && (opens === undefined || lost * 10_000 >= perTenThousand * opens)
}

interface Seen {
  readonly loss: Loss
  readonly statistics: ConntrackStatistics
  readonly probed: readonly Item<ConnectsSeen>[]
}

function occurring(node: Subject, network: NetworkSeen, { loss, statistics, probed }: Seen): Finding {
  const { kernel, pods } = network
  const racing = racingOf(network)
  const toldApart = kernel !== undefined && countsLossesOnly(kernel)
  const rate =
    loss.opens === undefined ? '' : `, ${((loss.lost / loss.opens) * 10_000).toFixed(1)} of 10,000 connections`
  const retransmits = isRead(pods) ? pods.reduce((sum, { tcp }) => sum + (tcp.synRetransmits ?? 0), 0) : undefined
  const evidence: [Evidence, ...Evidence[]] = [
    read(
      'insert_failed',
      loss.perCpu.join(' '),
      `growth per CPU (${statistics.cpus.length}), /proc/net/stat/nf_conntrack`,
    ),
    ...(retransmits === undefined
      ? []
      : [read('SYNs sent again', retransmits, "TcpExt of the Pods' own namespaces, since they began")]),
    ...probed.map(({ object }) => corroboration(object)),
    ...racing.map(({ text, backEnd }) => read('rule', text, backEnd)),
  ]
  return {
    reason: toldApart ? 'lost-syns' : 'clashes-not-told-apart',
    state: 'occurring',
    ...(toldApart ? {} : { severity: 'medium' as const, guess: true as const }),
    fact: `${loss.lost} packets lost their place in the conntrack table within ${Math.round(loss.forMs / 1000)} s${rate}`,
    evidence,
    remedy: stepsFor(node, network, racing, toldApart),
  }
}

/** @param sure whether the loss is known to be this race: on a guess no rule is rewritten. */
function stepsFor(node: Subject, network: NetworkSeen, racing: readonly SnatRule[], sure: boolean): readonly Step[] {
  const { rules: seen } = network
  if (!isRead(seen) || racing.length === 0)
    return [advise('look at the destinations and at DNS: conntrack -L, conntrack -S')]
  const switches = racing.map((rule) => switchOf(network, rule, seen))
  return [...switches, ...(sure ? racing.flatMap((rule) => rewriteOf(node, network, rule, seen) ?? []) : [])]
}

/** Whatever the probe saw, it is no more than that: a server whose queue is full loses SYNs too. */
function corroboration({ target, connects, lost, forMs, from }: ConnectsSeen): Evidence {
  const way = {
    node: "from the node's own network, which rules for Pods do not translate",
    pod: "from a network that is not the node's own",
  }
  return read(
    'connects that met a step of SYN retransmission',
    `${lost} of ${connects}`,
    `the agent's probe of ${target} within ${Math.round(forMs / 1000)} s, ${from ? way[from] : 'from a network that was not told'}`,
  )
}

const advise = (why: string): Step => ({ do: 'advise', why })
