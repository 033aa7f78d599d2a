import { homedir } from 'node:os'
import type { Io } from '../src/commands/io.ts'

/** An Io that keeps what is written instead of showing it. */
export function testIo(changes: Partial<Io> = {}): Io & { readonly written: { out: string; err: string } } {
  const written = { out: '', err: '' }
  return {
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
    outIsTerminal: false,
    errIsTerminal: false,
    columns: 120,
    now: () => Date.now(),
    ticks: () => performance.now(),
    stdin: () => Promise.resolve(''),
    env: process.env,
    home: homedir(),
    signal: new AbortController().signal,
    ...changes,
    written,
  }
}
