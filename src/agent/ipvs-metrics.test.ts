import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import type { IpvsSeen } from '../linux/ipvs.ts'
import { IpvsMetrics } from './ipvs-metrics.ts'

const because = { because: 'not of interest' }
const server = (weight: number, active: number) => ({
  address: '10.244.1.5',
  port: 80,
  forward: 'Masq',
  weight,
  active,
  inactive: 50,
})
const seen: IpvsSeen = {
  table: {
    services: [
      { protocol: 'TCP', name: 'a', scheduler: 'rr', persistent: false, servers: [server(1, 9), server(0, 4)] },
      { protocol: 'TCP', name: 'b', scheduler: 'rr', persistent: false, servers: [server(0, 3)] },
    ],
    broken: [],
  },
  switches: because,
  timeouts: because,
  dummy: true,
  onLink: because,
}

it('tells of the table, and has no series where there is none', async () => {
  const registry = new Registry()
  const metrics = new IpvsMetrics(registry)
  const values = async () =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  expect(await values()).toEqual([])
  metrics.observe(seen)
  expect(await values()).toEqual(['roadcrew_ipvs_services 2', 'roadcrew_ipvs_drained_connections 7'])
  const { table: _, ...none } = seen
  for (const less of [none, { ...seen, table: because }, undefined]) {
    metrics.observe(less)
    expect(await values()).toEqual([])
  }
})
