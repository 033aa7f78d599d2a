import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { node } from './node.ts'
import type { Settings } from './settings.ts'

const settings: z.ZodType<Settings> = z.object({
  leastLosses: z.number().positive().default(5).describe('How many lost packets it takes before it hurts'),
  overSeconds: z.number().positive().default(600).describe('Over how long losses are counted'),
})

export const snatPortsExhausted = hazard({
  id: 'snat-ports-exhausted',
  title: 'Connections fail since no translated source port is free',
  severity: 'high',
  settings,
  reasons: {
    'near-its-range': {
      title: 'One destination has nearly all source ports that its rule may choose',
      why: 'Each flow to one address and port needs a source port of its own; when none is free the first packet of a new one is dropped, again and again.',
      fix: 'Reuse connections, spread them over more destination addresses, or give the rule more source addresses or ports.',
      leadsTo: 'no-port-left',
    },
    'no-port-left': {
      title: 'Packets are dropped since one destination has no source port left',
      why: 'insert_failed grows as in a race, but a connection that loses its SYN also loses the next ones, until another one ends.',
      fix: 'Reuse connections, spread them over more destination addresses, or give the rule more source addresses or ports.',
    },
    'despite-random': {
      title: 'Packets lose their place although all rules choose ports by chance',
      why: 'It looks like the race for a port and is none: most likely one destination was near the end of its ports, at a time when nobody looked.',
      fix: 'Look at the destinations (conntrack -L) while it happens, and at net.netfilter.nf_conntrack_buckets; more source addresses help where ports run out.',
    },
  },
  node: [node],
  drill: () => import('./drill.ts'),
})
