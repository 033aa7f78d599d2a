import type { Pod } from 'kubernetes-types/core/v1.js'
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import { describe, expect, it } from 'vitest'
import { blame, type Culprit, type How, type Hurt } from './blame.ts'
import { Timeline } from './timeline.ts'

const version = { major: 1, minor: 30 }

interface State {
  readonly ready?: boolean
  readonly deleted?: { readonly grace: number; readonly sleep?: number }
  readonly ended?: { readonly exitCode: number; readonly reason?: string }
  readonly restarts?: number
}

function pod(name: string, { ready = true, deleted, ended, restarts = 0 }: State = {}): Pod {
  const sleep = deleted?.sleep
  return {
    metadata: {
      name,
      ...(deleted && { deletionTimestamp: '2026-11-30T08:00:30Z', deletionGracePeriodSeconds: deleted.grace }),
    },
    spec: {
      containers: [
        { name: 'app', ...(sleep !== undefined && { lifecycle: { preStop: { sleep: { seconds: sleep } } } }) },
      ],
    },
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        {
          ...{ name: 'app', image: 'shop:1', imageID: '', ready, restartCount: restarts },
          ...(ended && { [restarts > 0 ? 'lastState' : 'state']: { terminated: ended } }),
        },
      ],
    },
  } as Pod
}

const slice = (...ready: string[]): EndpointSlice =>
  ({
    metadata: { name: 'shop-1' },
    addressType: 'IPv4',
    endpoints: ready.map((name) => ({ addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name } })),
  }) as EndpointSlice

/** Two Pods that serve from the start. */
function serving(): Timeline {
  const timeline = new Timeline(version)
  const first = { gone: false, first: true, atMs: -100 }
  for (const name of ['old', 'other']) timeline.pod({ object: pod(name), ...first })
  timeline.slice({ object: slice('old', 'other'), ...first })
  return timeline
}

const at = (atMs: number) => ({ gone: false, first: false, atMs })

function hurt(how: How, sentMs: number, over: Partial<Hurt> = {}): Hurt {
  return { how, sentMs, endedMs: sentMs + 5, reused: false, ...over }
}

const reload = {
  reason: 'RELOAD',
  message: 'NGINX reload triggered',
  involvedObject: { name: 'ingress-nginx-7' },
} as never

/** What happened at 1000 ms and after it, and who is blamed for a request that failed later. */
const table: readonly (readonly [string, (timeline: Timeline) => void, Hurt, Culprit, string?])[] = [
  [
    'refused after SIGTERM',
    (timeline) => timeline.pod({ object: pod('old', { deleted: { grace: 30 } }), ...at(1000) }),
    hurt('refused', 1800),
    'stopping',
    'old',
  ],
  [
    'cut off as the Pod ended',
    (timeline) => {
      timeline.pod({ object: pod('old', { deleted: { grace: 30 } }), ...at(1000) })
      timeline.pod({ object: pod('old', { deleted: { grace: 30 }, ended: { exitCode: 143 } }), ...at(1400) })
    },
    hurt('cut-off', 900, { endedMs: 1100 }),
    'stopping',
    'old',
  ],
  [
    '502 from a proxy that has not reloaded yet, long after the endpoint was removed',
    (timeline) => {
      timeline.pod({ object: pod('old', { deleted: { grace: 30 } }), ...at(1000) })
      timeline.slice({ object: slice('other'), ...at(1100) })
      timeline.pod({ object: pod('old', { deleted: { grace: 30 } }), gone: true, first: false, atMs: 3000 })
    },
    hurt('502', 9000),
    'stopping',
    'old',
  ],
  [
    'killed at the end of its grace period',
    (timeline) => {
      timeline.pod({ object: pod('old', { deleted: { grace: 2, sleep: 1 } }), ...at(1000) })
      const ended = { exitCode: 137, reason: 'Error' }
      timeline.pod({ object: pod('old', { deleted: { grace: 2, sleep: 1 }, ended }), ...at(3100) })
    },
    hurt('cut-off', 2500, { endedMs: 3050 }),
    'killed',
    'old',
  ],
  [
    'a container that crashed, of which the news comes late',
    (timeline) =>
      timeline.pod({ object: pod('old', { ended: { exitCode: 1 }, restarts: 1, ready: false }), ...at(3000) }),
    hurt('refused', 1500),
    'crashed',
    'old',
  ],
  [
    'the kernel killed it for memory, not the kubelet',
    (timeline) => {
      const ended = { exitCode: 137, reason: 'OOMKilled' }
      timeline.pod({ object: pod('old', { ended, restarts: 1, ready: false }), ...at(1500) })
    },
    hurt('502', 1400),
    'crashed',
    'old',
  ],
  [
    '503 while nothing was ready',
    (timeline) => timeline.slice({ object: slice(), ...at(1000) }),
    hurt('503', 1500),
    'none-ready',
  ],
  [
    'mute until its probe failed',
    (timeline) => timeline.pod({ object: pod('old', { ready: false }), ...at(9000) }),
    hurt('timed-out', 1000, { endedMs: 3000 }),
    'unready',
    'old',
  ],
  [
    'a new Pod that was sent to before it could answer',
    (timeline) => {
      timeline.pod({ object: pod('new'), ...at(1000) })
      timeline.slice({ object: slice('old', 'other', 'new'), ...at(1050) })
    },
    hurt('refused', 1200),
    'starting',
    'new',
  ],
  [
    'a kept connection that a reload cut, while a Pod was stopping too',
    (timeline) => {
      timeline.pod({ object: pod('old', { deleted: { grace: 30 } }), ...at(500) })
      timeline.event({ object: reload, ...at(1000) })
    },
    hurt('cut-off', 990, { reused: true }),
    'reload',
  ],
  [
    'an Ingress that lost its path',
    (timeline) => timeline.add({ atMs: 1000, what: 'route-changed', text: 'Ingress shop changed' }),
    hurt('status', 1500),
    'route-changed',
  ],
  ['a name that is not known', () => undefined, hurt('dns', 1500), 'name'],
  ['a certificate that does not hold', () => undefined, hurt('tls', 1500), 'certificate'],
  ['nobody listens, and no Pod stops', () => undefined, hurt('refused', 1500), 'front'],
  ['nobody answers, and nothing happened', () => undefined, hurt('timed-out', 1500), 'unknown'],
  [
    'the API server was away',
    (timeline) => {
      timeline.lost('Pods', 1000, 'no answer')
      timeline.found('Pods', 4000)
      timeline.pod({ object: pod('old', { deleted: { grace: 30 } }), ...at(4001) })
    },
    hurt('refused', 2000),
    'unwatched',
  ],
]

describe('who is blamed', () => {
  it.each(table.map((row) => ({ title: row[0], row })))('$title', ({ row: [, happens, request, culprit, name] }) => {
    const timeline = serving()
    happens(timeline)
    expect(blame(request, timeline)).toMatchObject({ culprit, ...(name && { pod: name }) })
  })

  it('is nobody who still waits in its preStop hook', () => {
    const timeline = serving()
    timeline.pod({ object: pod('old', { deleted: { grace: 30, sleep: 10 } }), ...at(1000) })
    expect(blame(hurt('timed-out', 5000), timeline).culprit).toBe('unknown')
    expect(blame(hurt('timed-out', 11_500), timeline)).toMatchObject({ culprit: 'stopping', beforeMs: 500 })
  })

  it('is no Pod that runs again, and none that nobody can send to any more', () => {
    const timeline = serving()
    timeline.pod({ object: pod('old', { ended: { exitCode: 1 }, restarts: 1, ready: false }), ...at(1000) })
    timeline.pod({ object: pod('old', { restarts: 1 }), ...at(3000) })
    expect(blame(hurt('refused', 5000), timeline).culprit).toBe('front')
    timeline.pod({ object: pod('other', { deleted: { grace: 30 } }), ...at(6000) })
    timeline.pod({ object: pod('other', { deleted: { grace: 30 } }), gone: true, first: false, atMs: 8000 })
    expect(blame(hurt('refused', 60_000), timeline).culprit).toBe('front')
  })

  it('is the latest of several, and names the others', () => {
    const timeline = serving()
    timeline.pod({ object: pod('old', { deleted: { grace: 30 } }), ...at(1000) })
    timeline.pod({ object: pod('other', { deleted: { grace: 30 } }), ...at(2000) })
    expect(blame(hurt('502', 2500), timeline)).toEqual({
      ...{ culprit: 'stopping', pod: 'other', beforeMs: 500, others: ['old'] },
    })
    expect(blame(hurt('502', 1500), timeline)).toMatchObject({ pod: 'old', others: [] })
  })
})

describe('the timeline', () => {
  it('takes how things stood at the start for no news', () => {
    const timeline = serving()
    expect(timeline.moments).toEqual([])
    expect(timeline.courses.map(({ name, servingMs, wasThere }) => [name, servingMs, wasThere])).toEqual([
      ['old', -100, true],
      ['other', -100, true],
    ])
  })

  it('keeps a Pod of a StatefulSet apart from the one that had its name before', () => {
    const timeline = serving()
    timeline.pod({ object: pod('old', { deleted: { grace: 30 } }), gone: true, first: false, atMs: 1000 })
    timeline.pod({ object: pod('old'), ...at(2000) })
    const [former, now] = timeline.courses.filter(({ name }) => name === 'old')
    expect([former?.goneMs, now?.goneMs, now?.deletedMs]).toEqual([1000, undefined, undefined])
  })

  it('tells of a container that ended before only once it ends again', () => {
    const timeline = new Timeline(version)
    timeline.pod({ object: pod('old', { ended: { exitCode: 1 }, restarts: 3 }), gone: false, first: true, atMs: 0 })
    timeline.pod({ object: pod('old', { ended: { exitCode: 1 }, restarts: 3 }), ...at(1000) })
    expect(timeline.courses[0]?.ended).toBeUndefined()
    timeline.pod({ object: pod('old', { ended: { exitCode: 2 }, restarts: 4 }), ...at(2000) })
    expect(timeline.courses[0]?.ended).toEqual({ atMs: 2000, exitCode: 2, reason: '' })
  })

  it('takes an event that comes by two watches once, and once more when it is counted up', () => {
    const timeline = serving()
    const counted = (count: number) => ({ ...(reload as object), metadata: { uid: 'e1' }, count }) as never
    for (const count of [1, 1, 2, 2]) timeline.event({ object: counted(count), ...at(1000 * count) })
    expect(timeline.moments.map(({ what, atMs }) => [what, atMs])).toEqual([
      ['reload', 1000],
      ['reload', 2000],
    ])
  })

  it('knows of endpoints that came before their Pods', () => {
    const timeline = new Timeline(version)
    timeline.slice({ object: slice('late'), ...at(10) })
    timeline.pod({ object: pod('late'), ...at(20) })
    expect(timeline.courses[0]?.servingMs).toBe(20)
  })
})
