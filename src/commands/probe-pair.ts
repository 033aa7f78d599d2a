// `roadcrew probe --pair`: two Pods connect at the same instant from the same source port, then from different ones.
import { randomInt } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { collidingConnects, inNetworkOf, pairFault } from '../node/colliding-connects.ts'
import { type Io, UsageError } from './io.ts'
import type { ProbeOptions } from './probe.ts'
import { type Result, resultOf, resultText } from './probe-result.ts'

/** More would be no probe any more: each takes a port, and an entry of the node's conntrack table. */
const mostConnects = 5000

/** Slow enough for a server of one thread to take them all. */
const everyMs = 5

/** Source ports of the pair are below those that Linux gives to others (net.ipv4.ip_local_port_range, from 32768). */
const ports = { first: 10_000, end: 32_768 }

/** What the connects from the same port and those from different ones tell together. */
export type PairTells = 'translation' | 'nothing' | 'not-apart'

/** @returns the exit code. @throws UsageError if it is no pair, or asks for too many; Error if the name has no address. */
export async function probePair(
  target: string,
  { host, port }: { readonly host: string; readonly port: number },
  options: ProbeOptions & { readonly pair: readonly [number, number] },
  io: Io,
): Promise<number> {
  const { pair: pids, count, limit, output } = options
  if (count > mostConnects) throw new UsageError(`--count ${count}: expected at most ${mostConnects}`)
  const fault = pairFault('/proc', pids)
  if (fault !== undefined) throw new UsageError(`--pair ${pids.join(',')}: ${fault}`)
  // A Pod's resolver may be another: both shall connect to the same.
  const { address } = await lookup(host)
  const first = randomInt(ports.first, ports.end - 3 * count)
  const live = io.errIsTerminal && output === 'terminal'
  const connects = async (name: keyof typeof heads, firstPorts: readonly number[]): Promise<Result> => {
    if (live) io.err(`\r\u001b[K${heads[name]} ${(count * everyMs) / 1000} s`)
    const common = { to: address, port, count, everyMs, limitMs: limit * 1000 }
    const probed = await collidingConnects(pids.map(inNetworkOf), { ...common, firstPorts }, io.signal)
    if (live) io.err('\r\u001b[K')
    return resultOf(target, probed)
  }
  const same = await connects('same', [first, first])
  const apart = await connects('apart', [first + count, first + 2 * count])
  const tells = pairTells(same, apart)
  const text = () =>
    `${[heads.same, resultText(same, io), heads.apart, resultText(apart, io), said[tells]].join('\n')}\n`
  io.out(output === 'json' ? `${JSON.stringify({ pids, same, apart, tells }, undefined, 2)}\n` : text())
  if (same.connects === 0) return 2
  return same.lost > 0 || apart.lost > 0 ? 1 : 0
}

const heads = {
  same: 'Both Pods at the same instant, from the same source port:',
  apart: 'Both Pods at the same instant, from different source ports:',
}

const said: Readonly<Record<PairTells, string>> = {
  translation:
    'SYNs are lost where source ports are the same and not where they differ: flows race for one port as their source is translated (SNAT).',
  nothing: 'From the same port none met a step: among so few that does not say that none ever will.',
  'not-apart':
    'These connects do not tell whether more SYNs are lost from the same port than from different ones: try more of them (--count).',
}

/** The translation is named only where what is lost at least from the same port is over what is lost at most from different ones. */
export function pairTells(same: Pick<Result, 'lost' | 'atLeast'>, apart: Pick<Result, 'atMost'>): PairTells {
  if (same.lost === 0) return 'nothing'
  return same.atLeast > apart.atMost ? 'translation' : 'not-apart'
}
