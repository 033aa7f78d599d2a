import { describe, expect, it } from 'vitest'
import type { Step } from '../contract/hazard.ts'
import { task } from '../linux/fixtures/task.ts'
import type { Process } from '../linux/process.ts'
import { continueShimArm, endShimArm, type ShimHands } from './shim-arms.ts'

const shim = { pid: 90, startTicks: 1090, command: 'containerd-shim -id x' }
const shimTask = (more: Partial<Process> = {}) =>
  task(90, { name: 'containerd-shim', command: ['containerd-shim', '-id', 'x'], ...more })
const container = (id: string) => ({ source: { node: 'n' }, kind: 'Container', name: id, uid: id })
const end = (alsoEnds: readonly string[] = []): Step => ({
  do: 'end-shim',
  why: 'w',
  target: container('a'),
  shim,
  alsoEnds: alsoEnds.map(container),
})
const goOn: Step = { do: 'continue-shim', why: 'w', target: container('a'), shim }

/** A node whose processes die of SIGKILL, but for those named. */
function node(
  all: readonly Process[],
  owners: Readonly<Record<string, readonly number[]>>,
  immortal: readonly number[] = [],
) {
  const tasks = new Map(all.map((one) => [one.pid, one]))
  const sent: string[] = []
  let ticks = 0
  const hands: ShimHands = {
    read: (pid) => tasks.get(pid),
    processesOf: (id) => (owners[id] ?? []).flatMap((pid) => tasks.get(pid) ?? []),
    signal: (pid, signal) => {
      sent.push(`${signal} ${pid}`)
      const one = tasks.get(pid)
      if (one && signal === 'SIGKILL' && !immortal.includes(pid)) tasks.set(pid, { ...one, state: 'Z' })
    },
    sleep: async (ms) => {
      ticks += ms
    },
    ticks: () => ticks,
    keepEvidence: async () => void sent.push('evidence'),
  }
  return { hands, sent, tasks }
}

describe('ending a shim', () => {
  it('kills the processes first, and the shim only once none is left', async () => {
    const { hands, sent } = node([shimTask(), task(100), task(101)], { a: [100, 101] })
    expect(await endShimArm(hands).apply(end())).toBe('done')
    expect(sent).toEqual(['evidence', 'SIGKILL 100', 'SIGKILL 101', 'SIGKILL 90'])
  })

  it('kills those of all containers that end with it', async () => {
    const { hands, sent } = node([shimTask(), task(100), task(200)], { a: [100], b: [200] })
    expect(await endShimArm(hands).apply(end(['b']))).toBe('done')
    expect(sent.slice(1)).toEqual(['SIGKILL 100', 'SIGKILL 200', 'SIGKILL 90'])
  })

  describe('of a conmon', () => {
    const command = ['conmon', '-c', 'a'.repeat(64)]
    const conmon = (more: Partial<Process> = {}) => task(90, { name: 'conmon', command, ...more })
    const endConmon = { ...end(), shim: { ...shim, command: command.join(' ') } } as Step

    it.each([
      ['is a zombie', conmon({ state: 'Z', command: [] })],
      ['is gone', undefined],
    ])('lets it go by itself, which tells CRI-O of the end, until it %s', async (_, left) => {
      const { hands, sent, tasks } = node([conmon(), task(100)], { a: [100] })
      const sleep = async (ms: number) => {
        await hands.sleep(ms)
        if (hands.ticks() < 500) return
        if (left) tasks.set(90, left)
        else tasks.delete(90)
      }
      expect(await endShimArm({ ...hands, sleep }).apply(endConmon)).toBe('done')
      expect(sent).toEqual(['evidence', 'SIGKILL 100'])
    })

    it('kills it where it does not go, and at once where it is stopped', async () => {
      const stays = node([conmon(), task(100)], { a: [100] })
      expect(await endShimArm(stays.hands).apply(endConmon)).toBe('done')
      expect(stays.sent).toEqual(['evidence', 'SIGKILL 100', 'SIGKILL 90'])
      expect(stays.hands.ticks()).toBeGreaterThanOrEqual(5000)
      const stopped = node([conmon({ state: 'T' })], { a: [] })
      expect(await endShimArm(stopped.hands).apply(endConmon)).toBe('done')
      expect(stopped.sent).toEqual(['evidence', 'SIGKILL 90'])
      expect(stopped.hands.ticks()).toBe(0)
    })
  })

  it('leaves the shim alone above a process that survives', async () => {
    const { hands, sent } = node([shimTask(), task(100), task(101, { state: 'D' })], { a: [100, 101] }, [101])
    expect(await endShimArm(hands).apply(end())).toEqual({
      held: 'uninterruptible: 101 survived SIGKILL, so the shim 90 is left alone; drain the node',
    })
    expect(sent).not.toContain('SIGKILL 90')
  })

  it('takes an exited leader with live threads for alive', async () => {
    const { hands, sent } = node([shimTask(), task(100, { state: 'Z', liveThreads: 2 })], { a: [100] }, [100])
    expect(await endShimArm(hands).apply(end())).toMatchObject({ held: expect.stringContaining('survived') })
    expect(sent).toContain('SIGKILL 100')
  })

  it.each([
    ['by its start', { startTicks: 5 }],
    ['by its command', { command: ['sshd'], name: 'sshd' }],
  ])('sends nothing to another process of that pid, told %s', async (_, more) => {
    const { hands, sent } = node([shimTask(more)], { a: [] })
    expect(await endShimArm(hands).apply(end())).toEqual({
      held: expect.stringContaining('another process has the pid 90'),
    })
    expect(sent).toEqual(['evidence'])
  })

  it('kills no process that took the pid of one of its own meanwhile', async () => {
    const { hands, sent, tasks } = node([shimTask(), task(100)], { a: [100] })
    const swapped: ShimHands = {
      ...hands,
      processesOf: (id) => (tasks.get(100)?.name === 'app' ? hands.processesOf(id) : []),
      read: (pid) => (pid === 100 ? task(100, { startTicks: 9, name: 'sshd' }) : hands.read(pid)),
    }
    tasks.set(90, shimTask())
    await endShimArm({
      ...swapped,
      sleep: async () => void tasks.set(100, task(100, { name: 'sshd', startTicks: 9 })),
    }).apply(end())
    expect(sent).not.toContain('SIGKILL 100')
  })

  it('holds where the processes can not be told', async () => {
    const { hands, sent } = node([shimTask()], {})
    const blind = { ...hands, processesOf: () => '/proc can not be read' }
    expect(await endShimArm(blind).apply(end())).toEqual({
      held: 'its processes can not be told: /proc can not be read',
    })
    const nameless: Step = { ...end(), target: { source: { node: 'n' }, kind: 'Container', name: 'a' } } as Step
    expect(await endShimArm(hands).apply(nameless)).toMatchObject({ held: expect.stringContaining('without its id') })
    expect(sent).not.toContain('SIGKILL 90')
  })
})

describe('continuing a shim', () => {
  it('sends SIGCONT, and not to one that is traced or another', async () => {
    const stopped = node([shimTask({ state: 'T' })], {})
    expect(await continueShimArm(stopped.hands).apply(goOn)).toBe('done')
    expect(stopped.sent).toEqual(['SIGCONT 90'])
    const traced = node([shimTask({ state: 't', tracer: 55 })], {})
    expect(await continueShimArm(traced.hands).apply(goOn)).toEqual({ held: 'process 55 traces it' })
    const gone = node([], {})
    expect(await continueShimArm(gone.hands).apply(goOn)).toEqual({ held: 'there is no process 90 any more' })
  })
})
