import { join } from 'node:path'
import {
  type ProcessStat,
  parseCgroups,
  parseCommand,
  parseImage,
  parseStat,
  parseStatus,
  parseWaitChannel,
} from '../linux/proc-stat.ts'
import type { Process } from '../linux/process.ts'
import type { KeptProcesses, Texts } from './kept-processes.ts'
import { foldersByNumber, readProc, textOf } from './proc-files.ts'

export interface ProcessWishes {
  /**
   * Of which the command line is read; all that are not in state D, if not told. The kernel takes the lock of the
   * process's memory for it, and a read that meets a holder of that lock which hangs would hang too.
   */
  readonly command?: (stat: ProcessStat) => boolean
  /** Of which the tracer and the wait channel are read; none, if not told. */
  readonly waiting?: (stat: ProcessStat) => boolean
  /** What earlier readings of the same root left; none, if not told: then all is read. */
  readonly kept?: KeptProcesses
}

/**
 * All processes below a proc root (`/proc`, or the host's where it is mounted). What vanishes while it is read is left
 * out. Throws an Error that names the path if the root can't be listed, or holds processes that may not be looked at
 * (proc mounted with hidepid), since a node is never without any.
 */
export function readProcesses(root: string, wishes: ProcessWishes = {}): Process[] {
  const pids = foldersByNumber(root)
  if (!Array.isArray(pids)) throw new Error(`cannot read "${root}": ${pids.code}`)
  wishes.kept?.begin()
  const processes = pids.flatMap((pid) => readProcess(root, pid, wishes) ?? [])
  if (processes.length === 0) throw new Error(`cannot read "${root}": no processes in it`)
  return processes
}

/** One process, by its number or that of one of its threads. Undefined if it is gone. Throws as `readProcesses` does. */
export function readProcess(root: string, pid: number, wishes: ProcessWishes = {}): Process | undefined {
  const folder = join(root, String(pid))
  const text = readProc(`${folder}/stat`)
  if (typeof text !== 'string' && !text.vanished) throw new Error(`cannot read "${folder}/stat": ${text.code}`)
  const stat = parseStat(textOf(text))
  if (!stat) return undefined
  const { command = inNoLongWait, waiting = () => false, kept } = wishes
  const over = stat.state === 'Z' || stat.state === 'X'
  const threads = over ? liveThreads(folder) : undefined
  const readTexts = (): Texts => ({
    command: over || !command(stat) ? [] : parseCommand(textOf(readProc(`${folder}/cmdline`))),
    cgroups: parseCgroups(textOf(readProc(`${folder}/cgroup`))),
  })
  return {
    ...stat,
    ...(kept ? kept.of(stat, parseImage(textOf(text)), readTexts) : readTexts()),
    ...(threads !== undefined && { liveThreads: threads }),
    ...(waiting(stat) && readWaiting(folder)),
  }
}

const inNoLongWait = ({ state }: ProcessStat): boolean => state !== 'D'

function readWaiting(folder: string): Pick<Process, 'tracer' | 'waitChannel'> {
  const { tracer } = parseStatus(textOf(readProc(`${folder}/status`)))
  const waitChannel = parseWaitChannel(textOf(readProc(`${folder}/wchan`)))
  return { ...(tracer !== undefined && { tracer }), ...(waitChannel !== undefined && { waitChannel }) }
}

/** Undefined if they could not be read, so that nobody takes it for none. */
function liveThreads(folder: string): number | undefined {
  const threads = foldersByNumber(`${folder}/task`)
  if (!Array.isArray(threads)) return undefined
  let live = 0
  for (const thread of threads) {
    const text = readProc(`${folder}/task/${thread}/stat`)
    if (typeof text !== 'string' && !text.vanished) return undefined
    const state = parseStat(textOf(text))?.state
    if (state !== undefined && state !== 'Z' && state !== 'X') live++
  }
  return live
}
