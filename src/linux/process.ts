// What a process is to us, whoever read it. See proc(5).

/** As the kernel shows it: running, sleeping, in an uninterruptible wait, a zombie, stopped, traced, dead, idle. */
export type ProcessState = 'R' | 'S' | 'D' | 'Z' | 'T' | 't' | 'X' | 'I'

export interface Process {
  readonly pid: number
  readonly parent: number
  /** The command's name, at most 15 characters. */
  readonly name: string
  readonly state: ProcessState
  /** Clock ticks from boot to its start: with the pid it tells a process from a later one of the same pid. */
  readonly startTicks: number
  /** Threads that are neither zombies nor dead; read only where the leader is one, since others live themselves. */
  readonly liveThreads?: number
  /** Its command line, word by word; empty for kernel threads, and for zombies, which have given it up. */
  readonly command: readonly string[]
  /** Paths by cgroup v1 controller (`name=systemd` too); `''` is the one of v2. */
  readonly cgroups: Readonly<Record<string, string>>
  /** The pid of who traces it. */
  readonly tracer?: number
  /** The kernel function in which it waits. */
  readonly waitChannel?: string
}

/** Whether nothing of it runs any more: its leader is a zombie or dead, and so are all of its threads. */
export const isOver = ({ state, liveThreads = 0 }: Process): boolean =>
  (state === 'Z' || state === 'X') && liveThreads === 0
