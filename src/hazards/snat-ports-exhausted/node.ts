import type { Context, Evidence, Finding, Item, Step, Verdict } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { clear, found, read, unknown } from '../../contract/verdicts.ts'
import type { Nearness } from '../../linux/destinations.ts'
import { type Loss, nearOf, takenBy, type Watched, watch } from '../../linux/lost-places.ts'
import { isRead, type NetworkSeen, networkSeen } from '../../linux/network.ts'
import { sizeOf } from '../../linux/port-range.ts'
import type { Settings } from './settings.ts'

/** Is a destination near the end of its source ports, and are packets lost for want of one? */
export const node = detector({
  of: list(networkSeen),
  with: {},
  judge({ object }: Item<NetworkSeen>, _view, context: Context<Settings, Watched>): Verdict<Watched> {
    const { statistics, destinations } = object
    const { before, ticks, settings } = context
    const near = nearOf(object)
    const watched = isRead(statistics)
      ? watch(object, statistics, before, { ticks, overSeconds: settings.overSeconds })
      : undefined
    const carried = watched && { remember: watched.remember }
    const loss = watched?.loss
    const isTaken = loss && loss.lost >= settings.leastLosses && takenBy(object, loss) === 'ports'
    if (loss && isTaken) return { ...found(occurring(loss, near)), ...carried }
    if (near) return { ...found(exposed(near)), ...carried }
    const because = whyUnknown(destinations, statistics, loss)
    return { ...(because === undefined ? clear : unknown(because)), ...carried }
  },
})

function whyUnknown(
  destinations: NetworkSeen['destinations'],
  statistics: NetworkSeen['statistics'],
  loss: Loss | undefined,
): string | undefined {
  if (!destinations) return 'nobody looked how many flows go to each destination'
  if (!isRead(destinations)) return `how many flows go to each destination was not read: ${destinations.because}`
  if (!isRead(statistics)) return `insert_failed was not read: ${statistics.because}`
  return loss ? undefined : 'counters tell only by how much they grow, and this is the first reading under these rules'
}

const share = (used: number): string => `${Math.floor(used * 100)} %`

function evidenceOf({ destination, range, used }: Nearness): [Evidence, ...Evidence[]] {
  const { protocol, to, from, flows, ports } = destination
  return [
    read('flows', flows, `conntrack entries of ${protocol} from ${from} to ${to}`),
    read('ports of its range', sizeOf(range), `${range.min}–${range.max}, as its rule says; ${share(used)} in use`),
    read('ports in use', `${ports.min}–${ports.max}`, 'lowest and highest of flows whose source was changed'),
  ]
}

const textOf = ({ destination: { protocol, to, from, flows }, range }: Nearness): string =>
  `${flows} flows of ${protocol} from ${from} to ${to} share the ${sizeOf(range)} source ports that there are`

function exposed(near: Nearness): Finding {
  return {
    reason: 'near-its-range',
    state: 'exposed',
    certain: true,
    fact: textOf(near),
    evidence: evidenceOf(near),
    remedy: remedyOf(near),
  }
}

function occurring(loss: Loss, near: Nearness | undefined): Finding {
  const lost = `${loss.lost} packets lost their place in the conntrack table within ${Math.round(loss.forMs / 1000)} s`
  const failed = read('insert_failed', loss.perCpu.join(' '), 'growth per CPU, /proc/net/stat/nf_conntrack')
  const again = loss.pods ? [read('SYNs sent again', loss.pods.again, "growth in the Pods' own namespaces")] : []
  if (near)
    return {
      reason: 'no-port-left',
      state: 'occurring',
      fact: `${lost}, while ${textOf(near)}`,
      evidence: [failed, ...evidenceOf(near), ...again],
      remedy: remedyOf(near),
    }
  return {
    reason: 'despite-random',
    state: 'occurring',
    severity: 'medium',
    guess: true,
    fact: `${lost} although every rule that was read chooses ports by chance; that ports ran out is a guess`,
    evidence: [failed, ...again],
    remedy: [
      advise(
        'see which destination has most flows while it happens',
        'conntrack -L 2>/dev/null | grep -o "dst=.*dport=[0-9]*" | sort | uniq -c | sort -rn | head',
      ),
    ],
  }
}

function remedyOf({ range }: Nearness): readonly [Step, ...Step[]] {
  const isNarrow = range.max - range.min < 64_000
  return [
    advise(
      'find the client that opens so many connections to one address, and let it reuse them (keep-alive, a pool): each that ends holds its port for two minutes more',
    ),
    advise('spread the connections over more destination addresses or ports: each has a range of its own'),
    advise(
      isNarrow
        ? 'widen the range of ports that the rule names, or have it choose from more source addresses (SNAT --to-source a-b)'
        : 'have the rule choose from more source addresses (SNAT --to-source a-b instead of MASQUERADE)',
    ),
  ]
}

const advise = (why: string, command?: string): Step => ({
  do: 'advise',
  why,
  ...(command !== undefined && { command }),
})
