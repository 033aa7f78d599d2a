// Since when the daemon behind a socket runs: right after its start it may not have found its containers again.
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { readProc, textOf } from './proc-files.ts'
import { readProcesses } from './processes.ts'

/** Clock ticks of a second: sysconf(_SC_CLK_TCK), 100 on every Linux that Kubernetes runs on. */
const ticksPerSecond = 100

/** What the daemon of a runtime is called. */
export const daemonPrograms = { docker: ['dockerd'], containerd: ['containerd'], 'cri-o': ['crio'] } as const

/**
 * @param proc the host's /proc.
 * @param socket as the daemon bound it, seen from its own root; the end of the path is enough.
 * @param programs what the daemon may be called.
 * @returns ms since its start. Of several candidates, where it can't be seen which one holds the socket (that needs root),
 * the youngest counts; undefined if there is none.
 * @throws Error if the host's processes can't be read.
 */
export function daemonAge(proc: string, socket: string, programs: readonly string[]): number | undefined {
  const candidates = readProcesses(proc, { command: () => false }).filter(({ name }) => programs.includes(name))
  const inodes = socketInodes(proc, socket)
  const holder = candidates.filter(({ pid }) => holdsSocket(proc, pid, inodes))
  const starts = (holder.length > 0 ? holder : candidates).map(({ startTicks }) => startTicks)
  const up = uptime(proc)
  if (starts.length === 0 || up === undefined) return undefined
  return Math.max(0, up - (Math.max(...starts) * 1000) / ticksPerSecond)
}

/** ms since boot. */
function uptime(proc: string): number | undefined {
  const seconds = Number.parseFloat(textOf(readProc(join(proc, 'uptime'))))
  return Number.isNaN(seconds) ? undefined : seconds * 1000
}

/** In the first process's network namespace, where daemons of the host listen: `Num: RefCount … Inode Path` (proc(5)). */
function socketInodes(proc: string, socket: string): ReadonlySet<string> {
  const lines = textOf(readProc(join(proc, '1/net/unix')))
    .split('\n')
    .slice(1)
  const fields = lines.map((line) => line.trim().split(/\s+/))
  const bound = fields.filter(
    ([, , , , , , , path]) => path !== undefined && (path === socket || socket.endsWith(path)),
  )
  return new Set(bound.map(([, , , , , , inode]) => `socket:[${inode}]`))
}

function holdsSocket(proc: string, pid: number, inodes: ReadonlySet<string>): boolean {
  const folder = join(proc, String(pid), 'fd')
  try {
    return readdirSync(folder).some((fd) => inodes.has(target(join(folder, fd))))
  } catch {
    return false
  }
}

function target(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
