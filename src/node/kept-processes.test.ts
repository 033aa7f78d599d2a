import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KeptProcesses } from './kept-processes.ts'
import { readProcesses } from './processes.ts'

describe('what is kept of processes', () => {
  let root: string
  let kept: KeptProcesses
  const record = (path: string, text: string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const stat = ({ pid = 7, name = 'app', state = 'S', start = 5, stack = 140720699405584 } = {}): void =>
    record(
      `${pid}/stat`,
      `${pid} (${name}) ${state} 1${' 0'.repeat(17)} ${start} 0 0 0 0 0 ${stack}${' 0'.repeat(19)} 9 0\n`,
    )
  const texts = (command: string, cgroup: string): void => {
    record('7/cmdline', `${command}\0`)
    record('7/cgroup', `0::${cgroup}\n`)
  }
  const read = () => readProcesses(root, { kept }).find(({ pid }) => pid === 7)
  const command = (): string | undefined => read()?.command.join(' ')

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'proc-'))
    kept = new KeptProcesses()
    stat()
    texts('before', '/a')
    read()
    texts('after', '/b')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  it('is the command line and the cgroups, but no state', () => {
    stat({ state: 'T' })
    expect(read()).toEqual({
      ...{ pid: 7, parent: 1, name: 'app', state: 'T', startTicks: 5 },
      ...{ command: ['before'], cgroups: { '': '/a' } },
    })
  })

  it.each([
    ['another process of the same pid', { start: 6 }],
    ['another name', { name: 'other' }],
    ['another run of execve', { stack: 140720699405600 }],
    ['a process of which it is not to be told', { stack: 0 }],
    ['one in a wait that does not end', { state: 'D' }],
  ])('is not taken for %s', (_, change) => {
    stat(change)
    expect(read()?.cgroups).toEqual({ '': '/b' })
  })

  it('is nothing of what is over', () => {
    stat({ state: 'Z' })
    expect(read()).toMatchObject({ command: [], cgroups: { '': '/b' } })
  })

  it('is read anew after some readings, and of what was away in between', () => {
    const seen = Array.from({ length: 8 }, command)
    expect(seen.filter((one) => one === 'before').length).toBeLessThan(8)
    expect(seen.at(-1)).toBe('after')
    texts('later', '/c')
    rmSync(join(root, '7/stat'))
    stat({ pid: 8 })
    expect(read()).toBeUndefined()
    stat()
    expect(command()).toBe('later')
  })

  it('is nothing once it was forgotten', () => {
    kept.forget()
    expect(command()).toBe('after')
  })
})

describe.runIf(process.platform === 'linux')("this machine's own /proc", () => {
  it('shows a program that runs itself again with other words', async () => {
    const kept = new KeptProcesses()
    const child = spawn('sh', ['-c', 'read x; exec sh -c "read x; exit" second'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const command = () => readProcesses('/proc', { kept }).find(({ pid }) => pid === child.pid)?.command
    try {
      await vi.waitFor(() => expect(command()).toHaveLength(3))
      child.stdin.write('\n')
      // Within fewer readings than after which all is read again.
      await new Promise((resolve) => setTimeout(resolve, 300))
      await vi.waitFor(() => expect(command()?.at(-1)).toBe('second'), { interval: 500, timeout: 1_400 })
    } finally {
      child.kill('SIGKILL')
    }
  })
})
