import { Command, Option } from 'commander'
import type { Io } from './io.ts'
import { wholeNumber } from './scan-options.ts'

/** The options of `actor` as commander gives them. */
export interface ActorOptions {
  readonly listen: string
  readonly socket?: string
  readonly hostRoot: string
  readonly mode: 'observe' | 'act'
  readonly pauseFile: string
  readonly evidence: string
  readonly perHour: number
  readonly protect: readonly string[]
}

/** `roadcrew actor`: the part of the agent on a node that owns the runtime's socket and may send signals. */
export function actorCommand(io: Io): Command {
  return new Command('actor')
    .description('the small privileged part of the agent: asks the runtime and ends shims for who may open its socket')
    .option('--listen <path>', 'its own socket, for its owner and group only', '/run/roadcrew/actor.sock')
    .option('--socket <path>', "the runtime's socket (default: the usual places are searched)")
    .option('--host-root <path>', "where the node's root is mounted", '/')
    .addOption(
      new Option('--mode <mode>', 'observe: it only tells; act: it takes steps too')
        .choices(['observe', 'act'])
        .default('observe'),
    )
    .option('--pause-file <path>', 'while this file is there nothing is done', '/run/roadcrew/pause')
    .option(
      '--evidence <folder>',
      'where is kept what was known before something was ended',
      '/var/log/roadcrew/evidence',
    )
    .option('--per-hour <n>', 'how many steps it takes within an hour, at most', wholeNumber, 3)
    .option('--protect <namespaces>', 'in which nothing is done, separated by commas', names, ['kube-system'])
    .addHelpText(
      'after',
      `
It takes only two steps: SIGCONT to a shim that is stopped, and the end of a shim whose container does not answer or has no
live process, after its own look at both. What it refuses is told to who asked and on stdout.

Examples:
  sudo roadcrew actor                                  it tells what the agent needs to know, and does nothing
  sudo roadcrew actor --mode act --protect kube-system,storage
  roadcrew agent --actor /run/roadcrew/actor.sock      the agent that asks it, without any privilege`,
    )
    .action(async (options: ActorOptions) => {
      const { actorLoop } = await import('./actor-loop.ts')
      await actorLoop(options, io)
    })
}

const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
