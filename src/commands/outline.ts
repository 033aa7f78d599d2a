import { Command } from 'commander'
import type { Io } from './io.ts'
import { toolVersion } from './tool-version.ts'

/** The commands' words and descriptions, as the list of commands shows them: enough for that list, without loading them. */
const outlines: readonly (readonly [words: string, description: string])[] = [
  ['scan [options] [paths...]', 'look for hazards in manifests, in exported clusters, or in live clusters'],
  [
    'why [options] <id|kind/name> [paths...]',
    'show one line of a scan, or one object, with all its evidence and its cure',
  ],
  [
    'fix [options] <what> [paths...]',
    'show what cures a finding: as a diff of files, or of what a cluster holds; make it with --write or --apply',
  ],
  ['explain [hazard]', 'what a hazard is, how it is found, cured and reproduced'],
  ['drill [options] <hazard>', 'make a hazard happen on real parts in a lab of its own, find it, cure it, see it gone'],
  ['agent [options]', "look at this node's runtime and containers, and act where the policy says so"],
  [
    'actor [options]',
    'the small privileged part of the agent: asks the runtime and ends shims for who may open its socket',
  ],
  [
    'controller [options]',
    'watch the CronJobs of a cluster, tell what becomes of their runs, and act where the policy says so',
  ],
  [
    'webhook [options]',
    'judge objects as they are made: give Pods what keeps requests from being lost, warn of the rest',
  ],
  ['rails', 'what may be done by itself in a cluster: see it, pause it, resume it, judge it'],
  ['probe [options] <host:port>', 'connect to a server now and then, and tell lost SYNs by how long it took'],
  [
    'rollout [options] <kind/name>',
    'send requests while a workload is rolled out: which are lost, why, and the wait that it takes to lose none',
  ],
  ['cron', 'when schedules run, what they mean, and where they pile up'],
  ['demo', 'scan a bundled export of three clusters, one of them old'],
  ['completion <shell>', 'write the script by which a shell completes commands, options and hazards'],
]

/** The command line with what commands it has. */
export function withCommands(commands: readonly Command[], io: Io): Command {
  const all = new Command('roadcrew')
    .description('Finds, proves, fixes and reproduces the failures that Kubernetes itself causes')
    .version(toolVersion)
    // Or `webhook` would take the options of `webhook export` for its own.
    .enablePositionalOptions()
    .helpCommand(true)
  for (const command of commands) all.addCommand(command)
  for (const command of [all, ...commands]) {
    command
      .exitOverride()
      .configureOutput({ writeOut: io.out, writeErr: io.err })
      .showHelpAfterError('(--help says more)')
  }
  return all.addHelpText(
    'after',
    `
Examples:
  roadcrew demo                    see what a scan finds, without a cluster
  roadcrew scan                    look at the current context's cluster
  roadcrew scan deploy/            look at a folder of manifests
  roadcrew why deployment/web      all about one object
  roadcrew fix 3f9a1c deploy/      what cures it, as a diff
  roadcrew explain                 which hazards are known

Also installed as kubectl-roadcrew, so that "kubectl roadcrew scan" works.`,
  )
}

/** The command line for its list of commands alone: none of them can be run. */
export const outline = (io: Io): Command =>
  withCommands(
    outlines.map(([words, description]) => {
      const [name = '', ...rest] = words.split(' ')
      const command = new Command(name).description(description)
      for (const word of rest) {
        if (word === '[options]') command.option('--any', 'as any option: the list only says that there are some')
        else command.argument(word)
      }
      return command
    }),
    io,
  )
