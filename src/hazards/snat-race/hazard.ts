import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { configMaps, daemonSets, felixConfigurations } from '../../objects/kinds.ts'
import { agents } from './manifest.ts'
import { losses, rules } from './node.ts'
import type { Settings } from './settings.ts'

const positive = (value: number, text: string) => z.number().positive().default(value).describe(text)

const settings: z.ZodType<Settings> = z.object({
  perTenThousand: positive(1, 'How many of 10,000 new connections have to lose a packet before it hurts'),
  leastLosses: positive(5, 'How many lost packets it takes at least: one is no race'),
  overSeconds: positive(600, 'Over how long losses are counted'),
})

export const snatRace = hazard({
  id: 'snat-race',
  title: 'Connections that take 1 s or 3 s because two flows raced for a port',
  severity: 'high',
  settings,
  steps: {
    'random-ports':
      'rewrite a rule in its place so that it chooses source ports at random; the others are left as they are',
  },
  reasons: {
    'ports-not-random': {
      title: 'A rule gives flows of different Pods the same source port',
      why: 'Two connections that begin at once find the same translated port free; the kernel inserts one and drops the SYN of the other, which comes again after 1 s.',
      fix: "Have the rule's owner add --random-fully (nft: fully-random): ports are then chosen by chance.",
      fixedIn:
        'Not in the kernel. kube-proxy asks for it since 1.16, flannel since 0.11, where iptables is 1.6.2 or newer.',
      leadsTo: 'lost-syns',
    },
    'settings-not-random': {
      title: 'A network agent is not told to choose source ports by chance',
      why: 'Rules that it makes on every node keep the source port or choose it by a hash; two connections that begin at once may then get the same.',
      fix: "Turn on the agent's own switch for fully random ports, or move to a release that chooses them so by itself.",
      fixedIn:
        'By default in kube-proxy since 1.16, flannel 0.11, AWS VPC CNI 1.7, ip-masq-agent 2.10; off by default in Cilium (iptables) and Antrea.',
      leadsTo: 'lost-syns',
    },
    'lost-syns': {
      title: 'Connections lose their first packet in the conntrack table',
      why: 'insert_failed grows: a packet was dropped since another flow had taken its place between choice and insertion.',
      fix: 'Add --random-fully to the rules that are named; until then spread the traffic over more destination addresses.',
    },
    'clashes-not-told-apart': {
      title: 'Flows clash, and whether packets are lost is not told',
      why: 'Before Linux 5.10 insert_failed also counts clashes that the kernel resolved itself, whose packets went on.',
      fix: "Look at SYN retransmissions in the Pods' own namespaces; a newer kernel tells the two apart.",
      fixedIn: 'Linux 5.10 counts them apart (clash_resolve).',
    },
  },
  writes: [configMaps, daemonSets, felixConfigurations],
  manifest: [agents],
  node: [rules, losses],
  drill: () => import('./drill.ts'),
})
