// What the agent's commands look at a network with, if it is wanted.
import { join } from 'node:path'
import type { Eyes } from '../agent/round.ts'
import type { NetworkSeen } from '../linux/network.ts'
import { readIpvs } from '../node/ipvs.ts'
import { readNetwork } from '../node/network.ts'
import type { AgentOptions } from './agent.ts'
import type { Io } from './io.ts'

/** How long rules are taken for the same (ms): to read 50,000 of them takes iptables a while. */
const rulesFor = 600_000

/** How long a tool of the host may take (ms). */
const toolMs = 10_000

/** The network of the node, if it is wanted: counters and IPVS in each round, rules now and then. */
export function networkOf({ network, hostRoot }: AgentOptions, { ticks }: Io): Pick<Eyes, 'network' | 'ipvs'> {
  if (!network) return {}
  const proc = join(hostRoot, 'proc')
  let kept: { readonly rules: NetworkSeen['rules']; readonly until: number } | undefined
  return {
    network: async () => {
      const rules = kept && ticks() < kept.until ? kept.rules : undefined
      const seen = await readNetwork({ proc, toolMs, ...(rules && { rules }) })
      if (!rules) kept = { rules: seen.rules, until: ticks() + rulesFor }
      return seen
    },
    ipvs: () => readIpvs({ proc, toolMs }),
  }
}
