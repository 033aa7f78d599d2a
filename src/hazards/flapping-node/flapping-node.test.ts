import { describe, expect, it } from 'vitest'
import type { Finding, Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { machineZones } from '../../node/time-zones.ts'
import { events, nodes } from '../../objects/kinds.ts'
import { flappingNode } from './hazard.ts'
import { instantsOf, latestIncident } from './rhythm.ts'

const zones = machineZones()
const day = '2017-05-05T'

interface Seen {
  readonly status?: string
  readonly message?: string
  readonly heartbeat?: string
  readonly changed?: string
  readonly now?: string
  readonly memory?: Memory
  readonly told?: readonly object[] | 'forbidden' | 'elsewhere'
}

async function judge(seen: Seen): Promise<{ verdict: Verdict; finding: Finding | undefined; memory: Memory }> {
  const { status = 'True', message = 'kubelet is posting ready status', heartbeat = '14:09:55', told = [] } = seen
  const ready = {
    type: 'Ready',
    status,
    message,
    lastHeartbeatTime: `${day}${heartbeat}Z`,
    lastTransitionTime: `${day}${seen.changed ?? '14:08:57'}Z`,
  }
  const conditions = [{ type: 'MemoryPressure', status: 'False' }, ready]
  const node = {
    metadata: { name: 'node-a' },
    status: { conditions, nodeInfo: { containerRuntimeVersion: 'cri-o://1' } },
  }
  const batch =
    told === 'forbidden'
      ? [{ of: events, unread: 'events is forbidden' }]
      : told === 'elsewhere'
        ? [{ of: events, elsewhere: 'no Event in the files' }]
        : [{ of: events, items: told.map((object, at) => ({ subject: subjectOf(at), object })) }]
  const { judged, memory } = await look({
    hazards: [flappingNode],
    vantages: ['cluster'],
    world: recordedWorld([
      [nodes, [node as never]],
      [events, batch],
    ]),
    now: Date.parse(`${day}${seen.now ?? '14:10:00'}Z`),
    ticks: 0,
    zones,
    ...(seen.memory && { memory: seen.memory }),
  })
  const verdict = judged[0]?.verdict ?? { verdict: 'absent' as const }
  return { verdict, finding: verdict.verdict === 'found' ? verdict.findings[0] : undefined, memory }
}

const subjectOf = (at: number) => ({
  source: { cluster: 'recorded' },
  kind: 'Event',
  name: `e${at}`,
  namespace: 'default',
})
const event = (time: string, reason = 'NodeNotReady', more: object = {}): object => ({
  involvedObject: { kind: 'Node', name: 'node-a' },
  reason,
  message: `Node node-a status is now: ${reason}`,
  lastTimestamp: `${day}${time}Z`,
  count: 1,
  ...more,
})
const pleg = (age: string): string => `PLEG is not healthy: pleg was last seen active ${age} ago; threshold is 3m0s`
const byTurns = [
  event('13:59:56'),
  event('14:00:56', 'NodeReady'),
  event('14:03:57'),
  event('14:04:57', 'NodeReady'),
  event('14:07:57'),
  event('14:08:57', 'NodeReady'),
]

describe('a stall', () => {
  it('is told with its age, and with what comes next', async () => {
    const { finding } = await judge({ status: 'False', message: pleg('3m42.5s') })
    expect(finding).toMatchObject({ reason: 'pleg-stalled', state: 'occurring' })
    expect(finding?.fact).toBe(
      'the last relist began 3 min 47 s ago (2017-05-05T14:06:12Z); the kubelet calls that unhealthy after 3 min; once the inspection has timed out it turns Ready, and NotReady again minutes later, for as long as the container that hangs is there',
    )
    expect(finding?.evidence[0]).toMatchObject({ at: { field: ['status', 'conditions', 1, 'message'] } })
    expect(finding?.remedy.map((step) => [step.do, 'command' in step ? step.command : undefined])).toEqual([
      ['advise', 'roadcrew agent --once'],
      ['advise', undefined],
    ])
    expect(finding?.remedy[1]?.why).toContain('restart crio')
  })

  it('of hours is not one container', async () => {
    const { finding } = await judge({ status: 'False', message: pleg('2h33m12.7s') })
    expect(finding?.fact).toContain('so waiting does not help')
  })

  it.each(['forbidden', 'elsewhere'] as const)('is proved by the condition alone, with events %s', async (told) => {
    const { finding } = await judge({ status: 'False', message: pleg('3m42.5s'), told })
    expect(finding?.reason).toBe('pleg-stalled')
  })
})

describe('a runtime that is down', () => {
  it('is the wider cause', async () => {
    const message = `[container runtime is down, ${pleg('6m1.2s')}]`
    const { finding } = await judge({ status: 'False', message, changed: '14:07:10', told: byTurns })
    expect(finding?.reason).toBe('runtime-down')
    expect(finding?.fact).toBe(
      'NotReady for 2 min 50 s: the container runtime is down, says the kubelet; the last relist began 6 min 6 s ago (2017-05-05T14:03:53Z); the kubelet calls that unhealthy after 3 min',
    )
    expect(finding?.remedy[0]).toMatchObject({ command: 'journalctl -u crio -n 200' })
  })
})

describe('a node that flaps', () => {
  it('is one ongoing incident, whatever it says of itself now', async () => {
    const { finding } = await judge({ told: byTurns })
    expect(finding).toMatchObject({ reason: 'flapping', state: 'occurring', guess: true })
    expect(finding?.fact).toBe(
      'NotReady 3 times within 8 min 1 s, every 4 min on average, the rhythm of relists that stall (a guess: events do not say why): one incident, since 2017-05-05T13:56:56Z; that it is Ready now does not end it',
    )
    expect(finding?.evidence.map(({ name, value }) => [name, value]).slice(1)).toEqual([
      ['times NotReady', 3],
      ['period in seconds', 241],
      ['last time NotReady', '2017-05-05T14:07:57Z'],
    ])
  })

  it('has its first stall and its cause from an earlier look', async () => {
    const message = pleg('3m7.629592089s')
    const first = { status: 'False', message, heartbeat: '13:59:57', changed: '13:59:56', now: '14:00:00' }
    const { finding: stalled, memory } = await judge({ ...first, told: byTurns.slice(0, 1) })
    expect(stalled?.reason).toBe('pleg-stalled')
    const blind = await judge({ told: 'forbidden', memory })
    expect(blind.verdict.verdict).toBe('unknown')
    const { finding } = await judge({ told: byTurns, memory: blind.memory })
    expect(finding?.guess).toBeUndefined()
    expect(finding?.fact).toContain('because relists stall: one incident, since 2017-05-05T13:56:49Z;')
  })

  it('may be stalled right now: still one incident', async () => {
    const now = { status: 'False', message: pleg('3m5s'), heartbeat: '14:11:57', changed: '14:11:56', now: '14:12:00' }
    const { finding } = await judge({ ...now, told: byTurns })
    expect(finding?.fact).toBe(
      'NotReady 4 times within 12 min, every 4 min on average, because relists stall: one incident, since 2017-05-05T13:56:56Z',
    )
  })

  it('and then is stalled for good, is stalled', async () => {
    const now = { status: 'False', message: pleg('58m5s'), heartbeat: '15:05:57', changed: '14:11:56', now: '15:06:00' }
    expect((await judge({ ...now, told: byTurns })).finding?.reason).toBe('pleg-stalled')
  })

  it.each([
    ['14:37:00', 'occurring', undefined],
    ['14:38:00', 'exposed', true],
  ])('is history half an hour after the last time: %s', async (now, state, lately) => {
    const { finding } = await judge({ told: byTurns, now })
    expect(finding?.state).toBe(state)
    expect(finding?.lately).toBe(lately)
  })

  it('whose runtime did not answer in time says so', async () => {
    const collect = event('14:05:00', 'ContainerGCFailed', { message: 'rpc error: code = DeadlineExceeded desc = x' })
    const told = [event('02:00:00'), event('05:00:00'), event('14:07:57'), collect]
    const { finding } = await judge({ told })
    expect(finding?.fact).toContain('NotReady 3 times within 12 h 7 min')
    expect(finding?.evidence.at(-1)).toMatchObject({ name: 'event ContainerGCFailed' })
  })

  it('because its kubelet fell silent is another case', async () => {
    const by = { source: { component: 'node-controller' } }
    const told = [...byTurns.slice(0, 2), ...['02:00:00', '05:00:00', '14:07:00'].map((at) => event(at, undefined, by))]
    const { finding } = await judge({ told })
    expect(finding?.fact).toContain('because its kubelet fell silent: one incident, since 2017-05-05T02:00:00Z')
    expect(finding?.remedy.some(({ why }) => why.includes('network'))).toBe(true)
    expect(finding?.guess).toBeUndefined()
  })

  it('for a reason that the condition tells is not guessed at', async () => {
    const now = { status: 'False', message: 'cni config uninitialized', changed: '14:07:57' }
    const { finding } = await judge({ ...now, told: byTurns })
    expect(finding?.fact).toContain('the last time since: cni config uninitialized')
    expect(finding?.guess).toBeUndefined()
  })
})

describe('without events', () => {
  it('a node that is Ready is unknown, or elsewhere', async () => {
    expect((await judge({ told: 'forbidden' })).verdict).toEqual({
      verdict: 'unknown',
      because: 'how often it was NotReady only its events tell: events is forbidden',
    })
    expect((await judge({ told: 'elsewhere' })).verdict.verdict).toBe('absent')
    expect((await judge({})).verdict.verdict).toBe('clear')
  })
})

describe('rhythm', () => {
  const minutes = 60_000
  it('spreads a counted event evenly, and tells one change once', () => {
    const told = [
      { first: 0, last: 8 * minutes, count: 3 },
      { first: 5000, last: 5000, count: 1 },
      { first: 99 * minutes, last: 99 * minutes, count: 1 },
    ]
    expect(instantsOf(told, 0, 10 * minutes)).toEqual([0, 4 * minutes, 8 * minutes])
  })

  it.each([
    ['two', [0, 1], undefined],
    ['three within a day', [0, 600, 1440], { first: 0, last: 1440, times: 3, period: 720 }],
    ['three within a day and a minute', [0, 600, 1441], undefined],
    ['the latest row', [0, 4, 8, 5000, 5004, 5008, 9000], { first: 5000, last: 5008, times: 3, period: 4 }],
    ['a long row', [0, 700, 1400, 2100], { first: 0, last: 2100, times: 4, period: 700 }],
  ])('%s', (_, at, incident) => {
    const told = latestIncident(at.map((minute) => minute * minutes))
    const inMinutes = told && {
      first: told.first / minutes,
      last: told.last / minutes,
      times: told.times,
      period: told.period / minutes,
    }
    expect(inMinutes).toEqual(incident)
  })
})
