import { describe, expect, it } from 'vitest'
import { rolloutPage } from './rollout-page.ts'
import { type RolloutReport, rolloutSchema } from './rollout-schema.ts'
import { rolloutText } from './rollout-text.ts'

const report: RolloutReport = {
  ...{ schemaVersion: 1, toolVersion: '0.1.0', cluster: 'eu', kind: 'Deployment', namespace: 'shop', name: 'web' },
  ...{ url: 'https://shop.example.com/', startedAt: '2026-11-30T08:00:00.000Z', tookMs: 42_000, restarts: 1 },
  ...{ outcome: 'complete', sent: 8400, lost: 42, maxLost: 0, again: 2, slow: 1, slowMs: 1000 },
  lateness: { p99Ms: 1.2, exhausted: 0, spoilt: false },
  lanes: [
    {
      ...{ protocol: 'http1', connections: 'fresh', perSecond: 100, sent: 4200, lost: 30 },
      latency: { p50: 3.2, p90: 8, p99: 21.4, p999: 90, worst: 1234 },
    },
    { protocol: 'http2', connections: 'kept', perSecond: 100, sent: 4200, lost: 12 },
  ],
  causes: [
    {
      ...{ how: '502', culprit: 'stopping', count: 41, firstMs: 3000, lastMs: 4200, pods: ['web-a', 'web-b'] },
      text: '502 from the proxy: a Pod that had got SIGTERM was still sent to',
    },
    { how: 'refused', culprit: 'front', count: 1, firstMs: 9000, lastMs: 9000, pods: [], text: 'refused: nobody' },
  ],
  drain: {
    ...{
      n: 20,
      p999Ms: 1800,
      isBound: false,
      resolutionMs: 30,
      waitSeconds: 2,
      because: 'the slowest of 20 deletions',
    },
    pods: [{ pod: 'web-a', is: 'measured', ms: 1800 }],
  },
  remedies: [{ hazard: 'lamp', reason: 'dark', fact: 'it stops at once', steps: ['spec.x: 1'] }],
  pods: [
    { name: 'web-a', wasThere: true, servingMs: 0, deletedMs: 2900, sigtermMs: 2900, goneMs: 3900 },
    { name: 'web-<c>', wasThere: false, servingMs: 2500 },
  ],
  moments: [{ atMs: 2900, what: 'pod-deleted', pod: 'web-a', text: 'is deleted, with 30 s of grace' }],
  hurt: [
    {
      ...{ sentMs: 3000, endedMs: 3004, how: '502', said: '502', lane: 'http1 fresh', again: false },
      ...{ culprit: 'stopping', pod: 'web-a', others: [] },
    },
  ],
  buckets: [
    { fromMs: 0, sent: 50, lost: 0, p50Ms: 3, worstMs: 9 },
    { fromMs: 250, sent: 50, lost: 20 },
  ],
  gaps: [{ fromMs: 5000, toMs: 6500, because: 'Pods: no answer' }],
  notes: ['Events are not watched: forbidden'],
  exitCode: 1,
}

const plain = { color: false, columns: 100 }

describe('the report of a rollout', () => {
  it('is what its schema says', () => expect(rolloutSchema.safeParse(report).error).toBeUndefined())

  it('says what was lost, over which connections, why, and what to do', () => {
    const text = rolloutText(report, plain)
    expect(text).toContain('42 of 8,400 requests were lost (1 of 200)')
    expect(text).toMatch(/^HTTP\/1\.1, one each +4,200 +30 +3\.2 ms +8\.0 ms +21 ms +90 ms +1\.2 s$/m)
    expect(text).toMatch(/^41 +502 from the proxy: a Pod that had got SIGTERM was still sent to +3\.0 s to 4\.2 s/m)
    expect(text).toContain('this cluster needs a preStop wait of 2 s')
    expect(text).toContain('    spec.x: 1')
    expect(text).toContain('not watched: 5.0 s to 6.5 s (Pods: no answer)')
    expect(text).toContain('note: Events are not watched')
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100)
  })

  it('is coloured only where colours are wanted', () => {
    expect(rolloutText(report, plain)).not.toContain('\u001b[')
    expect(rolloutText(report, { ...plain, color: true })).toContain('\u001b[')
  })

  it('says why no wait is advised', () => {
    const { waitSeconds: _, ...drain } = report.drain
    const text = rolloutText({ ...report, drain: { ...drain, because: '3 deletions were seen' }, remedies: [] }, plain)
    expect(text).toContain('no wait is advised: 3 deletions were seen')
  })

  it('is a page on which a name is no markup, with the latencies of a generator that was in time only', () => {
    const page = rolloutPage(report)
    expect(page).toContain('web-&lt;c&gt;')
    expect(page).not.toContain('web-<c>')
    expect(page).toContain('answers: median, worst')
    const lateness = { p99Ms: 90, exhausted: 0, spoilt: true, text: 'the generator itself was late' }
    const spoilt = rolloutPage({ ...report, lateness })
    expect(spoilt).not.toContain('answers: median, worst')
    expect(spoilt).toContain('the generator itself was late')
  })
})
