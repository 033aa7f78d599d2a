// Files that the kernel makes as they are read: those of /proc and of cgroups.

import { closeSync, openSync, readdirSync, readSync } from 'node:fs'

/** The numbers below a folder of /proc, ascending; what went wrong if it can't be listed. */
export function foldersByNumber(folder: string): number[] | Unread {
  try {
    const names = readdirSync(folder).filter((name) => /^\d+$/.test(name))
    return names.map(Number).sort((a, b) => a - b)
  } catch (error) {
    return unread(error)
  }
}

export interface Unread {
  readonly code: string
  /** There is no such file, or its process ended while it was read (ESRCH). */
  readonly vanished: boolean
}

/** Of an error of node:fs; any other is thrown on. */
export function unread(error: unknown): Unread {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === undefined) throw error
  return { code, vanished: code === 'ENOENT' || code === 'ESRCH' }
}

/** Empty where there is none, as a file is whose process has nothing to tell. */
export const textOf = (text: string | Unread): string => (typeof text === 'string' ? text : '')

const LIMIT_BYTES = 1 << 20
let buffer = Buffer.allocUnsafe(1 << 14)

/**
 * A small file that the kernel makes as it is read, up to `limit` bytes of it (1 MiB, if not told): without asking for its size,
 * which is 0, and with one buffer for all, since a node has 10,000 processes with three files each.
 */
export function readProc(path: string, limit = LIMIT_BYTES): string | Unread {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    let length = 0
    for (;;) {
      if (length === buffer.length) {
        if (length >= limit) break
        buffer = Buffer.concat([buffer, Buffer.allocUnsafe(length)])
      }
      const count = readSync(file, buffer, length, buffer.length - length, null)
      if (count === 0) break
      length += count
    }
    return buffer.toString('utf8', 0, length)
  } catch (error) {
    return unread(error)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
