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

/** And how many flows go to each destination (ms): a table of 240,000 entries costs up to 1.5 s of a core. */
const destinationsFor = 60_000

/** How long a tool of the host may take (ms). */
const toolMs = 10_000

/**
 * A table of IPVS is told again for so many times of what it took to read it: 100,000 servers take some 400 ms, which is then still less
 * than 0.3 % of a core. Small tables are read in each round.
 */
export const sparing = 350

/** What is looked with. `forgetRules`: they are read anew in the next round, since one of them was rewritten. */
type NetworkEyes = Pick<Eyes, 'network' | 'ipvs'> & { readonly forgetRules: () => void }

/**
 * The network of the node, if it is wanted: counters in each round, rules and flows now and then.
 * @param spare how many times of what it took IPVS is told again without reading it; 0: never.
 */
export function networkOf({ network, hostRoot }: AgentOptions, { ticks }: Io, spare: number): NetworkEyes {
  if (!network) return { forgetRules: () => undefined }
  const proc = join(hostRoot, 'proc')
  let told: { readonly seen: IpvsSeen; readonly until: number } | undefined
  let kept: { readonly rules: NetworkSeen['rules']; readonly until: number } | undefined
  let flows: { readonly destinations: NetworkSeen['destinations']; readonly until: number } | undefined
  return {
    forgetRules: () => {
      kept = undefined
    },
    network: async () => {
      const rules = kept && ticks() < kept.until ? kept.rules : undefined
      const destinations = flows && ticks() < flows.until ? flows.destinations : undefined
      const known = { ...(rules && { rules }), ...(destinations && { destinations }) }
      const seen = await readNetwork({ proc, toolMs, ...known })
      if (!rules) kept = { rules: seen.rules, until: ticks() + rulesFor }
      if (!destinations) flows = { destinations: seen.destinations, until: ticks() + destinationsFor }
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
