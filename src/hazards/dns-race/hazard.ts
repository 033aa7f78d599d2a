import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { losses, path } from './node.ts'
import type { Settings } from './settings.ts'

const settings: z.ZodType<Settings> = z.object({
  leastLosses: z.number().positive().default(5).describe('How many lost datagrams it takes before it hurts'),
  overSeconds: z.number().positive().default(600).describe('Over how long losses are counted'),
})

const fixedIn =
  'Linux 5.6 resolves all of them, 5.0 those that chose the same destination; distributions took it into older releases. NodeLocal DNSCache is stable since Kubernetes 1.18.'

export const dnsRace = hazard({
  id: 'dns-race',
  title: 'Names that take 5 s to resolve because two questions of one socket raced',
  severity: 'high',
  settings,
  reasons: {
    'questions-may-clash': {
      title: 'Questions to DNS are translated by a kernel that may drop one of two',
      why: 'A resolver asks for A and AAAA at once from one port. Both are new to conntrack, a rule chooses a destination for each, and the kernel drops the one that comes second; the resolver asks again after 5 s.',
      fix: 'Run NodeLocal DNSCache, whose questions pass conntrack by, or a newer kernel; with glibc, set single-request-reopen in dnsConfig.',
      fixedIn,
      leadsTo: 'lost-questions',
    },
    'lost-questions': {
      title: 'Questions to DNS are dropped in the conntrack table',
      why: 'insert_failed grows and no SYNs are missing: datagrams of one socket clashed behind DNAT, and one of two was dropped.',
      fix: 'Run NodeLocal DNSCache, whose questions pass conntrack by, or a newer kernel; with glibc, set single-request-reopen in dnsConfig.',
      fixedIn,
    },
  },
  node: [path, losses],
  drill: () => import('./drill.ts'),
})
