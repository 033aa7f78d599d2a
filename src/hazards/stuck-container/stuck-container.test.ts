import { describe, expect, it } from 'vitest'
import type { Finding } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type ContainerSeen, containersSeen, type ShimSeen } from '../../linux/container.ts'
import { task } from '../../linux/fixtures/task.ts'
import type { Process } from '../../linux/process.ts'
import { machineZones } from '../../node/time-zones.ts'
import { pods } from '../../objects/kinds.ts'
import { hazards } from '../index.ts'

const stuck = hazards.filter(({ id }) => id === 'stuck-container')
const zones = machineZones()
const start = Date.parse('2026-11-23T08:00:00Z')

const shim = (more: Partial<ShimSeen> = {}, self: Partial<Process> = {}): ShimSeen => ({
  self: task(90, { name: 'containerd-shim', command: ['containerd-shim-runc-v2', '-id', 'x'], ...self }),
  program: 'containerd-shim-runc-v2',
  killable: true,
  liveChildren: [100],
  ...more,
})

const container = (more: Partial<ContainerSeen> = {}): ContainerSeen => ({
  id: 'a'.repeat(64),
  name: 'app',
  claims: 'running',
  sandbox: false,
  pod: { namespace: 'ads', name: 'bidder-7', uid: 'u7', container: 'app' },
  inspection: { answer: 'nothing', ms: 5000 },
  condition: { is: 'alive' },
  processes: [task(100)],
  shims: [shim()],
  podmates: [],
  ...more,
})

/** What is found in the last of some rounds, `apartSeconds` from one to the next. */
async function lastOf(
  rounds: readonly ContainerSeen[],
  apartSeconds = 15,
  gone?: string,
): Promise<Finding | undefined> {
  let memory: Memory = new Map()
  let finding: Finding | undefined
  for (const [round, seen] of rounds.entries()) {
    const pod = {
      metadata: { name: 'bidder-7', namespace: 'ads', uid: 'u7', ...(gone && { deletionTimestamp: gone }) },
    }
    const world = recordedWorld(
      [
        [containersSeen, [seen]],
        [pods, [pod as never]],
      ],
      { source: { node: 'node-1' } },
    )
    const ms = round * apartSeconds * 1000
    const seenAt = await look({ hazards: stuck, vantages: ['node'], world, now: start + ms, ticks: ms, zones, memory })
    memory = seenAt.memory
    const verdict = seenAt.judged[0]?.verdict
    finding = verdict?.verdict === 'found' ? verdict.findings[0] : undefined
  }
  return finding
}

const times = (count: number, more: Partial<ContainerSeen> = {}) => Array.from({ length: count }, () => container(more))
const zombies = { condition: { is: 'only-zombies' as const }, processes: [task(100, { state: 'Z' })] }
const steps = (finding: Finding | undefined) => finding?.remedy.map((step) => step.do)

describe('the ladder', () => {
  it('calls the first failed inspection suspicious, and does nothing', async () => {
    const finding = await lastOf(times(1, zombies))
    expect(finding?.fact).toBe('suspicious: inspecting it gave no answer within 5.0 s; its only process is a zombie')
    expect(steps(finding)).toEqual(['advise'])
  })

  it('condemns after three failures over 20 s with a second fact', async () => {
    const finding = await lastOf(times(3, zombies))
    expect(finding).toMatchObject({ reason: 'only-zombies', severity: 'critical' })
    expect(finding?.fact).toMatch(/^condemned for 30 s: /)
    expect(steps(finding)).toEqual(['end-shim'])
  })

  it('takes an earlier answer that is told again for neither a failure nor a sign of health', async () => {
    const again = { ...zombies, inspection: { answer: 'nothing' as const, ms: 5000, earlier: true as const } }
    expect(await lastOf([...times(2, zombies), ...times(20, again)])).toMatchObject({ severity: 'medium' })
    const condemned = await lastOf([...times(3, zombies), ...times(2, again)])
    expect(condemned).toMatchObject({ severity: 'critical', fact: expect.stringMatching(/^condemned for 60 s: /) })
    expect(condemned?.evidence[0]).toMatchObject({ value: 'nothing, after 5000 ms, when it was last asked' })
    expect(await lastOf([...times(2, zombies), container(again), container(zombies)])).toMatchObject({
      severity: 'critical',
    })
  })

  it('condemns by two facts where the runtime answers from memory, and never by one', async () => {
    const inspection = { answer: 'told', ms: 2, state: 'running', pid: 100, fromMemory: true } as const
    const stopped = { ...zombies, inspection, shims: [shim({ program: 'conmon', liveChildren: [] }, { state: 'T' })] }
    const finding = await lastOf(times(3, stopped))
    expect(finding?.fact).toMatch(
      /^condemned for 30 s: the runtime calls it running from memory, without asking anybody; /,
    )
    expect(steps(finding)).toEqual(['continue-shim', 'end-shim'])
    expect(await lastOf(times(2, stopped))).toMatchObject({ severity: 'medium' })
    expect(await lastOf(times(9, { ...zombies, inspection }))).toMatchObject({ severity: 'medium' })
    expect(await lastOf(times(9, { ...zombies, inspection }), 15, '2026-11-23T07:50:00Z')).toMatchObject({
      severity: 'critical',
    })
    const { fromMemory: _, ...asked } = inspection
    expect(await lastOf(times(9, { ...stopped, inspection: asked }))).toMatchObject({ severity: 'medium' })
  })

  it('never condemns for a mute shim alone, however long', async () => {
    const finding = await lastOf(times(20))
    expect(finding).toMatchObject({ reason: 'inspect-timeout', severity: 'medium' })
    expect(steps(finding)).toEqual(['advise'])
  })

  it('wants both: often, and long enough', async () => {
    expect((await lastOf(times(9, zombies), 2))?.severity).toBe('medium')
    expect((await lastOf(times(2, zombies), 60))?.severity).toBe('medium')
  })

  it('never condemns where the runtime answers: nothing hangs because of it', async () => {
    const told = { inspection: { answer: 'told' as const, ms: 10, state: 'running' as const } }
    const finding = await lastOf(times(5, { ...zombies, ...told }))
    expect(finding).toMatchObject({ reason: 'only-zombies', severity: 'medium' })
  })

  it('counts from the first failed inspection, not from when a second fact began', async () => {
    const told = { inspection: { answer: 'told' as const, ms: 10, state: 'running' as const } }
    const answered = times(10, { ...zombies, ...told })
    const finding = await lastOf([...answered, ...times(3, zombies)], 5)
    expect(finding).toMatchObject({ severity: 'medium', fact: expect.stringMatching(/^suspicious for 10 s: /) })
    expect((await lastOf([...answered, ...times(5, zombies)], 5))?.fact).toMatch(/^condemned for 20 s: /)
  })

  it('begins anew when one inspection answers', async () => {
    const well = container({ inspection: { answer: 'told', ms: 10, state: 'running' } })
    expect(await lastOf([...times(2, zombies), well])).toBeUndefined()
    expect((await lastOf([...times(2, zombies), well, ...times(2, zombies)]))?.severity).toBe('medium')
  })
})

describe('what is done about a condemned one', () => {
  it('continues a stopped shim first, and ends it only then', async () => {
    const finding = await lastOf(times(3, { shims: [shim({}, { state: 'T' })] }))
    expect(finding?.reason).toBe('shim-stopped')
    expect(steps(finding)).toEqual(['continue-shim', 'end-shim'])
    expect(finding?.remedy[1]).toMatchObject({
      shim: { pid: 90, startTicks: 1090, command: 'containerd-shim-runc-v2 -id x' },
    })
  })

  it('names what ends with it', async () => {
    const finding = await lastOf(
      times(3, {
        ...zombies,
        podmates: [
          { id: 'b', name: 'proxy' },
          { id: 'c', name: 'pause' },
        ],
      }),
    )
    const [step] = finding?.remedy ?? []
    expect(step?.do === 'end-shim' && step.alsoEnds.map(({ name, uid }) => `${name} ${uid}`)).toEqual([
      'proxy b',
      'pause c',
    ])
    expect(step?.why).toContain('2 more of its Pod end with it')
  })

  it('takes the shim above a live process, never a leftover; and holds where two have one', async () => {
    const leftover = shim({ liveChildren: [] }, { pid: 80 })
    const stopped = shim({}, { state: 'T' })
    const [step] = (await lastOf(times(3, { shims: [leftover, stopped] })))?.remedy ?? []
    expect(step?.do === 'continue-shim' && step.shim.pid).toBe(90)
    const two = await lastOf(
      times(3, { shims: [shim({}, { state: 'T' }), shim({ liveChildren: [101] }, { pid: 81 })] }),
    )
    expect(two?.severity).toBe('medium')
    expect(two?.fact).toContain("2 shims name it, and which one is its own can't be told")
  })

  it('never ends the shim of a virtual machine', async () => {
    const kata = shim({ killable: false, program: 'containerd-shim-kata-v2' })
    expect(steps(await lastOf(times(3, { ...zombies, shims: [kata] })))).toEqual(['advise'])
  })
})

describe('what holds it back', () => {
  it('is a shim that somebody traces', async () => {
    const finding = await lastOf(times(3, { shims: [shim({}, { state: 't', tracer: 7 })] }))
    expect([finding?.severity, steps(finding)]).toEqual(['medium', ['advise']])
  })

  it('is a process with the same kernel stack in three readings', async () => {
    const waiting = { processes: [task(100, { state: 'D' })], stacks: { '100': 'nfs_wait rpc_wait' } }
    const finding = await lastOf(times(3, { ...waiting }), 15, '2026-11-23T07:00:00Z')
    expect(finding?.fact).toContain('100 (app) waits in the kernel and dies of no signal')
    expect(finding?.severity).toBe('medium')
    expect(finding?.remedy[0]?.why).toContain('drain the node')
  })

  it('is not a stack that changes, nor a task that is frozen', async () => {
    const changing = [1, 2, 3].map((n) =>
      container({ processes: [task(100, { state: 'D' })], stacks: { '100': `vfork ${n}` } }),
    )
    expect((await lastOf(changing))?.reason).toBe('inspect-timeout')
    const frozen = { processes: [task(100, { state: 'D' })], stacks: { '100': 'freezer' }, frozen: true as const }
    expect((await lastOf(times(4, frozen)))?.reason).toBe('inspect-timeout')
  })
})

describe('a Pod that should be gone', () => {
  it('is the second fact once it is overdue, and not before', async () => {
    expect(await lastOf(times(3), 15, '2026-11-23T07:59:00Z')).toMatchObject({
      reason: 'cannot-stop',
      severity: 'critical',
    })
    expect(await lastOf(times(3), 15, '2026-11-23T08:00:10Z')).toMatchObject({ reason: 'inspect-timeout' })
  })
})

it('says unknown where neither the runtime nor /proc tells anything, and keeps what it remembered', async () => {
  const blind = container({ condition: { is: 'unknown', because: '/proc can not be read' } })
  expect(await lastOf([blind])).toBeUndefined()
  expect((await lastOf([...times(2, zombies), blind, ...times(1, zombies)]))?.severity).toBe('critical')
})
