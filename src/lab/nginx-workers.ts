// The workers of an nginx as the kernel shows them.
import { readFileSync } from 'node:fs'
import { readProcesses } from '../node/processes.ts'

export interface NginxWorkers {
  /** Those that take new connections, and those that only end what they have. */
  readonly current: number
  readonly old: number
  /** What all of its processes take, in bytes; what they share counts once. */
  readonly bytes: number
}

/** Counts the children of a master as the controller of nginx does: by how they name themselves. */
export function workersOf(master: number): NginxWorkers {
  const children = readProcesses('/proc').filter(({ parent }) => parent === master)
  const workers = children.filter(({ command }) => command.join(' ').startsWith('nginx: worker process'))
  const old = workers.filter(({ command }) => command.join(' ').includes('is shutting down')).length
  const bytes = [master, ...children.map(({ pid }) => pid)].reduce((sum, pid) => sum + shareOf(pid), 0)
  return { current: workers.length - old, old, bytes }
}

/** Its share of memory (proc(5), Pss: what n processes share counts as one n-th for each); 0 if it has ended. */
function shareOf(pid: number): number {
  try {
    const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
    return Number(kibibytes ?? 0) * 1024
  } catch {
    return 0
  }
}
