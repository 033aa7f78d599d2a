import { setTimeout as wait } from 'node:timers/promises'

/** Waits so long (ms). @throws AbortError as soon as the signal is aborted. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  wait(Math.max(0, ms), undefined, signal ? { signal } : {})
