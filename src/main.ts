#!/usr/bin/env node
import { text } from 'node:stream/consumers'
import { CommanderError } from 'commander'
import { forTerminal } from './commands/for-terminal.ts'
import { UsageError } from './commands/io.ts'
import { programFor } from './commands/start.ts'
import { homeFolder } from './home.ts'

// The only place that sets the exit code.
const wrongUsage = 64
const couldNotLook = 2
/** By signal, as shells give them: 128 and the signal's number. A drill takes its daemons down at each of them. */
const stoppedBy = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

const abort = new AbortController()
for (const [signal, code] of Object.entries(stoppedBy)) {
  process.once(signal, () => {
    process.exitCode = code
    abort.abort()
  })
}

const io = {
  out: (part: string) => void process.stdout.write(process.stdout.isTTY ? forTerminal(part) : part),
  err: (part: string) => void process.stderr.write(process.stderr.isTTY ? forTerminal(part) : part),
  outIsTerminal: process.stdout.isTTY === true,
  // One that does not tell its width can't be drawn on: what clears lines by it (ora) would never end.
  errIsTerminal: process.stderr.isTTY === true && process.stderr.columns > 0,
  // A pipe has no width: $COLUMNS says it, as to other tools, or nobody does.
  columns: process.stdout.columns || Number(process.env.COLUMNS) || 120,
  now: () => Date.now(),
  ticks: () => performance.now(),
  stdin: () => text(process.stdin),
  stdinBytes: () => process.stdin,
  env: process.env,
  home: homeFolder(),
  signal: abort.signal,
}

// A reader that has seen enough (| head) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

async function run(): Promise<void> {
  try {
    const program = await programFor(process.argv.slice(2), io, (code) => {
      process.exitCode ??= code
    })
    await program.parseAsync()
  } catch (error) {
    if (abort.signal.aborted) {
      io.err('roadcrew: stopped\n')
    } else if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : wrongUsage
    } else if (error instanceof UsageError) {
      io.err(`roadcrew: ${error.message}\n`)
      process.exitCode = wrongUsage
    } else {
      io.err(`roadcrew: ${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode ??= couldNotLook
    }
  }
}

// Not awaited at the top, which CommonJS knows not, and that is what the one file of scripts/package/ is made of. So it tells itself
// of a command that never ends though nothing is left to be done: it must not look like a success.
let ended = false
process.once('exit', () => {
  if (!ended) process.exitCode ||= couldNotLook
})
void run().finally(() => {
  ended = true
})
