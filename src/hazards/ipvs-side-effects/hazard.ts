import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { drained } from './drained.ts'
import { idle } from './idle.ts'
import { arp, leaving, leftovers } from './leaving.ts'
import { manifest } from './manifest.ts'
import { switches } from './node.ts'
import type { Settings } from './settings.ts'

const settings: z.ZodType<Settings> = z.object({
  leastConnections: z
    .number()
    .positive()
    .default(3)
    .describe('How many new connections a server of weight 0 has to get: one may have been on its way'),
})

export const ipvsSideEffects = hazard({
  id: 'ipvs-side-effects',
  title: 'Connections that kube-proxy in the mode ipvs delays, misleads or forgets',
  severity: 'medium',
  settings,
  reasons: {
    'reuse-delays': {
      title: 'A connection from a reused port waits 1 s',
      why: 'With conn_reuse_mode 1 and conntrack, IPVS drops the first SYN from a port that it still has an entry of, so that entry and conntrack can be made anew.',
      fix: 'Linux 5.9 or newer; until then the choice is between this and connections that go to the server of the one before (mode 0).',
      fixedIn: 'Linux 5.9 (f0a5e4d7a594), which stable branches and distributions took over in part.',
    },
    'reuse-sticks': {
      title: 'A connection from a reused port goes to the server of the one before',
      why: 'With conn_reuse_mode 0 an entry that is kept for two minutes after its connection ended decides where the next one goes: load is uneven after a scale-up, and Pods that stop go on getting connections.',
      fix: 'Linux 5.9 or newer with conn_reuse_mode 1; kube-proxy of 1.22 or newer does not set it to 0 there.',
      fixedIn: 'Kubernetes 1.22 leaves the kernel its default from Linux 5.9 on.',
      leadsTo: 'to-drained',
    },
    'to-drained': {
      title: 'A Pod that stops gets new connections',
      why: 'It has weight 0, so that IPVS schedules nothing to it, but entries of reused ports and of clients with affinity still lead there; they fail when it is gone.',
      fix: 'Linux 5.9 or newer with conn_reuse_mode 1, expire_nodest_conn 1 and expire_quiescent_template 1.',
    },
    'gone-kept': {
      title: 'Connections to a Pod that is gone hang',
      why: 'Without expire_nodest_conn IPVS keeps entries whose server was removed, and drops their packets: the client learns nothing until it gives up, after minutes.',
      fix: 'Set net.ipv4.vs.expire_nodest_conn to 1, as kube-proxy does.',
    },
    'affinity-kept': {
      title: 'Clients with affinity are sent on to Pods that stop',
      why: 'Without expire_quiescent_template what binds a client to its server outlives the weight of that server.',
      fix: 'Set net.ipv4.vs.expire_quiescent_template to 1, as kube-proxy does.',
    },
    'not-masqueraded': {
      title: 'What IPVS balances is not masqueraded',
      why: 'Rules that MASQUERADE work on conntrack, and without net.ipv4.vs.conntrack IPVS keeps its connections out of it.',
      fix: 'Set net.ipv4.vs.conntrack to 1, as kube-proxy does.',
    },
    'idle-cut': {
      title: 'Connections that are silent for 15 minutes are reset',
      why: 'IPVS forgets a TCP connection after 900 s without a packet, long before Linux sends its first keepalive (7200 s); the other modes go by conntrack, which kube-proxy lets wait for a day.',
      fix: 'Keepalives in clients that hold connections open, or a longer ipvs.tcpTimeout of kube-proxy.',
    },
    'all-answer-arp': {
      title: 'Every node answers ARP for the address of a load balancer',
      why: 'In this mode each node holds the address of each Service, and Linux answers ARP for any address that it holds: traffic goes to whoever was quicker.',
      fix: 'Set ipvs.strictARP of kube-proxy to true.',
    },
    'two-modes': {
      title: 'Rules of two modes of kube-proxy are on one node',
      why: 'A change between ipvs and iptables leaves the old rules where they are; Services that were changed or deleted since go on in them.',
      fix: 'Reboot the node, or run kube-proxy --cleanup while kube-proxy is stopped.',
    },
    'mode-ends': {
      title: 'The mode ipvs of kube-proxy ends',
      why: 'It is deprecated since Kubernetes 1.35 (KEP-5495); from 1.40 on kube-proxy does not start in it unless the gate KubeProxyIPVS is on, from 1.43 on not at all.',
      fix: 'Change to the mode nftables (stable since 1.33), node by node.',
    },
    'way-out-blocked': {
      title: 'The mode ipvs ends, and something is in the way out',
      why: 'What this cluster has or has set does not work in the mode nftables, or has no equivalent there.',
      fix: 'Clear away what is named, then change to the mode nftables, node by node.',
    },
  },
  metrics: {
    roadcrew_ipvs_findings: {
      help: 'What is wrong with IPVS of the node, by reason',
      type: 'gauge',
      counts: 'findings',
    },
  },
  manifest: [manifest],
  node: [switches, idle, drained, leaving, leftovers, arp],
})
