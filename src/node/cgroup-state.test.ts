import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { belongsTo } from '../linux/cgroups.ts'
import { containerCgroups, readCgroupLayout } from './cgroup-state.ts'
import { readProcess } from './processes.ts'

const id = '0123456789abcdef'.repeat(4)
const other = 'f'.repeat(64)

describe('a recorded tree', () => {
  let root: string
  const record = (path: string, text: string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const scope = `kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`
  const folder = `kubepods/burstable/pod1/${id}`
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'cgroup-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))

  it('of v2 has members in the cgroups below too', () => {
    record(`${scope}/cgroup.events`, 'populated 1\nfrozen 0\n')
    record(`${scope}/cgroup.freeze`, '0\n')
    record(`${scope}/cgroup.procs`, '12\n')
    record(`${scope}/init.scope/cgroup.procs`, '7\n')
    const told = { answer: 'told', populated: true, members: [7, 12] }
    expect(containerCgroups(root, 'v2').read(id)).toEqual({ ...told, freezer: 'thawed' })
    record(`${scope}/cgroup.freeze`, '1\n')
    expect(containerCgroups(root, 'v2').read(id)).toEqual({ ...told, freezer: 'freezing' })
    record(`${scope}/cgroup.events`, 'populated 1\nfrozen 1\n')
    expect(containerCgroups(root, 'v2').read(id)).toEqual({ ...told, freezer: 'frozen' })
    record(`${scope}/cgroup.events`, 'populated 1\n')
    expect(containerCgroups(root, 'v2').read(id)).toEqual(told)
  })

  it('of v1 is populated if a thread lives, though no process is listed', () => {
    record(`freezer/${folder}/tasks`, '8\n')
    record(`freezer/${folder}/cgroup.procs`, '')
    record(`freezer/${folder}/freezer.state`, 'FREEZING\n')
    expect(containerCgroups(root, 'v1').read(id)).toEqual({
      answer: 'told',
      populated: true,
      members: [],
      freezer: 'freezing',
    })
  })

  it('of v1 without a freezer tells who is in it', () => {
    record(`memory/${folder}/tasks`, '')
    record(`memory/${folder}/cgroup.procs`, '')
    expect(containerCgroups(root, 'v1').read(id)).toEqual({ answer: 'told', populated: false, members: [] })
  })

  it('of both joins what they say', () => {
    record(`freezer/${folder}/tasks`, '7\n')
    record(`freezer/${folder}/cgroup.procs`, '7\n')
    record(`freezer/${folder}/freezer.state`, 'FROZEN\n')
    record(`unified/${folder}/cgroup.events`, 'populated 0\nfrozen 0\n')
    record(`unified/${folder}/cgroup.procs`, '')
    const frozen = { answer: 'told', populated: true, members: [7], freezer: 'frozen' }
    expect(containerCgroups(root, 'hybrid').read(id)).toEqual(frozen)
    rmSync(join(root, 'unified', folder), { recursive: true })
    expect(containerCgroups(root, 'hybrid').read(id)).toEqual(frozen)
  })

  it('has none of a container that is gone, nor that of its conmon', () => {
    record(`kubepods.slice/crio-conmon-${id}.scope/cgroup.procs`, '4\n')
    record(`kubepods.slice/crio-${other}.scope/cgroup.procs`, '5\n')
    expect(containerCgroups(root, 'v2').read(id)).toEqual({ answer: 'gone' })
  })

  it('is gone if it is removed between the walk and the look', () => {
    record(`${scope}/cgroup.events`, 'populated 0\nfrozen 0\n')
    const cgroups = containerCgroups(root, 'v2')
    rmSync(join(root, scope), { recursive: true })
    expect(cgroups.read(id)).toEqual({ answer: 'gone' })
  })

  it.each(['v1', 'v2', 'hybrid'] as const)('is not read where there is no tree of %s', (layout) => {
    const missing = join(root, 'none')
    const top = layout === 'v2' ? missing : join(missing, 'freezer')
    expect(containerCgroups(missing, layout).read(id)).toEqual({
      answer: 'unread',
      because: `cannot read "${top}": ENOENT`,
    })
  })

  it('is not read where the file is not what it should be', () => {
    record(`${scope}/cgroup.events`, '')
    expect(containerCgroups(root, 'v2').read(id)).toMatchObject({ answer: 'unread' })
    rmSync(join(root, scope, 'cgroup.events'))
    mkdirSync(join(root, scope, 'cgroup.events'))
    expect(containerCgroups(root, 'v2').read(id)).toEqual({
      answer: 'unread',
      because: `cannot read "${join(root, scope, 'cgroup.events')}": EISDIR`,
    })
  })

  it("tells the layout by the first process's mounts, or else by the reader's own", () => {
    expect(readCgroupLayout(root)).toBeUndefined()
    record('self/mountinfo', '24 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n')
    expect(readCgroupLayout(root)).toBe('v2')
    record('1/mountinfo', '24 1 0:22 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n')
    expect(readCgroupLayout(root)).toBe('v1')
  })
})

// Where they may be made: as root on a machine whose cgroups are not mounted read-only.
const layout = readCgroupLayout('/proc')
const parent = join(layout === 'v2' ? '/sys/fs/cgroup' : '/sys/fs/cgroup/freezer', `roadcrew-test-${process.pid}`)
const made = layout !== undefined && canMake(join(parent, id))

function canMake(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true })
    rmdirSync(folder)
    rmdirSync(dirname(folder))
    return true
  } catch {
    return false
  }
}

describe.runIf(made)('a real cgroup', () => {
  it('is frozen, thawed, left to a zombie and removed', async () => {
    const folder = join(parent, id)
    mkdirSync(folder, { recursive: true })
    const [file, freeze, thaw] = layout === 'v2' ? ['cgroup.freeze', '1', '0'] : ['freezer.state', 'FROZEN', 'THAWED']
    // The shell starts a child for the cgroup, and then becomes one who never reaps it.
    const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const [line] = await once(shell.stdout, 'data')
      const pid = Number(String(line))
      const cgroups = containerCgroups('/sys/fs/cgroup', layout ?? 'v2')
      const now = () => containerCgroups('/sys/fs/cgroup', layout ?? 'v2').read(id)
      const soon = (state: object): Promise<void> => vi.waitFor(() => expect(now()).toEqual(state), 10_000)

      await soon({ answer: 'told', populated: false, members: [], freezer: 'thawed' })
      writeFileSync(join(folder, 'cgroup.procs'), String(pid))
      await soon({ answer: 'told', populated: true, members: [pid], freezer: 'thawed' })
      writeFileSync(join(folder, file), freeze)
      await soon({ answer: 'told', populated: true, members: [pid], freezer: 'frozen' })
      const frozen = readProcess('/proc', pid)
      expect(frozen?.state).toBe(layout === 'v2' ? 'S' : 'D')
      expect(frozen && belongsTo(frozen, id)).toBe(true)
      writeFileSync(join(folder, file), thaw)
      process.kill(pid, 'SIGKILL')
      await soon({ answer: 'told', populated: false, members: [], freezer: 'thawed' })
      const zombie = readProcess('/proc', pid)
      expect(zombie).toMatchObject({ state: 'Z', liveThreads: 0, parent: shell.pid })
      expect(zombie && belongsTo(zombie, id)).toBe(layout === 'v2')
      rmdirSync(folder)
      expect(cgroups.read(id)).toEqual({ answer: 'gone' })
    } finally {
      shell.kill('SIGKILL')
      for (const left of membersOf(folder)) process.kill(left, 'SIGKILL')
      await vi.waitFor(() => remove(folder), 10_000)
      rmdirSync(parent)
    }
  })
})

function membersOf(folder: string): number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').map(Number).filter(Boolean)
  } catch {
    return []
  }
}

/** Throws while something lives in it. */
function remove(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
