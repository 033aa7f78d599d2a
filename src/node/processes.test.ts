import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Process } from '../linux/process.ts'
import { readKernelStacks } from './kernel-stack.ts'
import { readProcess, readProcesses } from './processes.ts'

const linux = process.platform === 'linux'

describe.runIf(linux)("this machine's own /proc", () => {
  let child: ChildProcess
  const start = (command: string): number => {
    child = spawn('sh', ['-c', command], { stdio: ['pipe', 'ignore', 'ignore'] })
    return child.pid ?? 0
  }
  afterEach(() => child?.kill('SIGKILL'))
  const see = (look: (all: readonly Process[]) => unknown): Promise<unknown> =>
    vi.waitFor(() => look(readProcesses('/proc')), { timeout: 10_000, interval: 20 })

  it('has a zombie that nobody reaps', async () => {
    const pid = start('sleep 0 & exec sleep 30')
    await see((all) => {
      const [zombie] = all.filter(({ parent }) => parent === pid)
      expect(zombie).toMatchObject({ state: 'Z', name: 'sleep', command: [], liveThreads: 0 })
      expect(all.find((one) => one.pid === pid)).toMatchObject({ name: 'sleep', command: ['sleep', '30'] })
    })
  })

  it('has a stopped process', async () => {
    const pid = start('exec sleep 30')
    child.kill('SIGSTOP')
    await see((all) => expect(all.find((one) => one.pid === pid)?.state).toBe('T'))
  })

  it('has a process with blanks and parentheses in its name', async () => {
    const pid = start('printf "a) Z (b" > /proc/$$/comm; read x')
    await see((all) => expect(all.find((one) => one.pid === pid)).toMatchObject({ name: 'a) Z (b', state: 'S' }))
  })

  it('has this process', () => {
    const self = readProcess('/proc', process.pid, { waiting: () => true })
    expect(self).toMatchObject({ pid: process.pid, parent: process.ppid })
    expect(self?.command[0]).toContain('node')
    expect(self?.startTicks).toBeGreaterThan(0)
    expect(Object.keys(self?.cgroups ?? {}).length).toBeGreaterThan(0)
    expect(self).not.toHaveProperty('liveThreads')
  })

  it('shows kernel stacks to those who may', () => {
    const stacks = readKernelStacks('/proc', process.pid, { threads: 2, frames: 3 })
    if ('because' in stacks) return expect(stacks.because).toMatch(/\/stack": (?:EACCES|EPERM|ENOENT)$/)
    expect(stacks).toHaveLength(2)
    for (const { frames } of stacks) expect(frames.length).toBeLessThanOrEqual(3)
  })
})

describe('a recorded tree', () => {
  let root: string
  const record = (path: string, text: string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const stat = (pid: number, state: string, name = 'app'): string => `${pid} (${name}) ${state} 1${' 5'.repeat(18)}\n`
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'proc-'))
    record('7/stat', stat(7, 'S'))
    record('7/cmdline', '/app\0-v\0')
    record('7/cgroup', '0::/docker/x\n')
    record('7/status', 'State:\tS (sleeping)\nTracerPid:\t99\n')
    record('7/wchan', 'do_wait')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  it('gives what is asked for', () => {
    const plain = { pid: 7, parent: 1, name: 'app', state: 'S', startTicks: 5 }
    const cgroups = { '': '/docker/x' }
    expect(readProcesses(root)).toEqual([{ ...plain, command: ['/app', '-v'], cgroups }])
    expect(readProcesses(root, { command: () => false, waiting: ({ pid }) => pid === 7 })).toEqual([
      { ...plain, command: [], cgroups, tracer: 99, waitChannel: 'do_wait' },
    ])
  })

  it('does not touch the memory of one in an uninterruptible wait', () => {
    record('7/stat', stat(7, 'D'))
    expect(readProcesses(root)[0]?.command).toEqual([])
  })

  it('counts the live threads of an exited leader, and leaves them open if they were not read', () => {
    record('7/stat', stat(7, 'Z'))
    expect(readProcesses(root)[0]).not.toHaveProperty('liveThreads')
    record('7/task/7/stat', stat(7, 'Z'))
    record('7/task/8/stat', stat(8, 'D', 'worker)'))
    record('7/task/9/stat', stat(9, 'X'))
    record('7/task/10/comm', 'it vanished\n')
    expect(readProcesses(root)[0]?.liveThreads).toBe(1)
  })

  it('leaves out what vanished, and what is no process', () => {
    mkdirSync(join(root, '8'))
    record('9/stat', '')
    record('self/stat', stat(7, 'S'))
    record('version', 'Linux')
    expect(readProcesses(root).map(({ pid }) => pid)).toEqual([7])
    expect(readProcess(root, 8)).toBeUndefined()
  })

  it('is refused if it is none, or empty', () => {
    expect(() => readProcesses(join(root, 'none'))).toThrow(`cannot read "${join(root, 'none')}": ENOENT`)
    expect(() => readProcesses(join(root, '7/stat'))).toThrow(`cannot read "${join(root, '7/stat')}": ENOTDIR`)
    mkdirSync(join(root, 'empty'))
    expect(() => readProcesses(join(root, 'empty'))).toThrow('no processes in it')
  })

  it('is refused if a process may not be looked at', () => {
    mkdirSync(join(root, '8/stat'), { recursive: true })
    expect(() => readProcesses(root)).toThrow(`cannot read "${join(root, '8/stat')}": EISDIR`)
  })

  it('reads long files whole', () => {
    const words = Array.from({ length: 9_000 }, (_, i) => `word-${i}`)
    record('7/cmdline', `${words.join('\0')}\0`)
    expect(readProcesses(root)[0]?.command).toEqual(words)
  })

  it('gives the stacks of threads in uninterruptible waits first', () => {
    for (const [thread, state] of [['7', 'S'] as const, ['8', 'D'] as const]) {
      record(`7/task/${thread}/stat`, stat(Number(thread), state))
      record(`7/task/${thread}/stack`, '[<0>] rpc_wait_bit_killable+0x1e/0xa0 [sunrpc]\n[<0>] b+0x1/0x2\n')
    }
    record('7/task/9/stat', stat(9, 'S'))
    expect(readKernelStacks(root, 7, { threads: 1, frames: 1 })).toEqual([
      { thread: 8, state: 'D', frames: ['rpc_wait_bit_killable [sunrpc]'] },
    ])
    expect(readKernelStacks(root, 7)).toHaveLength(2)
    expect(readKernelStacks(root, 6)).toEqual({ because: `cannot read "${root}/6/task": ENOENT` })
  })
})
