import { pause } from './pause.ts'

export interface Waited<T> {
  readonly found: T
  readonly seconds: number
}

/** Asks once a second. @throws Error if nothing came within the limit (s), or the signal's reason once it is aborted. */
export async function waitFor<T>(
  signal: AbortSignal,
  limit: number,
  ask: () => Promise<T | undefined>,
): Promise<Waited<T>> {
  const began = Date.now()
  for (;;) {
    signal.throwIfAborted()
    const found = await ask()
    if (found !== undefined) return { found, seconds: secondsSince(began) }
    if (Date.now() - began > limit * 1000) throw new Error(`waited ${limit} s in vain`)
    await pause(1000, signal)
  }
}

/** Seconds from `began` (ms UTC) to now, to the tenth. */
export const secondsSince = (began: number): number => Math.round((Date.now() - began) / 100) / 10
