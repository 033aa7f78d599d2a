import { Command, Option } from 'commander'
import type { Io } from './io.ts'

/** The options that all of `rails` share, as commander gives them. */
export interface RailsOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace: string
  readonly output: 'terminal' | 'json'
  readonly reason?: string
}

/** `roadcrew rails`: what agents may do by themselves, for a person anywhere. */
export function railsCommand(io: Io, done: (exitCode: number) => void): Command {
  const all = new Command('rails').description(
    'what may be done by itself in a cluster: see it, pause it, resume it, judge it',
  )
  const sub = (name: 'status' | 'pause' | 'resume' | 'report', description: string): Command => {
    const command = new Command(name)
      .description(description)
      .option('--kubeconfig <file>', 'instead of $KUBECONFIG and ~/.kube/config')
      .option('--context <name>', 'a context of the kubeconfig (default: the current one)')
      .option('-n, --namespace <name>', "where Roadcrew's policy and its budget are", 'roadcrew')
      .addOption(
        new Option('-o, --output <format>', 'how to write it').choices(['terminal', 'json']).default('terminal'),
      )
    if (name === 'pause') command.option('--reason <text>', 'why, for those who find it paused')
    return command
      .exitOverride()
      .configureOutput({ writeOut: io.out, writeErr: io.err })
      .showHelpAfterError('(--help says more)')
      .action(async (options: RailsOptions) => {
        const { runRails } = await import('./rails-run.ts')
        done(await runRails(name, options, io))
      })
  }
  all.addCommand(sub('status', 'the policy, whether it is paused, and what was done within the last hour'))
  all.addCommand(sub('pause', 'nothing is done from now on, until it is resumed'))
  all.addCommand(sub('resume', 'the policy counts again'))
  all.addCommand(sub('report', 'what became of the steps that were done or advised'))
  return all.addHelpText(
    'after',
    `
A pause is a note on the policy's ConfigMap, which agents read before each step. Without the API a file does the same for one
node: touch /run/roadcrew/pause

Examples:
  roadcrew rails status
  roadcrew rails pause --reason "network maintenance"
  roadcrew rails resume
  roadcrew rails report               whether to trust it: what people did, what healed by itself, what stayed broken

Exit codes:
  0   it was read, or done
  1   resume: it is still paused, by the policy itself
  2   the cluster could not be asked, or the policy is none
  64  wrong usage`,
  )
}
