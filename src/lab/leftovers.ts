// What a runtime leaves behind when it ends: shims, the processes of containers, mounts, cgroups, sockets. A runtime keeps
// its containers alive over its own end on purpose, so stopping it is not enough. All of it is synchronous, since it also
// runs when the process that made the lab exits.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cgroupTrees } from './cgroup-trees.ts'
import { endAll, orphansIn } from './lab-folder.ts'

/** How the folders of runtimes begin. */
export const runtimePrefix = 'roadcrew-containerd-'

/** Takes down runtimes, with the kubelets on them, whose owners were killed: SIGKILL leaves nobody the time to. */
export function removeOrphanedRuntimes(below: string): void {
  for (const folder of orphansIn(below, runtimePrefix)) {
    endAll(() => daemonsOn(folder))
    removeLeftovers(folder, basename(folder), [])
  }
}

const daemons = ['containerd', 'dockerd', 'kubelet']

/** A runtime and its kubelet: each has an option that names a file or folder in there. */
const daemonsOn = (folder: string): number[] =>
  pids().filter((pid) => {
    const [program = '', ...args] = textOf(`/proc/${pid}/cmdline`).split('\0')
    return daemons.includes(basename(program)) && args.some((arg) => arg.includes(`${folder}/`))
  })

/**
 * Ends and removes all that stands on a folder and all of the cgroups (v1 and v2) of that name.
 * @param shimSockets a shim listens below /run/containerd/s, wherever its containerd's state is; a killed one leaves its
 * socket there, while containerd removes all that told its path.
 */
export function removeLeftovers(folder: string, cgroup: string, shimSockets: Iterable<string>): void {
  endAll(() => [...pidsNaming(folder), ...pidsIn(cgroup)])
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
