import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { node } from './node.ts'
import type { Settings } from './settings.ts'

const settings: z.ZodType<Settings> = z.object({
  nearlyFull: z
    .number()
    .positive()
    .max(1)
    .default(0.8)
    .describe('From which share of its limit on the table counts as nearly full'),
  overSeconds: z.number().positive().default(30).describe('Over how long dropped packets and entries are counted'),
})

export const fullConntrack = hazard({
  id: 'full-conntrack',
  title: 'The conntrack table of a node is full',
  severity: 'critical',
  settings,
  reasons: {
    'nearly-full': {
      title: 'The conntrack table is nearly full',
      why: 'Every connection of every Pod has an entry, those that ended for minutes more; once none is free new connections are dropped.',
      fix: 'Raise net.netfilter.nf_conntrack_max (kube-proxy: conntrack.maxPerCore), or find who opens so many connections.',
      leadsTo: 'no-room',
    },
    'no-room': {
      title: 'Packets are dropped since the conntrack table is full',
      why: 'The kernel logs "nf_conntrack: table full, dropping packet" and drops the first packet of new connections, of all Pods of the node.',
      fix: 'Raise net.netfilter.nf_conntrack_max at once, then find who opens so many connections.',
    },
    'thrown-out': {
      title: 'Connections are thrown out of the conntrack table to make room',
      why: 'early_drop grows: entries of connections without an answer yet are evicted, and their packets then belong to no connection.',
      fix: 'Raise net.netfilter.nf_conntrack_max, or find who opens so many connections.',
    },
    'long-chains': {
      title: 'Packets are dropped since entries of the conntrack table crowd in few buckets',
      why: 'Since Linux 5.16 the first packet of a connection is dropped whose bucket holds too many entries already (chaintoolong); each entry is in two.',
      fix: 'Raise net.netfilter.nf_conntrack_buckets to nf_conntrack_max; if it is, find who opens so many connections between the same addresses.',
    },
  },
  condition: 'RoadcrewFullConntrack',
  node: [node],
  drill: () => import('./drill.ts'),
})
