import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { synSteps } from '../linux/syn-steps.ts'
import { connectBuckets, ProbeMetrics } from './probe-metrics.ts'

const late = 0.25

it('has a bucket of its own for each step of SYN retransmission, however late a connect may be', () => {
  const steps = [...new Set([...synSteps.doubling, ...synSteps.linear])]
  const bucketOf = (seconds: number) => connectBuckets.findIndex((limit) => seconds <= limit)
  for (const step of steps) expect(bucketOf(step), String(step)).toBe(bucketOf(step + late))
  expect(new Set(steps.map(bucketOf)).size).toBe(steps.length)
  expect(bucketOf(0.9)).toBeLessThan(bucketOf(1))
})

it('counts connects, those that lost a SYN and those that failed; without a probe there is no series', async () => {
  const registry = new Registry()
  const metrics = new ProbeMetrics(registry)
  const lines = async () => (await registry.metrics()).split('\n').filter((line) => line && !line.startsWith('#'))
  expect(await lines()).toEqual([])
  metrics.observe('db:5432', { ms: 3 }, false)
  expect(await lines()).toContain('roadcrew_probe_slow_total{target="db:5432"} 0')
  metrics.observe('db:5432', { ms: 1003 }, true)
  metrics.observe('db:5432', { because: 'ECONNREFUSED' }, false)
  metrics.bound([
    { target: 'db:5432', forMs: 3_600_000, connects: 3600, lost: 0, failed: 0 },
    { target: 'new:1', forMs: 0, connects: 0, lost: 0, failed: 0 },
  ])
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'roadcrew_probe_connect_seconds_bucket{le="0.95",target="db:5432"} 1',
      'roadcrew_probe_connect_seconds_bucket{le="1.5",target="db:5432"} 2',
      'roadcrew_probe_connect_seconds_count{target="db:5432"} 2',
      'roadcrew_probe_slow_total{target="db:5432"} 1',
      'roadcrew_probe_failures_total{target="db:5432",code="ECONNREFUSED"} 1',
      // 1 - 0.05 ** (1 / 3600); of none all may.
      'roadcrew_probe_slow_per_10000_at_most{target="db:5432"} 9',
      'roadcrew_probe_slow_per_10000_at_most{target="new:1"} 10000',
    ]),
  )
})
