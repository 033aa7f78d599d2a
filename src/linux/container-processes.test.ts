import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CgroupAnswer, Freezer } from './cgroups.ts'
import { type ContainerOnNode, type ContainerState, containerState } from './container-processes.ts'
import { parseListing } from './fixtures/ps-listing.ts'
import type { Process } from './process.ts'
import { processTree } from './process-tree.ts'

const listing = (name: string): Process[] =>
  parseListing(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'))

const told = (populated: boolean, members: readonly number[] = [], freezer?: Freezer): CgroupAnswer => ({
  answer: 'told',
  populated,
  members,
  ...(freezer && { freezer }),
})
const unread: CgroupAnswer = { answer: 'unread', because: 'EACCES' }
const gone: CgroupAnswer = { answer: 'gone' }

const stateOf = (all: readonly Process[], container: ContainerOnNode | string, cgroup: CgroupAnswer): ContainerState =>
  containerState(processTree(all), typeof container === 'string' ? { id: container } : container, cgroup)
/** `<condition>: <pids>` */
const summary = (...input: Parameters<typeof stateOf>): string => {
  const state = stateOf(...input)
  return `${state.condition}: ${state.processes.map(({ process }) => process.pid).join(' ')}`.trim()
}
const change = (all: readonly Process[], pid: number, to: Partial<Process>): Process[] =>
  all.map((one) => (one.pid === pid ? { ...one, ...to } : one))

describe('an init that waits for the rest to end', () => {
  const id = '6a9331d1b91d3d31d35d6790aa1bf9e34d695d6f748dbb2c70f6bea8dc3d2cf9'
  const recorded = listing('init-that-cannot-end.ps')
  const ending = change(recorded, 22832, { waitChannel: 'zap_pid_ns_processes' })
  const all = '22832 22912 22958 23288 23289'

  it('sleeps to ps, so that the container is not only zombies', () => {
    expect(summary(recorded, id, told(true))).toBe(`alive: ${all}`)
    expect(summary(recorded, id, unread)).toBe(`alive: ${all}`)
  })

  it('leaves it unknown while the threads of a dead leader were not read', () => {
    const state = stateOf(ending, id, told(true))
    expect(state).toMatchObject({ condition: 'unknown', because: 'the threads of 22912 were not read' })
    expect(state.processes.map((one) => one.ending)).toEqual([true, false, false, false, false])
  })

  it.each([
    [0, 'only-zombies'],
    [3, 'alive'],
  ])('with %i live threads it is %s', (liveThreads, condition) =>
    expect(summary(change(ending, 22912, { liveThreads }), id, told(true))).toBe(`${condition}: ${all}`),
  )
})

describe('other recorded nodes', () => {
  it('takes what is below the shim that supervises', () => {
    const id = '0ce69c426d213b4ad3e07ba6da934555a6ec36a7edcb3050b2951b1b4a4ca445'
    const state = stateOf(listing('three-shims.ps'), id, told(true))
    expect(state.condition).toBe('alive')
    expect(state.shims.map(({ children }) => children.length)).toEqual([1, 0, 0])
  })

  it('takes init and workload, not who looks for them', () =>
    expect(
      summary(
        listing('lines-that-hold-the-id.ps'),
        '7d1dbb28dac3216b2b5cbafa5c6b9dbb4a6565e56d9bd8c6f060ba7487b55501',
        unread,
      ),
    ).toBe('alive: 17248 25587'))

  it.each([
    ['b7ae929025205a7ea9eeaec24bc0526bf642052edff6c7849bc5cc7b9afb9121', gone, 'no-processes:'],
    ['5'.repeat(64), told(false), 'no-processes:'],
    ['5'.repeat(64), unread, 'unknown:'],
    ['6'.repeat(64), unread, 'alive: 16022'],
  ] as const)('%s with a cgroup %o is %s', (id, cgroup, expected) =>
    expect(summary(listing('shim-gone-or-empty.ps'), id, cgroup)).toBe(expected),
  )
})

const [id, other, sandboxId] = ['c'.repeat(64), 'd'.repeat(64), 'a'.repeat(64)]
const some = (pid: number, parent: number, to: Partial<Process> = {}): Process => ({
  ...{ pid, parent, name: 'app', state: 'S', startTicks: pid, command: ['/app'], cgroups: {} },
  ...(to.state === 'Z' && { liveThreads: 0, command: [] }),
  ...to,
})
const at = (container: string): Partial<Process> => ({ cgroups: { '': `/kubepods/pod1/${container}` } })
const zombie: Partial<Process> = { state: 'Z', cgroups: { freezer: '/' } }
const dockerShim = some(10, 1, { command: ['containerd-shim-runc-v2', '-namespace', 'moby', '-id', id] })
const podShim = some(10, 1, { command: ['containerd-shim-runc-v2', '-namespace', 'k8s.io', '-id', sandboxId] })

describe('one shim per container', () => {
  it.each([
    ['a zombie that v1 shows nowhere', [some(20, 10, zombie)], told(false), 'only-zombies: 20'],
    ['it was not read', [some(20, 10, zombie)], unread, 'unknown: 20'],
    ['its cgroup is gone', [some(20, 10, zombie)], gone, 'only-zombies: 20'],
    ['an exited leader with live threads', [some(20, 10, { ...zombie, liveThreads: 2 })], told(true), 'alive: 20'],
    ['the kernel says that something lives', [some(20, 10, zombie)], told(true), 'alive: 20'],
    ['zombies below a zombie', [some(20, 10, zombie), some(21, 20, zombie)], told(false), 'only-zombies: 20 21'],
    ['one in its cgroup that was re-parented', [some(20, 1, at(id))], told(true, [20]), 'alive: 20'],
    ['a member alone', [some(20, 1)], told(true, [20]), 'alive: 20'],
    ['one below a member', [some(20, 1), some(21, 20, zombie)], told(true, [20]), 'alive: 20 21'],
    ['a runtime that the shim runs', [some(20, 10, { name: 'runc' })], told(false), 'no-processes:'],
    ['a runtime in the container', [some(20, 10, { name: 'runc', ...at(id) })], told(true), 'alive: 20'],
    ['stopped', [some(20, 10, { state: 'T' })], told(true), 'alive: 20'],
    ['nothing', [], told(false), 'no-processes:'],
  ] as const)('%s', (_, children, cgroup, expected) =>
    expect(summary([dockerShim, ...children], id, cgroup)).toBe(expected),
  )

  it('believes no claimed pid that is elsewhere', () =>
    expect(summary([dockerShim, some(20, 1)], { id, pid: 20 }, told(false))).toBe('no-processes:'))

  it('takes the word of the cgroup for threads that were not read', () => {
    const { liveThreads: _, ...leader } = some(20, 10, zombie)
    expect(summary([dockerShim, leader], id, told(false))).toBe('only-zombies: 20')
    expect(summary([dockerShim, leader], id, told(true))).toBe('alive: 20')
  })

  it('knows nothing where its shim may be one whose command line was not read', () => {
    const hidden = some(9, 1, { name: 'containerd-shim', state: 'D', command: [] })
    expect(stateOf([hidden], id, told(false))).toMatchObject({
      condition: 'unknown',
      because: 'the command line of 9 (containerd-shim) was not read, which may be its shim',
    })
    expect(summary([hidden, some(20, 9, at(id))], id, told(true, [20]))).toBe('alive: 20')
    expect(summary([hidden, dockerShim], id, told(false))).toBe('no-processes:')
  })

  it('bears parents that go round', () =>
    expect(summary([dockerShim, some(20, 21, at(id)), some(21, 20)], id, told(true))).toBe('alive: 20 21'))
})

describe('a shim that serves a Pod', () => {
  const container = { id, sandboxId }
  const neighbours = [podShim, some(11, 10, at(sandboxId)), some(12, 10, at(other)), some(13, 12)]

  it.each([
    ['its own by cgroup', [some(20, 10, at(id)), some(21, 20, zombie)], container, told(true), 'alive: 20 21'],
    ['zombies that v2 names', [some(20, 10, { ...zombie, ...at(id) })], container, told(false), 'only-zombies: 20'],
    ["another's zombie", [some(20, 10, { ...zombie, ...at(other) })], container, told(false), 'no-processes:'],
    ['a zombie of nobody knows whom', [some(20, 10, zombie)], container, told(false), 'unknown:'],
    ['a zombie that was claimed', [some(20, 10, zombie)], { ...container, pid: 20 }, told(false), 'only-zombies: 20'],
    [
      'a zombie beside the claimed pid',
      [some(20, 10, zombie)],
      { ...container, pid: 19 },
      told(false),
      'no-processes:',
    ],
    ['one alive of nobody knows whom', [some(20, 10)], { ...container, pid: 19 }, told(false), 'unknown:'],
    ['only neighbours', [], container, told(false), 'no-processes:'],
  ] as const)('%s', (_, children, whose, cgroup, expected) =>
    expect(summary([...neighbours, ...children], whose, cgroup)).toBe(expected),
  )

  it('says which zombie it is', () =>
    expect(stateOf([podShim, some(20, 10, zombie)], container, told(false))).toMatchObject({
      because: "20 (app) below the Pod's shim may be its own",
    }))

  it('cannot see behind a kernel of its own', () => {
    const command = ['containerd-shim-kata-v2', '-namespace', 'k8s.io', '-id', sandboxId]
    expect(stateOf([some(10, 1, { command }), some(20, 10)], container, told(true))).toMatchObject({
      condition: 'unknown',
      because: 'containerd-shim-kata-v2 runs it behind a kernel of its own, whose processes do not show here',
    })
  })
})

describe('frozen', () => {
  const asleep: Partial<Process> = { state: 'D', waitChannel: 'hrtimer_nanosleep', ...at(id) }
  const frozen = (to: Partial<Process>, cgroup: CgroupAnswer): boolean | undefined =>
    stateOf([dockerShim, some(20, 10, to)], id, cgroup).processes[0]?.frozen

  it.each([
    ['by its cgroup, in whatever it waits', asleep, told(true, [20], 'frozen'), true],
    ['not while thawed', asleep, told(true, [20], 'thawed'), false],
    ['open while some of it does not come to rest', asleep, told(true, [20], 'freezing'), undefined],
    ['at rest though', { ...asleep, waitChannel: '__refrigerator' }, told(true, [20], 'freezing'), true],
    ['in a cgroup below', { ...asleep, waitChannel: 'do_freezer_trap' }, told(true, [20], 'thawed'), true],
    ['open outside its cgroup', { state: 'D' }, told(true, [], 'frozen'), undefined],
    ['open where it was not read', asleep, unread, undefined],
    ['never a zombie', { ...zombie, ...at(id) }, told(true, [], 'frozen'), false],
  ] as const)('%s', (_, to, cgroup, expected) => expect(frozen(to, cgroup)).toBe(expected))
})
