import { afterEach, describe, expect, it } from 'vitest'
import { loop } from '../acting/loop.ts'
import { serve } from '../acting/serve.ts'
import type { Subject, Verdict } from '../contract/hazard.ts'
import { found, read, unknown } from '../contract/verdicts.ts'
import type { Judged, Look } from '../engine/look.ts'
import { hazards } from '../hazards/index.ts'
import type { ContainerSeen, RuntimeSeen } from '../linux/container.ts'
import { ChangesOfFindings } from './changes.ts'
import { AgentMetrics } from './metrics.ts'
import type { Round } from './round.ts'

const [hazard] = hazards.filter(({ metrics }) => metrics && 'roadcrew_suspicious_containers' in metrics)
if (!hazard) throw new Error('no hazard has metrics')

const container = (name: string): Subject => ({
  source: { node: 'n' },
  kind: 'Container',
  namespace: 'ads',
  pod: `bidder-${name}`,
  name,
  uid: name,
})

const broken = (name: string, severity: 'medium' | 'critical' = 'medium', reason = 'only-zombies'): Judged =>
  judged(
    name,
    found({ reason, state: 'occurring', severity, fact: 'it is broken', evidence: [read('a', 'b', 'c')], remedy: [] }),
  )

function judged(name: string, verdict: Verdict): Judged {
  if (!hazard) throw new Error('no hazard')
  return { hazard, vantage: 'node', subject: container(name), verdict, origin: {} }
}

const looked = (...all: readonly Judged[]): Look => ({
  world: 'n',
  objects: 0,
  judged: all,
  broken: [],
  missing: [],
  memory: new Map(),
})

const runtime: RuntimeSeen = {
  name: 'containerd',
  socket: '/s',
  answers: { ms: 1 },
  lists: { ms: 2 },
  containers: 7,
  inspected: 7,
  mute: 1,
}
const seen = (answer: 'told' | 'nothing', ms: number): ContainerSeen => ({
  id: 'i',
  name: 'a',
  claims: 'running',
  sandbox: false,
  inspection: answer === 'told' ? { answer, ms, state: 'running' } : { answer, ms },
  condition: { is: 'alive' },
  processes: [],
  shims: [],
  podmates: [],
})
const round = (more: Partial<Round> = {}): Round => ({
  runtime,
  containers: [
    { subject: container('a'), object: seen('told', 3) },
    { subject: container('b'), object: seen('nothing', 5000) },
  ],
  ...more,
})

describe('metrics', () => {
  it('have a series for each finding, which ends with it', async () => {
    const metrics = new AgentMetrics([hazard])
    const series = async () =>
      (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('roadcrew_suspicious'))
    metrics.observe(round(), looked(broken('a'), broken('b', 'critical', 'no-processes')), 2000, 0)
    expect(await series()).toEqual([
      'roadcrew_suspicious_containers{namespace="ads",pod="bidder-a",container="a",reason="only-zombies"} 1',
      'roadcrew_suspicious_containers{namespace="ads",pod="bidder-b",container="b",reason="no-processes"} 1',
    ])
    metrics.observe(round(), looked(), 2000, 0)
    expect(await series()).toEqual([])
  })

  it('tell of the round, the runtime, inspections, and what could not be judged', async () => {
    const metrics = new AgentMetrics([hazard])
    metrics.observe(
      round({ runtime: { ...runtime, answers: { ms: 9, because: 'no' } } }),
      looked(judged('a', unknown('/proc'))),
      2500,
      60_000,
    )
    const text = await metrics.registry.metrics()
    for (const line of [
      'roadcrew_runtime_answers{runtime="containerd"} 0',
      `roadcrew_not_judged{hazard="${hazard.id}"} 1`,
      'roadcrew_containers 7',
      'roadcrew_round_duration_seconds 2.5',
      'roadcrew_last_round_timestamp_seconds 60',
      'roadcrew_inspection_duration_seconds_count{answer="nothing"} 1',
      'roadcrew_inspection_duration_seconds_bucket{le="0.01",answer="told"} 1',
    ]) {
      expect(text).toContain(`${line}\n`)
    }
  })

  it('count an inspection once, however often its answer is told again', async () => {
    const metrics = new AgentMetrics([hazard])
    const mute = {
      ...seen('nothing', 5000),
      inspection: { answer: 'nothing' as const, ms: 5000, earlier: true as const },
    }
    metrics.observe(round(), looked(), 2000, 0)
    metrics.observe(round({ containers: [{ subject: container('b'), object: mute }] }), looked(), 2000, 0)
    expect(await metrics.registry.metrics()).toContain(
      'roadcrew_inspection_duration_seconds_count{answer="nothing"} 1\n',
    )
  })
})

describe('metrics of the kubelet', () => {
  const unasked = { how: 'unasked', because: 'it was not asked for', ms: 0 } as const
  const series = async (metrics: AgentMetrics) =>
    (await metrics.registry.metrics()).split('\n').filter((line) => /^roadcrew_(kubelet|pleg)/.test(line))

  it('tell which pages answer, and how old the last relist is', async () => {
    const metrics = new AgentMetrics([])
    const kubelet = {
      healthz: { answered: true, ms: 3 },
      metrics: { answered: true, ms: 9 },
      resource: { how: 'mute', because: 'no whole answer for 10 s', ms: 10_000 },
      summary: { how: 'unread', because: 'status 403', ms: 9 },
      pleg: { at: 1_600_000_110_400, lastSeen: 1_600_000_000_000 },
    } as const
    metrics.observe(round({ kubelet }), looked(), 1, 0)
    expect(await series(metrics)).toEqual([
      'roadcrew_kubelet_answers{page="healthz"} 1',
      'roadcrew_kubelet_answers{page="metrics"} 1',
      'roadcrew_kubelet_answers{page="resource"} 0',
      'roadcrew_pleg_last_seen_age_seconds{runtime="containerd"} 110.4',
    ])
    metrics.observe(
      round({ kubelet: { healthz: unasked, metrics: unasked, resource: unasked, summary: unasked } }),
      looked(),
      1,
      0,
    )
    expect(await series(metrics)).toEqual([])
    metrics.observe(round(), looked(), 1, 0)
    expect(await series(metrics)).toEqual([])
  })
})

describe('changes', () => {
  it('are told once, not round by round', () => {
    const changes = new ChangesOfFindings()
    const next = (...all: readonly Judged[]) =>
      changes.next(looked(...all)).map(({ is, subject }) => `${subject.name} ${is}`)
    expect(next(broken('a'))).toEqual(['a found'])
    expect(next(broken('a'), broken('b'))).toEqual(['b found'])
    expect(next(broken('a', 'critical'), broken('b'))).toEqual(['a changed'])
    expect(next(broken('a', 'critical'), judged('b', unknown('not read')))).toEqual([])
    expect(next(broken('a', 'critical'), broken('b'))).toEqual([])
    expect(next(broken('b'))).toEqual(['a ended'])
    expect(next()).toEqual(['b ended'])
  })
})

describe('the server', () => {
  let close: (() => Promise<void>) | undefined
  afterEach(() => close?.())

  it('has /metrics and /healthz, and nothing else', async () => {
    let wrong: string | undefined
    const { registry } = new AgentMetrics([])
    const server = await serve('127.0.0.1:0', registry, () => wrong)
    close = server.close
    const ask = async (path: string, method = 'GET') => {
      const answer = await fetch(`http://${server.address}${path}`, { method })
      return [answer.status, await answer.text()] as const
    }
    expect((await ask('/metrics'))[1]).toContain('process_cpu_seconds_total')
    expect(await ask('/healthz')).toEqual([200, 'ok\n'])
    wrong = 'no round has ended for 90 s'
    expect(await ask('/healthz')).toEqual([503, 'no round has ended for 90 s\n'])
    expect((await ask('/other'))[0]).toBe(404)
    expect((await ask('/metrics', 'POST'))[0]).toBe(405)
  })

  it('has /readyz where something has to be ready, and listens on all addresses where none is named', async () => {
    let wrong: string | undefined = 'not listed yet: Job'
    const server = await serve(
      ':0',
      new AgentMetrics([]).registry,
      () => undefined,
      () => wrong,
    )
    close = server.close
    const port = server.address.split(':').at(-1)
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    expect([await ask('/healthz'), await ask('/readyz')]).toEqual([200, 503])
    wrong = undefined
    expect(await ask('/readyz')).toBe(200)
  })

  it.each(['9842', 'localhost', '127.0.0.1:'])('says what is wrong with --listen %s', async (listen) => {
    await expect(serve(listen, new AgentMetrics([]).registry, () => undefined)).rejects.toThrow('host:port')
  })
})

describe('the loop', () => {
  it('goes on after a round that failed, one at a time, and ends with the signal', async () => {
    const abort = new AbortController()
    const failures: unknown[] = []
    let [rounds, open, most] = [0, 0, 0]
    await loop({
      everyMs: () => 1,
      signal: abort.signal,
      random: () => 0.5,
      failed: (error) => void failures.push(error),
      async round() {
        most = Math.max(most, ++open)
        await new Promise((resolve) => setTimeout(resolve, 3))
        open--
        if (++rounds === 5) abort.abort()
        if (rounds === 2) throw new Error('the runtime restarts')
      },
    })
    expect([rounds, most, failures.map(String)]).toEqual([5, 1, ['Error: the runtime restarts']])
  })
})
