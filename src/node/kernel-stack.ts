import { parseKernelStack } from '../linux/kernel-stack.ts'
import { parseStat } from '../linux/proc-stat.ts'
import type { ProcessState } from '../linux/process.ts'
import { foldersByNumber, readProc, textOf } from './proc-files.ts'

export interface ThreadStack {
  readonly thread: number
  readonly state: ProcessState
  /** Kernel functions, innermost first; empty for a thread that runs its program. */
  readonly frames: readonly string[]
}

export interface StackLimits {
  /** Those in state D come first. */
  readonly threads?: number
  readonly frames?: number
}

/**
 * What each thread of a process does in the kernel, from its `stack` below a proc root, for which the kernel wants
 * CAP_SYS_ADMIN. `because` says why there are none. Never throws for what is not readable; a thread that ends meanwhile
 * is left out.
 */
export function readKernelStacks(
  root: string,
  pid: number,
  { threads: most = 16, frames: deepest = 32 }: StackLimits = {},
): readonly ThreadStack[] | { readonly because: string } {
  const folder = `${root}/${pid}/task`
  const numbers = foldersByNumber(folder)
  if (!Array.isArray(numbers)) return { because: `cannot read "${folder}": ${numbers.code}` }
  const threads = numbers.flatMap((thread) => {
    const state = parseStat(textOf(readProc(`${folder}/${thread}/stat`)))?.state
    return state === undefined ? [] : [{ thread, state }]
  })
  const stacks: ThreadStack[] = []
  for (const one of [...threads.filter(inWait), ...threads.filter((other) => !inWait(other))].slice(0, most)) {
    const path = `${folder}/${one.thread}/stack`
    const text = readProc(path)
    if (typeof text === 'string') stacks.push({ ...one, frames: parseKernelStack(text, deepest) })
    else if (!text.vanished) return { because: `cannot read "${path}": ${text.code}` }
  }
  return stacks
}

const inWait = ({ state }: Pick<ThreadStack, 'state'>): boolean => state === 'D'
