// Cgroup freezers of both versions, to hold a process where no signal but SIGKILL (v2), or none at all (v1), reaches it.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Lets the process go and removes the cgroup; harmless if both are gone. */
export type Release = () => void

const newTree = (): string | undefined =>
  ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(
    (path) => existsSync(join(path, 'cgroup.procs')) && existsSync(join(path, 'cgroup.controllers')),
  )

const oldTree = '/sys/fs/cgroup/freezer'

/** Whether this machine has a freezer from which SIGKILL frees nobody: that of cgroup v1. */
export const hasOldFreezer = (): boolean => existsSync(join(oldTree, 'cgroup.procs'))

/**
 * Holds a process in a freezer of cgroup v2: SIGCONT does not free it, SIGKILL does.
 * @throws Error if there is no cgroup v2 here, or it may not be written.
 */
export function holdInNewFreezer(pid: number, name: string): Release {
  const tree = newTree()
  if (tree === undefined) throw new Error('there is no cgroup v2 on this machine, whose freezer the drill needs')
  return hold(tree, pid, name, ['cgroup.freeze', '1', '0'])
}

/** Holds a process in a freezer of cgroup v1: no signal frees it, not even SIGKILL, until it is thawed. */
export const holdInOldFreezer = (pid: number, name: string): Release =>
  hold(oldTree, pid, name, ['freezer.state', 'FROZEN', 'THAWED'])

function hold(tree: string, pid: number, name: string, [file, on, off]: readonly [string, string, string]): Release {
  const home = cgroupOf(tree, pid)
  const folder = join(tree, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'cgroup.procs'), String(pid))
  writeFileSync(join(folder, file), on)
  return () => {
    quietly(() => writeFileSync(join(folder, file), off))
    quietly(() => writeFileSync(join(tree, home, 'cgroup.procs'), String(pid)))
    // Who was killed in it takes a moment to be gone.
    for (let tries = 0; tries < 50 && existsSync(folder); tries++) {
      quietly(() => rmdirSync(folder))
      if (existsSync(folder)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

/** Its cgroup in a tree, by /proc/<pid>/cgroup: `0::/path` for v2, `n:freezer:/path` for v1. */
function cgroupOf(tree: string, pid: number): string {
  const pattern = tree === oldTree ? /^\d+:freezer:(.*)$/m : /^0::(.*)$/m
  return pattern.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '/'
}

function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // It is gone already, which is what was wanted.
  }
}
