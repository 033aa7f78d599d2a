import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parsePlegMetrics } from './kubelet-metrics.ts'

const text = `# HELP kubelet_node_name [ALPHA] The node's name.
# TYPE kubelet_node_name gauge
kubelet_node_name{node="a} b"} 1
# HELP kubelet_pleg_last_seen_seconds [ALPHA] Timestamp in seconds when PLEG was last seen active.
# TYPE kubelet_pleg_last_seen_seconds gauge
kubelet_pleg_last_seen_seconds 1.626833409e+09
# TYPE kubelet_pleg_relist_duration_seconds histogram
kubelet_pleg_relist_duration_seconds_bucket{le="10"} 8
kubelet_pleg_relist_duration_seconds_bucket{le="0.005"} 5
kubelet_pleg_relist_duration_seconds_bucket{le="+Inf"} 9
kubelet_pleg_relist_duration_seconds_sum 241.5
kubelet_pleg_relist_duration_seconds_count 9
this is no metric at all {
kubelet_pleg_relist_interval_seconds_bucket{le="+Inf",} 8 1626833410000
kubelet_pleg_relist_interval_seconds_sum{} 250
kubelet_pleg_relist_interval_seconds_count 8\r
`

describe('the metrics of a kubelet', () => {
  it('are found among others', () =>
    expect(parsePlegMetrics(text)).toEqual({
      lastSeen: Date.parse('2021-07-21T02:10:09Z'),
      duration: {
        count: 9,
        sum: 241.5,
        buckets: [
          { upTo: 0.005, count: 5 },
          { upTo: 10, count: 8 },
          { upTo: Number.POSITIVE_INFINITY, count: 9 },
        ],
      },
      interval: { count: 8, sum: 250, buckets: [{ upTo: Number.POSITIVE_INFINITY, count: 8 }] },
    }))

  it('of 1.20 are read as it writes them', () => {
    const real = readFileSync(join(import.meta.dirname, 'fixtures/kubelet-1.20.metrics'), 'utf8')
    const { lastSeen, duration, interval } = parsePlegMetrics(real)
    expect(lastSeen).toBe(1_795_604_396_000)
    expect(duration).toMatchObject({ count: 19, sum: 0.018366659 })
    expect(duration?.buckets.map(({ upTo }) => upTo)).toEqual([
      0.005,
      0.01,
      0.025,
      0.05,
      0.1,
      0.25,
      0.5,
      1,
      2.5,
      5,
      10,
      Number.POSITIVE_INFINITY,
    ])
    expect(interval?.buckets.filter(({ count }) => count === 0)).toHaveLength(8)
  })

  it.each(['', 'kubelet_pleg_last_seen_seconds 0', '# nothing'])('may be missing: %j', (none) =>
    expect(parsePlegMetrics(none)).toEqual({}),
  )

  it.each([
    ['kubelet_pleg_last_seen_seconds', 'line 2: not a sample of a metric: kubelet_pleg_last_seen_seconds'],
    ['kubelet_pleg_last_seen_seconds now', 'line 2: not a sample'],
    ['kubelet_pleg_relist_duration_seconds_bucket 3', 'line 2: a bucket without le'],
    ['kubelet_pleg_relist_duration_seconds_bucket{le="x"} 3', 'line 2: le is no number'],
    ['kubelet_pleg_last_seen_seconds 1\nkubelet_pleg_last_seen_seconds{node="b"} 1', 'line 3: a second value'],
  ])('name the line that is wrong: %s', (line, message) =>
    expect(() => parsePlegMetrics(`# first\n${line}`)).toThrow(message),
  )
})
