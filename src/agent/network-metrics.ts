import { Counter, Gauge, type Registry } from 'prom-client'
import { total } from '../linux/conntrack.ts'
import { nearest } from '../linux/destinations.ts'
import { isRead, type NetworkSeen } from '../linux/network.ts'

const counted = {
  insert_failed:
    'Packets that were dropped since another flow had taken their place; before Linux 5.10 also clashes without loss',
  drop: 'Packets that conntrack dropped',
  early_drop: 'Entries that were thrown out to make room in a full table',
  chaintoolong: 'Packets that were dropped since too many entries share a bucket of the table; since Linux 5.16',
  clash_resolve: 'Clashes of flows that the kernel resolved without loss',
}

/** What the agent tells Prometheus of the node's network; of what could not be read there is no series. */
export class NetworkMetrics {
  readonly #counters: ReadonlyMap<string, Counter>
  readonly #entries: Gauge
  readonly #limit: Gauge
  readonly #buckets: Gauge
  readonly #retransmits: Counter
  readonly #ports: Gauge

  constructor(registry: Registry) {
    const registers = [registry]
    this.#counters = new Map(
      Object.entries(counted).map(([name, help]) => [
        name,
        new Counter({ name: `roadcrew_conntrack_${name}_total`, help, registers }),
      ]),
    )
    this.#entries = new Gauge({ name: 'roadcrew_conntrack_entries', help: 'Entries of the conntrack table', registers })
    this.#limit = new Gauge({ name: 'roadcrew_conntrack_entries_limit', help: 'How many it may hold', registers })
    this.#buckets = new Gauge({
      name: 'roadcrew_conntrack_buckets',
      help: 'Buckets that the entries of the table are spread over, each entry twice',
      registers,
    })
    this.#retransmits = new Counter({
      name: 'roadcrew_pod_syn_retransmits_total',
      help: "SYNs that were sent again from the network namespaces of Pods that live; the host's do not show them",
      registers,
    })
    this.#ports = new Gauge({
      name: 'roadcrew_snat_ports_used_ratio',
      help: 'Share of its source ports that the destination holds which is nearest to their end; 0 in a table too small for that',
      registers,
    })
    this.#drop()
  }

  observe(network: NetworkSeen | undefined): void {
    this.#drop()
    if (!network) return
    const { statistics, table, pods, rules, destinations } = network
    for (const [name, counter] of this.#counters) {
      const value = isRead(statistics) ? total(statistics, name) : undefined
      if (value !== undefined) counter.inc(value)
    }
    if (isRead(table)) {
      this.#entries.set(table.count)
      this.#limit.set(table.max)
      if (table.buckets !== undefined) this.#buckets.set(table.buckets)
    }
    if (destinations && isRead(destinations))
      this.#ports.set(nearest(destinations, isRead(rules) ? rules.snat : [])?.used ?? 0)
    if (isRead(pods)) this.#retransmits.inc(pods.reduce((sum, { tcp }) => sum + (tcp.synRetransmits ?? 0), 0))
  }

  /** Without a series, so that nothing passes for 0 that was not read. */
  #drop(): void {
    const gauges = [this.#entries, this.#limit, this.#buckets, this.#ports]
    for (const one of [...this.#counters.values(), ...gauges, this.#retransmits]) one.remove()
  }
}
