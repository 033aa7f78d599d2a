// What the agent's commands look at a network with, if it is wanted.
import { join } from 'node:path'
import type { Eyes } from '../agent/round.ts'
import type { IpvsSeen } from '../linux/ipvs.ts'
import type { NetworkSeen } from '../linux/network.ts'
import { readIpvs } from '../node/ipvs.ts'
import { readNetwork } from '../node/network.ts'
import type { AgentOptions } from './agent.ts'
import type { Io } from './io.ts'

/** How long rules are taken for the same (ms): to read 50,000 of them takes iptables a while. */
const rulesFor = 600_000

/** How long a tool of the host may take (ms). */
const toolMs = 10_000

/**
 * A table of IPVS is told again for so many times of what it took to read it: 100,000 servers take some 400 ms, which is then still less
 * than 0.3 % of a core. Small tables are read in each round.
 */
export const sparing = 350

/**
 * The network of the node, if it is wanted: counters in each round, rules now and then.
 * @param spare how many times of what it took IPVS is told again without reading it; 0: never.
 */
export function networkOf(
  { network, hostRoot }: AgentOptions,
  { ticks }: Io,
  spare: number,
): Pick<Eyes, 'network' | 'ipvs'> {
  if (!network) return {}
  const proc = join(hostRoot, 'proc')
  let told: { readonly seen: IpvsSeen; readonly until: number } | undefined
  let kept: { readonly rules: NetworkSeen['rules']; readonly until: number } | undefined
  return {
    network: async () => {
      const rules = kept && ticks() < kept.until ? kept.rules : undefined
      const seen = await readNetwork({ proc, toolMs, ...(rules && { rules }) })
      if (!rules) kept = { rules: seen.rules, until: ticks() + rulesFor }
      return seen
    },
    ipvs: async () => {
      const began = ticks()
      if (told && began < told.until) return told.seen
      const seen = await readIpvs({ proc, toolMs })
      const ended = ticks()
      told = { seen, until: ended + (ended - began) * spare }
      return seen
    },
  }
}
