import { describe, expect, it } from 'vitest'
import { task } from '../linux/fixtures/task.ts'
import { type Claimed, type Protection, refusal, type Seen, type ShimStep } from './guard.ts'
import { stepOf } from './step-document.ts'

const id = (digit: string) => digit.repeat(64)
const pod = { namespace: 'ads', name: 'bidder-7', uid: 'uid-7' }
const now = 1_800_000_000_000
const minute = 60_000

const claimed = (digit: string, more: Partial<Claimed> = {}): Claimed => ({
  id: id(digit),
  sandboxId: id('5'),
  pod,
  runs: true,
  ...more,
})
const shimProcess = (program = 'containerd-shim-runc-v2', of = id('5'), namespace = 'k8s.io') =>
  task(90, {
    name: program.slice(0, 15),
    command: [`/usr/bin/${program}`, '-namespace', namespace, '-id', of, '-address', '/a'],
  })
const subject = (digit: string) => ({ source: { node: 'n' }, kind: 'Container', name: digit, uid: id(digit) })
const end = (...also: string[]): ShimStep => ({
  do: 'end-shim',
  why: 'w',
  target: subject('a'),
  shim: { pid: 90, startTicks: 1090, command: 'c' },
  alsoEnds: also.map(subject),
})
const goOn: ShimStep = {
  do: 'continue-shim',
  why: 'w',
  target: subject('a'),
  shim: { pid: 90, startTicks: 1090, command: 'c' },
}

const protection: Protection = { mode: 'act', perHour: 3, protectedNamespaces: ['kube-system'] }
const seen = (more: Partial<Seen> = {}): Seen => ({
  paused: false,
  acts: [],
  now,
  containers: [claimed('a')],
  shim: shimProcess(),
  inspection: { answer: 'nothing', ms: 5000 },
  processes: [],
  ...more,
})
const told = { answer: 'told', ms: 3, state: 'running' } as const

describe('the actor', () => {
  it('has nothing against ending what does not answer', () =>
    expect(refusal(end(), protection, seen())).toBeUndefined())

  it('has nothing against ending what the runtime calls running, with nothing alive', () => {
    const zombie = task(100, { state: 'Z', liveThreads: 0 })
    expect(refusal(end(), protection, seen({ inspection: told, processes: [zombie] }))).toBeUndefined()
  })

  it('has nothing against continuing what is stopped', () =>
    expect(
      refusal(goOn, protection, seen({ shim: { ...shimProcess(), state: 'T' }, inspection: told })),
    ).toBeUndefined())

  const refused: readonly (readonly [string, ShimStep, Partial<Protection>, Partial<Seen>])[] = [
    ['was started to observe', end(), { mode: 'observe' }, {}],
    ['a file on the node says pause', end(), {}, { paused: true }],
    ['3 acts within an hour', end(), {}, { acts: [now - minute, now - 2 * minute, now - 59 * minute] }],
    ['does not list its containers: away', end(), {}, { containers: { because: 'away' } }],
    ['the runtime has no container', end(), {}, { containers: [claimed('b')] }],
    ['it belongs to no Pod', end(), {}, { containers: [{ id: id('a'), runs: true }] }],
    ['protects the namespace ads', end(), { protectedNamespaces: ['ads'] }, {}],
    ["the actor's own Pod", end(), { self: 'ads/bidder-7' }, {}],
    ['there is no process 90', end(), {}, { shim: undefined }],
    ['there is no process 90', end(), {}, { shim: { ...shimProcess(), state: 'Z', liveThreads: 0 } }],
    [
      'process 90 (postgres) is no shim',
      end(),
      {},
      { shim: task(90, { name: 'postgres', command: ['postgres', id('5')] }) },
    ],
    ['stands for a whole sandbox', end(), {}, { shim: shimProcess('containerd-shim-kata-v2') }],
    ['serves another container', end(), {}, { shim: shimProcess('containerd-shim-runc-v2', id('6')) }],
    ['1 more containers would end', end(), {}, { containers: [claimed('a'), claimed('b')] }],
    [
      "is none of the Pod's containers",
      end('c'),
      {},
      { containers: [claimed('a'), claimed('c', { pod: { ...pod, uid: 'u' } })] },
    ],
    ["is none of the Pod's containers", end('d'), {}, {}],
    ['has live processes', end(), {}, { inspection: told, processes: [task(100)] }],
    ['its processes can not be told', end(), {}, { inspection: told, processes: 'no cgroups' }],
    ['there is no such container any more', end(), {}, { inspection: { answer: 'gone', ms: 1 } }],
    ['its shim is not stopped', goOn, {}, {}],
  ]
  it.each(refused)('refuses where %s', (text, step, protect, more) => {
    expect(refusal(step, { ...protection, ...protect }, seen(more))).toContain(text)
  })

  it("lets all of a Pod's containers end that are named; those that run no more, or in a later sandbox, need not be", () => {
    const containers = [claimed('a'), claimed('b'), claimed('c', { runs: false }), claimed('d', { sandboxId: id('6') })]
    expect(refusal(end('b'), protection, seen({ containers }))).toBeUndefined()
  })

  it('counts nothing that was an hour ago', () =>
    expect(refusal(end(), protection, seen({ acts: [1, 2, 3].map((at) => now - (60 + at) * minute) }))).toBeUndefined())
})

describe('a step that comes over the socket', () => {
  it('is read', () => expect(stepOf(JSON.parse(JSON.stringify(end('b'))))).toEqual({ step: end('b') }))

  it.each([
    [undefined, 'the step'],
    [{ ...end(), do: 'edit' }, 'do: '],
    [{ ...end(), shim: { pid: 1, startTicks: 1, command: '' } }, 'shim.pid: '],
    [{ ...end(), shim: { pid: -1, startTicks: 1, command: '' } }, 'shim.pid: '],
    [{ ...end(), target: { ...subject('a'), uid: undefined } }, 'target.uid: '],
    [{ ...end(), alsoEnds: undefined }, 'alsoEnds: '],
  ])('is refused if it is none: %#', (value, text) => {
    const read = stepOf(value)
    expect('wrong' in read && read.wrong).toContain(text)
  })
})
