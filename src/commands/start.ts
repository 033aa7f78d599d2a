import type { Command } from 'commander'
import type { Io } from './io.ts'
import { outline, withCommands } from './outline.ts'

type Make = (io: Io, done: (exitCode: number) => void) => Command

/** What runs in pipelines, and over and over: loaded without the other commands. */
const alone: Readonly<Record<string, () => Promise<Make>>> = {
  scan: async () => (await import('./scan.ts')).scanCommand,
  why: async () => (await import('./why.ts')).whyCommand,
  fix: async () => (await import('./fix.ts')).fixCommand,
}

/** As much of the command line as its words take: to load all commands takes longer than most of them run. */
export async function programFor(words: readonly string[], io: Io, done: (exitCode: number) => void): Promise<Command> {
  const [first] = words
  if (first === undefined || ['-h', '--help', '-V', '--version'].includes(first)) return outline(io)
  const load = Object.hasOwn(alone, first) ? alone[first] : undefined
  if (load) return withCommands([(await load())(io, done)], io)
  return (await import('./program.ts')).program(io, done)
}
