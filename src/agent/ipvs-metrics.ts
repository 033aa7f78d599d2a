import { Gauge, type Registry } from 'prom-client'
import type { IpvsSeen } from '../linux/ipvs.ts'
import { isRead } from '../linux/network.ts'

/** What the agent tells Prometheus of IPVS; where there is none, or it could not be read, there is no series. */
export class IpvsMetrics {
  readonly #services: Gauge
  readonly #drained: Gauge

  constructor(registry: Registry) {
    const registers = [registry]
    this.#services = new Gauge({ name: 'roadcrew_ipvs_services', help: 'Virtual services of IPVS', registers })
    this.#drained = new Gauge({
      name: 'roadcrew_ipvs_drained_connections',
      help: 'Open connections to servers of weight 0, which are Pods that stop',
      registers,
    })
    this.observe(undefined)
  }

  observe(ipvs: IpvsSeen | undefined): void {
    for (const gauge of [this.#services, this.#drained]) gauge.remove()
    const table = ipvs?.table
    if (!table || !isRead(table)) return
    const drained = table.services.flatMap(({ servers }) => servers).filter(({ weight }) => weight === 0)
    this.#services.set(table.services.length)
    this.#drained.set(drained.reduce((sum, { active }) => sum + active, 0))
  }
}
