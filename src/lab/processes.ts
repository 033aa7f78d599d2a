import { readProcess } from '../node/processes.ts'

/** Whether a process is there, told by its start: clock ticks from boot, or `gone`. */
export const startOf = (pid: number): number | 'gone' => readProcess('/proc', pid)?.startTicks ?? 'gone'

/** The state of a process as the kernel shows it (`S`, `T`, `Z`), or `gone`. */
export const stateOf = (pid: number): string => readProcess('/proc', pid)?.state ?? 'gone'
