import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Finding, Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type ContainerSeen, containersSeen, type RuntimeSeen, runtimeSeen } from '../../linux/container.ts'
import { type KubeletSeen, kubeletSeen, type Page, type PlegSeen } from '../../linux/kubelet.ts'
import { flappingNode } from './hazard.ts'
import { longRelists, notReadyIn, relistOf } from './relist.ts'

const start = Date.parse('2026-11-25T11:00:00Z')
const ok: Page = { answered: true, ms: 4 }

const mute = (pod: string): ContainerSeen => ({
  id: pod.padEnd(64, '0'),
  name: 'n',
  claims: 'running',
  sandbox: false,
  pod: { namespace: 'ads', name: pod, uid: pod, container: 'app' },
  inspection: { answer: 'nothing', ms: 5000 },
  condition: { is: 'alive' },
  processes: [],
  shims: [],
  podmates: [],
})

interface Seen {
  /** Seconds after the start. */
  readonly at: number
  /** Seconds since the last relist began. */
  readonly age: number
  /** Relists that were counted, and what they took together (s). */
  readonly count?: number
  readonly sum?: number
  readonly long?: number
  readonly mute?: readonly string[]
  readonly evented?: true
  readonly runtime?: string | 'unread'
  readonly metrics?: Page
}

function plegOf({ at, age, count = 154, sum = 1.5, long = 0, evented }: Seen): PlegSeen {
  const now = start + at * 1000
  const buckets = [
    { upTo: 0.005, count: count - long - 4 },
    { upTo: 10, count: count - long },
    { upTo: Number.POSITIVE_INFINITY, count },
  ]
  return { at: now, lastSeen: now - age * 1000, duration: { count, sum, buckets }, ...(evented && { evented }) }
}

const subject = { source: { node: 'node-1' }, kind: kubeletSeen.kind, name: 'node-1' }

async function verdicts(rows: readonly Seen[]): Promise<Verdict[]> {
  const all: Verdict[] = []
  let memory: Memory = new Map()
  for (const row of rows) {
    const { metrics = ok, runtime = 'docker' } = row
    const kubelet: KubeletSeen = {
      healthz: ok,
      metrics,
      resource: ok,
      summary: ok,
      ...(metrics === ok && { pleg: plegOf(row) }),
    }
    const below: RuntimeSeen = {
      name: runtime,
      socket: '/s',
      answers: ok,
      lists: ok,
      containers: 3,
      inspected: 3,
      mute: 2,
    }
    const seen = await look({
      hazards: [flappingNode],
      vantages: ['node'],
      world: recordedWorld(
        [
          [kubeletSeen, [{ of: kubeletSeen, items: [{ subject, object: kubelet }] }]],
          [containersSeen, (row.mute ?? []).map(mute)],
          [runtimeSeen, runtime === 'unread' ? [{ of: runtimeSeen, unread: 'no socket' }] : [below]],
        ],
        { source: { node: 'node-1' } },
      ),
      now: start + row.at * 1000,
      ticks: row.at * 1000,
      zones: { data: 'none', find: () => undefined },
      memory,
    })
    memory = seen.memory
    all.push(seen.judged[0]?.verdict ?? { verdict: 'absent' })
  }
  return all
}

async function lastOf(...rows: readonly Seen[]): Promise<Finding | undefined> {
  const last = (await verdicts(rows)).at(-1)
  return last?.verdict === 'found' ? last.findings[0] : undefined
}

describe('a relist that hangs, with Docker', () => {
  it('is a forecast, with the containers that it waits for', async () => {
    const finding = await lastOf({ at: 0, age: 2 }, { at: 110, age: 110, mute: ['bidder-b', 'bidder-a'] })
    expect(finding).toMatchObject({ reason: 'relist-hangs', state: 'exposed', certain: true })
    expect(finding?.fact).toBe(
      'the kubelet has been in one relist for 1 min 50 s (since 2026-11-25T11:00:00Z); 2 containers that time out at 2 min each (ads/bidder-a/app, ads/bidder-b/app): NotReady in about 70 s',
    )
    expect(finding?.evidence.map(({ name }) => name)).toEqual(['last relist', 'mute container', 'mute container'])
    expect(finding?.remedy[0]).toMatchObject({
      do: 'advise',
      why: expect.stringContaining('once ads/bidder-a/app, ads/'),
    })
  })

  it('for one container ends before the threshold, and the next one does not', async () => {
    const finding = await lastOf({ at: 0, age: 2 }, { at: 60, age: 60, mute: ['bidder-a'] })
    expect(finding?.fact).toContain('1 container that times out at 2 min (ads/bidder-a/app): NotReady in about 4 min')
    const second = await lastOf(
      { at: 0, age: 2 },
      { at: 60, age: 60, mute: ['bidder-a'] },
      { at: 170, age: 50, count: 155, sum: 122, long: 1, mute: ['bidder-a'] },
    )
    expect(second?.fact).toContain(
      '1 container that times out at 2 min, twice in each relist (ads/bidder-a/app): NotReady in about 2 min 10 s',
    )
  })

  it('is only a possibility where nobody is mute', async () => {
    const finding = await lastOf({ at: 110, age: 110 })
    expect(finding?.certain).toBeUndefined()
    expect(finding?.fact).toContain(
      'no container was mute when it was asked: NotReady in about 70 s, unless the relist',
    )
    expect(finding?.remedy).toMatchObject([{ command: 'journalctl -u docker -n 200' }])
  })

  it('takes mute containers for no stall by themselves', async () => {
    expect(await lastOf({ at: 0, age: 2, mute: ['a', 'b'] }, { at: 15, age: 2, mute: ['a', 'b'] })).toBeUndefined()
  })
})

describe('with another runtime', () => {
  it.each(['containerd', 'cri-o'])('there is no forecast: %s', async (runtime) => {
    const [verdict] = await verdicts([{ at: 110, age: 110, mute: ['a'], runtime }])
    expect(verdict?.verdict).toBe('clear')
  })

  it('what is beyond the threshold is a fact, and no single container to blame', async () => {
    const finding = await lastOf({ at: 200, age: 200, mute: ['a'], runtime: 'containerd' })
    expect(finding?.reason).toBe('pleg-stalled')
    expect(finding?.fact).toContain(
      'NotReady; containerd answers the kubelet from memory, so this is more than one container',
    )
    expect(finding?.remedy).toMatchObject([{ command: 'journalctl -u containerd -n 200' }])
  })

  it('that is not known there is none either', async () => {
    expect(await verdicts([{ at: 110, age: 110, runtime: 'unread' }])).toEqual([
      { verdict: 'unknown', because: 'which runtime the kubelet waits for is not known', remember: expect.anything() },
    ])
  })

  it('that tells its events a relist every 5 minutes is well', async () => {
    expect(await lastOf({ at: 400, age: 400, evented: true, mute: ['a'] })).toBeUndefined()
    expect((await lastOf({ at: 700, age: 601, evented: true }))?.fact).toContain('unhealthy after 10 min')
  })
})

/**
 * Of a kubelet 1.20 with Docker and its defaults: two Pods were deleted while their shims were stopped (at second 16), and the shims
 * went on in the middle of the second stall. `ready`: what the node said of itself at that moment.
 */
const recorded: readonly (Seen & { readonly ready: boolean })[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/two-pods-on-docker.json'), 'utf8'),
)

describe('on a real node', () => {
  it('the looks say what comes, what is, and what was', async () => {
    const told = (await verdicts(recorded)).map((verdict) =>
      verdict.verdict === 'found' ? `${verdict.findings[0].reason} ${verdict.findings[0].state}` : verdict.verdict,
    )
    const changes = told.flatMap((text, place) => (text === told[place - 1] ? [] : [`${recorded[place]?.at}: ${text}`]))
    expect(changes).toEqual([
      '0: clear',
      '174: relist-hangs exposed',
      '327: pleg-stalled occurring', // Ready again from 389 on, with the next relist on its way
      '565: flapping occurring',
      '687: flapping exposed', // the shims go on
    ])
  })

  it('the forecast is right to some seconds, for each of the two times', async () => {
    const told = (await verdicts(recorded)).map((verdict) =>
      verdict.verdict === 'found' ? verdict.findings[0].fact : '',
    )
    const lost = recorded.flatMap(({ ready, at }, place) => (!ready && recorded[place - 1]?.ready ? [at] : []))
    expect(lost).toHaveLength(2)
    let forecasts = 0
    for (const [place, { at }] of recorded.entries()) {
      const match = /NotReady in about (?:(\d+) min ?)?(?:(\d+) s)?/.exec(told[place] ?? '')
      if (!match) continue
      const soon = Number(match[1] ?? 0) * 60 + Number(match[2] ?? 0)
      const came = lost.find((time) => time > at) ?? Number.NaN
      expect(Math.abs(at + soon - came), `at ${at}: in ${soon} s`).toBeLessThanOrEqual(20)
      forecasts++
    }
    expect(forecasts).toBeGreaterThan(8)
  })
})

describe('after a stall', () => {
  const over: Seen = { at: 200, age: 200, mute: ['bidder-a'] }

  it('whose container is still mute the node is not well, though it is Ready', async () => {
    const finding = await lastOf(over, { at: 250, age: 9, count: 155, sum: 241, long: 1, mute: ['bidder-a'] })
    expect(finding).toMatchObject({ reason: 'pleg-stalled', state: 'occurring' })
    expect(finding?.fact).toBe(
      'a relist took longer than 3 min and the node was NotReady (from 2026-11-25T11:00:00Z until 2026-11-25T11:04:01Z), so that the node is Ready in between does not end it',
    )
  })

  it('and nobody mute it is history, which ends after half an hour', async () => {
    const finding = await lastOf(over, { at: 250, age: 1, count: 160, sum: 241, long: 1 })
    expect(finding).toMatchObject({ reason: 'pleg-stalled', state: 'exposed', lately: true, remedy: [] })
    expect(finding?.fact).toContain('until 2026-11-25T11:04:09Z); nothing hangs now, what was mute is ads/bidder-a/app')
    const later: Seen = { at: 250 + 31 * 60, age: 1, count: 2000, sum: 243, long: 1 }
    expect(await lastOf(over, { at: 250, age: 1, count: 160, sum: 241, long: 1 }, later)).toBeUndefined()
  })

  it('a second one is told as such, and what was unreadable in between changes nothing', async () => {
    const blind: Seen = { at: 260, age: 0, metrics: { how: 'mute', because: 'no whole answer for 10 s', ms: 10_000 } }
    const all = await verdicts([over, blind, { at: 430, age: 188, mute: ['bidder-a'], count: 155, sum: 241, long: 1 }])
    expect(all[1]).toEqual({
      verdict: 'unknown',
      because: 'how old its last relist is only its metrics tell: no whole answer for 10 s',
    })
    expect(all[2]).toMatchObject({ findings: [{ reason: 'flapping', state: 'occurring' }] })
    expect(JSON.stringify(all[2])).toContain(
      'NotReady, for the 2. time since 2026-11-25T11:00:00Z; it waits for ads/bidder-a/app',
    )
  })
})

describe('what is not asked', () => {
  it.each(['unasked', 'unread'] as const)('%s', async (how) => {
    const [verdict] = await verdicts([{ at: 0, age: 0, metrics: { how, because: 'x', ms: 0 } }])
    expect(verdict?.verdict).toBe(how === 'unasked' ? 'absent' : 'unknown')
  })
})

describe('figures', () => {
  it.each([
    ['two Pods', 110, 2, false, 70],
    ['two Pods, the second time', 10, 2, true, 170],
    ['one Pod, for the first time', 60, 1, false, 240],
    ['one Pod, for the first time, right at the end', 119, 1, false, 181],
    ['one Pod, longer than it could be', 130, 1, false, 50],
    ['one Pod, the second time', 60, 1, true, 120],
    ['nobody mute', 60, 0, false, 120],
  ])('%s', (_, age, mutePods, again, seconds) => {
    const relist = { ageMs: age * 1000, thresholdMs: 180_000 }
    expect(notReadyIn({ relist, mutePods, again })).toBe(seconds * 1000)
  })

  it('relists that took longer than the histogram can tell', () => {
    const { duration } = plegOf({ at: 0, age: 0, count: 155, sum: 241.6, long: 1 })
    expect(longRelists(duration)).toEqual({ times: 1, of: 155, atLeastMs: 200_850 })
    expect(longRelists(undefined)).toEqual({ times: 0, of: 0, atLeastMs: 0 })
  })

  it('a kubelet that has not relisted, and one whose clock was set back', () => {
    expect(relistOf({ at: 5 })).toBeUndefined()
    expect(relistOf({ at: 5, lastSeen: 9000 })).toMatchObject({ ageMs: 0, hangs: false, over: false })
  })
})
