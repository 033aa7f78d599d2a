// The temporary folder of a lab. Its owner takes it down; of an owner that was killed the next lab takes down what is left, since
// SIGKILL leaves nobody the time to.
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readProcess, readProcesses } from '../node/processes.ts'

const prefix = 'roadcrew-lab-'
const ownerFile = 'owner'
/** ms: a process takes a moment to die. */
const mostWait = 5_000

export interface LabFolder {
  readonly path: string
  remove(): void
}

/** Makes a folder that goes when it is removed, or with this process; and takes down what labs have left whose owners are gone. */
export function makeLabFolder(): LabFolder {
  removeOrphans(tmpdir())
  const path = mkdtempSync(join(tmpdir(), prefix))
  const remove = (): void => {
    process.off('exit', remove)
    rmSync(path, { recursive: true, force: true })
  }
  process.on('exit', remove)
  nameOwner(path)
  return { path, remove }
}

/** Notes in a folder that this process has made it. */
export function nameOwner(path: string): void {
  const owner = ownerOf(process.pid)
  if (owner !== undefined) writeFileSync(join(path, ownerFile), owner)
}

/** Pids are used again, and another pid namespace that shares this folder has others: all three name a process. */
function ownerOf(pid: number): string | undefined {
  try {
    const { startTicks } = readProcess('/proc', pid) ?? {}
    return startTicks === undefined ? undefined : `${pid} ${startTicks} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return undefined // not Linux
  }
}

/**
 * Ends the daemons of labs whose owners are gone, and removes their folders. Those that name no owner, or one of another pid
 * namespace, are left alone.
 */
export function removeOrphans(below: string): void {
  for (const path of orphansIn(below, prefix)) {
    endAll(() => daemonsOf(path))
    rmSync(path, { recursive: true, force: true })
  }
}

/** The folders whose names begin so that name an owner which is gone. */
export const orphansIn = (below: string, start: string): readonly string[] =>
  readdirSync(below)
    .filter((name) => name.startsWith(start))
    .map((name) => join(below, name))
    .filter(isOrphan)

function isOrphan(path: string): boolean {
  try {
    const owner = readFileSync(join(path, ownerFile), 'utf8')
    const [pid, , namespace] = owner.split(' ')
    return namespace === readlinkSync('/proc/self/ns/pid') && ownerOf(Number(pid)) !== owner
  } catch {
    return false
  }
}

/** Kills processes until there are none of them, or for 5 s. */
export function endAll(those: () => readonly number[]): void {
  const until = performance.now() + mostWait
  for (;;) {
    const living = those()
    for (const pid of living) end(pid)
    if (living.length === 0 || performance.now() > until) return
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  }
}

/** Each daemon of a control plane has an option that names a file or folder in there. */
const daemonsOf = (path: string): number[] =>
  readProcesses('/proc')
    .filter(({ pid, command }) => pid !== process.pid && command.some((word) => word.includes(`=${path}/`)))
    .map(({ pid }) => pid)

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it ended by itself, or is another user's
  }
}
