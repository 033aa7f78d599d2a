import { describe, expect, it } from 'vitest'
import type { Finding, Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type ContainerSeen, containersSeen } from '../../linux/container.ts'
import { type KubeletSeen, kubeletSeen, type Page } from '../../linux/kubelet.ts'
import { blindKubelet } from './hazard.ts'

const ok: Page = { answered: true, ms: 4 }
const well: KubeletSeen = { url: 'https://127.0.0.1:10250', healthz: ok, metrics: ok, resource: ok, summary: ok }
const mute = (ms: number): Page => ({ how: 'mute', because: `no whole answer for ${ms / 1000} s`, ms })
const page = (how: 'fails' | 'unread' | 'missing' | 'unasked', because: string): Page => ({ how, because, ms: 1 })

const container = (pod: string, name: string | undefined, answers = false): ContainerSeen => ({
  id: `${pod}${name}`.padEnd(64, '0'),
  name: 'n',
  claims: 'running',
  sandbox: name === undefined,
  pod: { namespace: 'ads', name: pod, uid: pod, ...(name && { container: name }) },
  inspection: answers ? { answer: 'told', ms: 3, state: 'running' } : { answer: 'nothing', ms: 5000 },
  condition: { is: 'alive' },
  processes: [],
  shims: [
    {
      self: {
        pid: 4711,
        parent: 1,
        name: 'containerd-shim',
        state: 'T',
        startTicks: 1,
        command: ['containerd-shim-runc-v2'],
        cgroups: {},
      },
      program: 'containerd-shim-runc-v2',
      killable: true,
      liveChildren: [],
    },
  ],
  podmates: [],
})

const frozen = [container('bidder-7', undefined), container('bidder-7', 'app'), container('web-1', 'app', true)]

const subject = { source: { node: 'node-1' }, kind: kubeletSeen.kind, name: 'node-1' }

/** What is made of some rounds, 15 s apart; the last verdict. */
async function lastOf(
  rounds: readonly Partial<KubeletSeen>[],
  containers: readonly ContainerSeen[] | 'unread' = frozen,
): Promise<{ readonly verdict: Verdict; readonly finding: Finding | undefined }> {
  let memory: Memory = new Map()
  let verdict: Verdict = { verdict: 'absent' }
  for (const [round, more] of rounds.entries()) {
    const seen = await look({
      hazards: [blindKubelet],
      vantages: ['node'],
      world: recordedWorld(
        [
          [kubeletSeen, [{ of: kubeletSeen, items: [{ subject, object: { ...well, ...more } }] }]],
          [containersSeen, containers === 'unread' ? [{ of: containersSeen, unread: 'no list' }] : [...containers]],
        ],
        { source: { node: 'node-1' } },
      ),
      now: 0,
      ticks: 1_000_000 + round * 15_000,
      zones: { data: 'none', find: () => undefined },
      memory,
    })
    memory = seen.memory
    verdict = seen.judged[0]?.verdict ?? verdict
  }
  return { verdict, finding: verdict.verdict === 'found' ? verdict.findings[0] : undefined }
}

const all = (ms: number): Partial<KubeletSeen> => ({ metrics: mute(ms), resource: mute(ms), summary: mute(ms) })

describe('pages that hang while the kubelet lives', () => {
  it('are told with whom they wait for, and with its shim', async () => {
    const { finding } = await lastOf([all(34_000)])
    expect(finding).toMatchObject({ reason: 'no-stats', state: 'occurring', severity: 'high' })
    expect(finding?.fact).toBe(
      '/metrics, /metrics/resource and /stats/summary have not answered for 34 s, while /healthz does within 4 ms: autoscaling and eviction have no figures of this node; mute: ads/bidder-7/app with containerd-shim-runc-v2 4711 (T)',
    )
    expect(finding?.evidence.at(-1)).toMatchObject({
      name: 'mute container',
      value: 'ads/bidder-7/app: containerd-shim-runc-v2 4711 (T)',
    })
    expect(finding?.evidence[0]).toMatchObject({ name: '/metrics', at: { read: 'https://127.0.0.1:10250' } })
    expect(finding?.remedy).toMatchObject([{ do: 'advise', why: expect.stringContaining('ads/bidder-7/app has been') }])
  })

  it('may be a matter of load at first, however often the question was asked anew', async () => {
    expect((await lastOf([all(10_000)])).finding?.severity).toBe('medium')
    const { finding } = await lastOf([all(10_000), all(10_000), all(10_000)])
    expect(finding?.severity).toBe('high')
    expect(finding?.fact).toContain('have not answered for 30 s')
  })

  it('begin anew after a round in which they answered', async () => {
    expect((await lastOf([all(10_000), all(25_000), {}, all(10_000)])).finding?.severity).toBe('medium')
  })

  it('are only the alerts where it is /metrics alone', async () => {
    const { finding } = await lastOf([{ metrics: mute(10_000) }])
    expect(finding?.reason).toBe('no-metrics')
    expect(finding?.fact).toContain('/metrics has not answered for 10 s')
    expect(finding?.fact).toContain('alerts about the kubelet have no figures')
  })

  it.each([[[container('web-1', 'app', true)]], ['unread' as const]])(
    'name nobody where nobody was mute',
    async (seen) => {
      const { finding } = await lastOf([all(34_000)], seen)
      expect(finding?.fact).toContain('no container was mute when it was asked')
      expect(finding?.remedy).toMatchObject([{ command: 'journalctl -u kubelet -n 200' }])
    },
  )

  it('may fail instead', async () => {
    const { finding } = await lastOf([{ summary: page('fails', '/stats/summary: status 500: Internal Error') }])
    expect(finding?.fact).toContain('/stats/summary fails, while')
    expect(finding?.evidence[0]?.value).toBe('/stats/summary: status 500: Internal Error')
  })

  it('are found where only the health page can not be asked', async () => {
    const { finding } = await lastOf([{ ...all(34_000), healthz: page('unread', 'connect ECONNREFUSED') }])
    expect(finding?.fact).toContain('and its health page could not be asked')
  })
})

describe('what says nothing', () => {
  it.each([
    ['that we may not ask', { resource: page('unread', 'status 403: Forbidden') }, 'unknown'],
    ['a kubelet that is silent altogether', { ...all(34_000), healthz: mute(34_000) }, 'unknown'],
    ['a page that it does not have', { resource: page('missing', 'status 404') }, 'clear'],
    [
      'that nobody asked',
      { metrics: page('unasked', ''), resource: page('unasked', ''), summary: page('unasked', '') },
      'absent',
    ],
  ])('%s', async (_, seen, verdict) => {
    expect((await lastOf([seen])).verdict.verdict).toBe(verdict)
  })
})
