import { parseStatus, parseWaitChannel } from '../linux/proc-stat.ts'
import { readKernelStacks } from './kernel-stack.ts'
import { readProc, textOf } from './proc-files.ts'

/** What the kernel tells only the privileged of a process: who traces it, and where it waits. */
export interface ProcessWait {
  readonly tracer?: number
  readonly waitChannel?: string
  /** The kernel functions of up to four of its threads, innermost first. */
  readonly stack?: string
}

/** @param proc the host's /proc. What can't be read is left out. */
export function waitOf(proc: string, pid: number): ProcessWait {
  const { tracer } = parseStatus(textOf(readProc(`${proc}/${pid}/status`)))
  const waitChannel = parseWaitChannel(textOf(readProc(`${proc}/${pid}/wchan`)))
  const stack = stackText(proc, pid)
  return {
    ...(tracer !== undefined && { tracer }),
    ...(waitChannel !== undefined && { waitChannel }),
    ...(stack !== undefined && { stack }),
  }
}

/** One text for the stacks of a process, so that it can be told whether they stay the same; undefined if not permitted. */
export function stackText(proc: string, pid: number): string | undefined {
  const stacks = readKernelStacks(proc, pid, { threads: 4, frames: 8 })
  return 'because' in stacks ? undefined : stacks.map(({ frames }) => frames.join(' ')).join('; ')
}
