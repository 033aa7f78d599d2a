import { describe, expect, it } from 'vitest'
import { parseCgroups, parseCommand, parseImage, parseStat, parseStatus, parseWaitChannel } from './proc-stat.ts'

const rest = '1 2 3 4 -1 4194304 98 0 0 0 7 8 0 0 20 0 1 0 1482950 3133440 413 18446744073709551615'

describe('parseStat', () => {
  it.each([
    ['cat', 'cat'],
    ['tmux: server', 'tmux: server'],
    ['a) S 1 (b', 'a) S 1 (b'],
    ['', ''],
    [')', ')'],
    ['two\nlines', 'two\nlines'],
  ])('takes the name "%s" as it is', (written, name) =>
    expect(parseStat(`20998 (${written}) R ${rest}\n`)).toEqual({
      pid: 20998,
      name,
      state: 'R',
      parent: 1,
      startTicks: 1482950,
    }),
  )

  it.each([
    ['x', 'X'],
    ['X', 'X'],
    ['K', 'D'],
    ['P', 'I'],
    ['I', 'I'],
    ['t', 't'],
  ])('shows the letter %s as %s', (letter, state) =>
    expect(parseStat(`2 (kthreadd) ${letter} ${rest}`)?.state).toBe(state),
  )

  it.each([
    '',
    '20998',
    '20998 (cat',
    '20998 (cat)',
    '20998 (cat) R 1 2',
    `20998 (cat) ? ${rest}`,
    `x (cat) R ${rest}`,
  ])('gives nothing for "%s"', (text) => expect(parseStat(text)).toBeUndefined())
})

describe('parseStatus', () => {
  it('reads the state and the tracer', () =>
    expect(parseStatus('Name:\tsh\nState:\tt (tracing stop)\nPid:\t7\nTracerPid:\t4711\n')).toEqual({
      state: 't',
      tracer: 4711,
    }))
  it('has no tracer where it is 0', () =>
    expect(parseStatus('Name:\tsh\nState:\tZ (zombie)\nTracerPid:\t0\n')).toEqual({ state: 'Z' }))
  it('has nothing where the process vanished', () => expect(parseStatus('')).toEqual({}))
})

describe('parseCommand', () => {
  it.each([
    ['', []],
    ['\0', []],
    ['sh\0-c\0sleep 5\0', ['sh', '-c', 'sleep 5']],
    ['echo\0\0b\0', ['echo', '', 'b']],
    ['echo\0\0', ['echo', '']],
    ['nginx: master process nginx\0\0\0\0\0', ['nginx: master process nginx']],
    ['without-an-end', ['without-an-end']],
  ])('%j', (text, words) => expect(parseCommand(text)).toEqual(words))
})

describe('parseCgroups', () => {
  it('reads v2', () => expect(parseCgroups('0::/kubepods.slice/a:b\n')).toEqual({ '': '/kubepods.slice/a:b' }))
  it('reads v1 with controllers that share a hierarchy', () =>
    expect(parseCgroups('11:freezer:/docker/x\n4:cpu,cpuacct:/docker/y\n1:name=systemd:/docker/z\n')).toEqual({
      freezer: '/docker/x',
      cpu: '/docker/y',
      cpuacct: '/docker/y',
      'name=systemd': '/docker/z',
    }))
  it('reads both at once', () => expect(parseCgroups('6:freezer:/a\n0::/b\n')).toEqual({ freezer: '/a', '': '/b' }))
  it('leaves out that a cgroup is gone', () =>
    expect(parseCgroups('0::/docker/x (deleted)\n')).toEqual({ '': '/docker/x' }))
  it('has nothing where the process vanished', () => expect(parseCgroups('')).toEqual({}))
})

it.each([
  ['0', undefined],
  ['', undefined],
  ['do_wait', 'do_wait'],
  ['rpc_wait_bit_killable\n', 'rpc_wait_bit_killable'],
])('parseWaitChannel %j', (text, name) => expect(parseWaitChannel(text)).toBe(name))

describe('parseImage', () => {
  const stat = (stack: string, command: string): string =>
    `7 (a) S (b) S 1${' 0'.repeat(23)} ${stack}${' 0'.repeat(19)} ${command} 140 0 0\n`
  it.each([
    ['of a program', stat('140720699405584', '140720699409479'), '140720699405584 140720699409479'],
    ['of a kernel thread, or one that may not be traced', stat('0', '0'), undefined],
    ['of half a file', stat('140', '9').slice(0, 60), undefined],
    ['of nothing', '', undefined],
  ])('%s', (_, text, image) => expect(parseImage(text)).toBe(image))
})
