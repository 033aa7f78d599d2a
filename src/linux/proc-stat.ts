// The files of /proc/<pid>, each into the part of a `Process` that it tells. A file that ended too early, since its
// process vanished while it was read, gives undefined: nothing here throws.

import type { Process, ProcessState } from './process.ts'

export type ProcessStat = Pick<Process, 'pid' | 'parent' | 'name' | 'state' | 'startTicks'>

const STATES: ReadonlySet<string> = new Set<ProcessState>(['R', 'S', 'D', 'Z', 'T', 't', 'X', 'I'])

/** Letters of older kernels (proc_pid_stat(5)): dead, waking, in a wait that only a fatal signal ends, and parked. */
const OTHER_LETTERS: Readonly<Record<string, ProcessState>> = { x: 'X', W: 'D', K: 'D', P: 'I' }

const isState = (letter: string): letter is ProcessState => STATES.has(letter)

const stateOf = (letter: string): ProcessState | undefined => (isState(letter) ? letter : OTHER_LETTERS[letter])

/**
 * /proc/<pid>/stat, or that of one thread below task/. The name stands between the first parenthesis and the last,
 * since it may hold blanks, line ends and parentheses itself; start time is field 22 (proc_pid_stat(5)). Undefined if
 * the text is not that of a whole file.
 */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 1 || close < open) return undefined
  const fields = text.slice(close + 2).split(' ', 20)
  const pid = Number(text.slice(0, open))
  const state = stateOf(fields[0] ?? '')
  const parent = Number(fields[1])
  const startTicks = Number(fields[19])
  if (!state || !Number.isSafeInteger(pid) || !Number.isSafeInteger(parent) || !Number.isSafeInteger(startTicks))
    return undefined
  return { pid, parent, name: text.slice(open + 1, close), state, startTicks }
}

/**
 * What tells one run of execve from the next, from the same text: where its stack begins and its command line lies (fields
 * 28 and 48), which the kernel lays out anew each time, at random. Undefined for kernel threads and zombies, which have no
 * memory, and for a reader who may not trace the process (proc_pid_stat(5)).
 */
export function parseImage(text: string): string | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ', 46)
  const [stack, command] = [fields[25], fields[45]]
  return stack === undefined || stack === '0' || command === undefined || command === '0'
    ? undefined
    : `${stack} ${command}`
}

/** /proc/<pid>/status: its state, and who traces it (TracerPid, where 0 is nobody). */
export function parseStatus(text: string): Pick<Process, 'tracer'> & { readonly state?: ProcessState } {
  const state = stateOf(/^State:\s*(\S)/m.exec(text)?.[1] ?? '')
  const tracer = Number(/^TracerPid:\s*(\d+)$/m.exec(text)?.[1] ?? 0)
  return { ...(state && { state }), ...(tracer !== 0 && { tracer }) }
}

/**
 * /proc/<pid>/cmdline: words that each end with a NUL; words may be empty. Empty for kernel threads and zombies. What a
 * program wrote over its words (`nginx: master process`) comes as one word, without the NULs that fill it up.
 */
export function parseCommand(text: string): readonly string[] {
  const whole = text.replace(/\0$/, '')
  if (whole === '') return []
  const words = whole.split('\0')
  const last = words.findLastIndex((word) => word !== '')
  // One NUL ends a word, a row of them is what a shorter title left of the words before it.
  return words.length - last > 2 ? words.slice(0, last + 1) : words
}

/**
 * /proc/<pid>/cgroup: lines `<number>:<controllers>:<path>`, where v2 has number 0 and no controllers (cgroups(7)).
 * Controllers that share a hierarchy are listed one by one. Of a cgroup that was removed below a zombie, v2 shows the
 * path with ` (deleted)`, which is left out; v1 shows `/` for every zombie, which says nothing.
 */
export function parseCgroups(text: string): Readonly<Record<string, string>> {
  const paths: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line)
    if (!match) continue
    const path = (match[2] ?? '').replace(/ \(deleted\)$/, '')
    for (const controller of (match[1] ?? '').split(',')) paths[controller] = path
  }
  return paths
}

/** /proc/<pid>/wchan: the kernel function in which it waits; `0` is none, or one that the reader may not see. */
export function parseWaitChannel(text: string): string | undefined {
  const name = text.trim()
  return name === '' || name === '0' ? undefined : name
}
