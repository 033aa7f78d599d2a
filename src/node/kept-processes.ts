import type { ProcessStat } from '../linux/proc-stat.ts'
import type { Process } from '../linux/process.ts'

/** What hardly ever changes while a process runs the same program, and costs most to read. */
export type Texts = Pick<Process, 'command' | 'cgroups'>

interface Kept extends Texts {
  readonly of: string
}

/** After so many readings all has been read again, a part of it each time. */
const readings = 8

/**
 * Command lines and cgroups from one reading of all processes to the next; states, threads and what they wait for are never
 * kept. They are those of the same pid and start, and of the same run of execve, so that neither a pid that was given to
 * another nor a shim that is only about to become one is mistaken. What can still be stale, for some readings, is the cgroup
 * of a process that was moved, and a title that a program wrote over its words. So whoever decides over life and death begins
 * with `forget`; the hands that act (hands.ts) keep nothing.
 */
export class KeptProcesses {
  #before: ReadonlyMap<number, Kept> = new Map()
  #now = new Map<number, Kept>()
  #reading = 0

  /** The next reading of all begins: what the last one did not come across is gone. */
  begin(): void {
    this.#before = this.#now
    this.#now = new Map()
    this.#reading++
  }

  /** Everything is read anew. */
  forget(): void {
    this.#now = new Map()
  }

  /** @param image what tells one run of execve from the next; without it nothing is kept. */
  of(stat: ProcessStat, image: string | undefined, read: () => Texts): Texts {
    // Who is over has given them up; in a wait that may not end it is another question whether they may be read at all.
    if (image === undefined || /^[DZX]$/.test(stat.state)) return read()
    const { pid, startTicks, name } = stat
    const of = `${startTicks} ${image} ${name}`
    const known = this.#before.get(pid)
    const isDue = (pid + this.#reading) % readings === 0
    const kept = known?.of === of && !isDue ? known : { of, ...read() }
    this.#now.set(pid, kept)
    return { command: kept.command, cgroups: kept.cgroups }
  }
}
