import type { Context, Evidence, Finding, Item, Step, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread, list, maybe } from '../../contract/reads.ts'
import { clear, found, foundAny, read, unknown } from '../../contract/verdicts.ts'
import { type ConnectsSeen, connectsSeen } from '../../linux/connects.ts'
import { countsLossesOnly } from '../../linux/conntrack.ts'
import { isRead, type NetworkSeen, networkSeen } from '../../linux/network.ts'
import type { SnatRule } from '../../linux/snat-rules.ts'
import { type Loss, lossSince, type Reading, readingOf, withReading } from './readings.ts'
import type { Settings } from './settings.ts'
import { switchOf } from './switches.ts'

const races = ({ ports }: SnatRule): boolean => ports !== 'fully-random'

/** Which rules give flows the same port? */
export const rules = detector({
  of: list(networkSeen),
  with: {},
  judge({ object: { rules: seen } }: Item<NetworkSeen>) {
    if (!isRead(seen)) return unknown(`no rules were read: ${seen.because}`)
    const racing = seen.snat.filter(races)
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

interface Remembered {
  readonly readings: readonly Reading[]
  /** The rules that raced then: what was lost under others says nothing of these. */
  readonly racing: string
}

/** Does the table lose packets, and is it the race? */
export const losses = detector({
  of: list(networkSeen),
  with: { probed: maybe(list(connectsSeen)) },
  judge({ object }: Item<NetworkSeen>, { probed }, context: Context<Settings, Remembered>): Verdict<Remembered> {
    const { statistics } = object
    if (!isRead(statistics)) return unknown(`insert_failed was not read: ${statistics.because}`)
    const racing = isRead(object.rules)
      ? object.rules.snat
          .filter(races)
          .map(({ text }) => text)
          .join('\n')
      : ''
    const { before } = context
    const readings = before && before.racing === racing ? before.readings : []
    const now = readingOf(statistics, context.ticks, opensOf(object))
    const loss = lossSince(readings, now)
    // After a reset the old readings say nothing of the new counters.
    const remember = {
      racing,
      readings: loss ? withReading(readings, now, context.settings.overSeconds * 1000) : [now],
    }
    if (!loss)
      return {
        ...unknown('counters tell only by how much they grow, and this is the first reading under these rules'),
        remember,
      }
    return {
      ...(hurts(loss, context.settings)
        ? found(occurring(object, loss, statistics.cpus.length, isUnread(probed) ? [] : probed))
        : clear),
      remember,
    }
  },
})

const opensOf = ({ pods }: NetworkSeen): number | undefined =>
  isRead(pods) && pods.length > 0 ? pods.reduce((sum, { tcp }) => sum + (tcp.activeOpens ?? 0), 0) : undefined

function hurts({ lost, opens }: Loss, { leastLosses, perTenThousand }: Settings): boolean {
  return lost >= leastLosses && (opens === undefined || lost * 10_000 >= perTenThousand * opens)
}

function occurring(
  { rules: seen, kernel, pods }: NetworkSeen,
  loss: Loss,
  cpus: number,
  probed: readonly Item<ConnectsSeen>[],
): Finding {
  const racing = isRead(seen) ? seen.snat.filter(races) : []
  const allRandom = isRead(seen) && seen.unread.length === 0 && racing.length === 0
  const toldApart = kernel !== undefined && countsLossesOnly(kernel)
  const reason = !toldApart ? 'clashes-not-told-apart' : allRandom ? 'despite-random' : 'lost-syns'
  const rate =
    loss.opens === undefined ? '' : `, ${((loss.lost / loss.opens) * 10_000).toFixed(1)} of 10,000 connections`
  const retransmits = isRead(pods) ? pods.reduce((sum, { tcp }) => sum + (tcp.synRetransmits ?? 0), 0) : undefined
  const evidence: [Evidence, ...Evidence[]] = [
    read('insert_failed', loss.perCpu.join(' '), `growth per CPU (${cpus}), /proc/net/stat/nf_conntrack`),
    ...(retransmits === undefined
      ? []
      : [read('SYNs sent again', retransmits, "TcpExt of the Pods' own namespaces, since they began")]),
    ...probed.map(({ object }) => corroboration(object)),
    ...racing.map(({ text, backEnd }) => read('rule', text, backEnd)),
  ]
  return {
    reason,
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
