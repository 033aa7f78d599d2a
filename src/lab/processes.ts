import { readdirSync } from 'node:fs'
import { readProcess } from '../node/processes.ts'
import { pause } from './pause.ts'

/** Whether a process is there, told by its start: clock ticks from boot, or `gone`. */
export const startOf = (pid: number): number | 'gone' => readProcess('/proc', pid)?.startTicks ?? 'gone'

/** The state of a process as the kernel shows it (`S`, `T`, `Z`), or `gone`. */
export const stateOf = (pid: number): string => readProcess('/proc', pid)?.state ?? 'gone'

/** How long a process may take to stop (ms). */
const patience = 5000

/**
 * Sends SIGSTOP and waits until every thread has stopped: the signal is sent before it is obeyed, and a daemon with a
 * thread that still runs on another core may answer one more time.
 * @throws Error if the process is gone, or does not stop within 5 s.
 */
export async function stopProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  for (const until = Date.now() + patience; !hasStopped(pid); await pause(5)) {
    if (Date.now() > until) throw new Error(`process ${pid} did not stop within ${patience / 1000} s of SIGSTOP`)
  }
}

/** A thread that is gone by now runs no more either. */
const hasStopped = (pid: number): boolean =>
  readdirSync(`/proc/${pid}/task`).every((thread) => /^(?:T|Z|X|gone)$/.test(stateOf(Number(thread))))
