// What a runtime leaves behind when it ends: shims, the processes of containers, mounts, cgroups, sockets. A runtime keeps
// its containers alive over its own end on purpose, so stopping it is not enough. All of it is synchronous, since it also
// runs when the process that made the lab exits.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupTrees } from './cgroup-trees.ts'

/** ms: a process takes a moment to die, its cgroup and mounts stay busy until then. */
const mostWait = 5_000

/**
 * Ends and removes all that stands on a folder and all of the cgroups (v1 and v2) of that name.
 * @param shimSockets a shim listens below /run/containerd/s, wherever its containerd's state is; a killed one leaves its
 * socket there, while containerd removes all that told its path.
 */
export function removeLeftovers(folder: string, cgroup: string, shimSockets: Iterable<string>): void {
  const until = performance.now() + mostWait
  for (;;) {
    const living = [...pidsNaming(folder), ...pidsIn(cgroup)]
    for (const pid of living) end(pid)
    if (living.length === 0 || performance.now() > until) break
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  }
  for (const socket of shimSockets) rmSync(socket, { force: true })
  for (const mount of mountsBelow(folder)) spawnSync('umount', ['--lazy', mount])
  for (const path of cgroupsNamed(cgroup)) removeCgroup(path)
  rmSync(folder, { recursive: true, force: true })
}

/** The shims: their command lines name the socket of their containerd. */
function pidsNaming(folder: string): number[] {
  return pids().filter((pid) => {
    const [program = '', ...args] = textOf(`/proc/${pid}/cmdline`).split('\0')
    return program.includes('containerd-shim') && args.some((arg) => arg.startsWith(`${folder}/`))
  })
}

const pidsIn = (cgroup: string): number[] =>
  pids().filter((pid) =>
    textOf(`/proc/${pid}/cgroup`)
      .split('\n')
      .some((line) => (line.split(':')[2] ?? '').split('/')[1] === cgroup),
  )

const pids = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid)

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it ended by itself
  }
}

/** Deepest first, as they have to go. See proc(5) for the octal escapes, which paths of mkdtemp don't need. */
const mountsBelow = (folder: string): string[] =>
  textOf('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
    .toReversed()

const cgroupsNamed = (cgroup: string): string[] =>
  cgroupTrees()
    .map((tree) => join(tree, cgroup))
    .filter((path) => entries(path).length > 0)

function removeCgroup(path: string): void {
  for (const entry of entries(path)) if (entry.isDirectory()) removeCgroup(join(path, entry.name))
  try {
    rmdirSync(path)
  } catch {
    // a process that can't die holds it
  }
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // what is in /proc may be gone at any time
  }
}
