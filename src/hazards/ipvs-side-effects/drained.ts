import type { Context, Finding, Item, Verdict } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { read, unknown } from '../../contract/verdicts.ts'
import { type IpvsSeen, ipvsSeen, type RealServer, type VirtualService } from '../../linux/ipvs.ts'
import { foundOrUnread, tableOf } from './in-use.ts'
import type { Settings } from './settings.ts'

/** The fewest connections that a server of weight 0 had since it has it. */
interface Least {
  readonly active: number
  readonly all: number
}

interface Remembered {
  /** By service and server; an object, since what is remembered is kept as JSON. */
  readonly least: Readonly<Record<string, Least>>
}

interface Drained {
  readonly key: string
  readonly service: VirtualService
  readonly server: RealServer
}

/**
 * Do servers of weight 0 get new connections? kube-proxy gives a Pod that stops weight 0 and waits for its connections to end
 * (pkg/proxy/ipvs/graceful_termination.go), so they only become fewer. More open ones than there were are new ones: those of reused
 * ports with conn_reuse_mode 0 (kubernetes#81775, #99162), or of clients that stay with their server.
 */
export const drained = detector({
  of: list(ipvsSeen),
  with: {},
  judge({ object }: Item<IpvsSeen>, _view, context: Context<Settings, Remembered>): Verdict<Remembered> {
    const table = tableOf(object)
    if ('verdict' in table) return table.verdict
    const now = table.services.flatMap(drainedOf)
    const before = context.before?.least
    const least = Object.fromEntries(now.map((one) => [one.key, leastOf(one.server, before?.[one.key])]))
    const remember = { least }
    if (now.length > 0 && !before)
      return { ...unknown('whether servers of weight 0 get connections shows only at a second look'), remember }
    const grown = now.flatMap((one) => grownBy(one, before?.[one.key], context.settings))
    return { ...foundOrUnread(grown, table), remember }
  },
})

const drainedOf = (service: VirtualService): Drained[] =>
  service.servers
    .filter(({ weight }) => weight === 0)
    .map((server) => ({
      key: `${service.protocol} ${service.name} ${server.address} ${server.port}`,
      service,
      server,
    }))

const leastOf = ({ active, inactive }: RealServer, before?: Least): Least => ({
  active: Math.min(active, before?.active ?? active),
  all: Math.min(active + inactive, before?.all ?? active + inactive),
})

function grownBy({ service, server }: Drained, least: Least | undefined, { leastConnections }: Settings): Finding[] {
  if (!least) return []
  const more = Math.max(server.active - least.active, server.active + server.inactive - least.all)
  if (more < leastConnections) return []
  const [to, of] = [`${server.address}:${server.port}`, `${service.protocol} ${service.name}`]
  return [
    {
      reason: 'to-drained',
      state: 'occurring',
      severity: 'high',
      fact: `${to}, which stops and has weight 0 in ${of}, got ${more} new connections since${service.persistent ? '; its clients stay with their server (sessionAffinity)' : ''}`,
      evidence: [
        read('open', server.active, `/proc/net/ip_vs, ${of}; ${least.active} at the least since its weight is 0`),
        read('others', server.inactive, '/proc/net/ip_vs, InActConn'),
      ],
      remedy: [
        {
          do: 'advise',
          why: 'clients that come from one address with many short connections use their ports again: have them keep connections open, or spread them over more addresses',
        },
        {
          do: 'advise',
          why: 'on Linux 5.9 or newer conn_reuse_mode 1 sends such connections to another server without a delay',
          command:
            'sysctl net.ipv4.vs.conn_reuse_mode net.ipv4.vs.expire_nodest_conn net.ipv4.vs.expire_quiescent_template',
        },
      ],
    },
  ]
}
