import { Command, Option } from 'commander'
import type { Io } from './io.ts'

/** The options of all that `rails` does, as commander gives them. */
export interface RailsOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace: string
  /** Of status and report. */
  readonly output?: 'terminal' | 'json'
  /** Of pause. */
  readonly reason?: string
  /** Of report. */
  readonly by?: 'step' | 'node'
}

/** `roadcrew rails`: what agents may do by themselves, for a person anywhere. */
export function railsCommand(io: Io, done: (exitCode: number) => void): Command {
  const all = new Command('rails').description(
    'what may be done by itself in a cluster: see it, pause it, resume it, judge it',
  )
  const sub = (name: 'status' | 'pause' | 'resume' | 'report', description: string, after: string): Command => {
    const command = new Command(name)
      .description(description)
      .option('--kubeconfig <file>', 'instead of $KUBECONFIG and ~/.kube/config')
      .option('--context <name>', 'a context of the kubeconfig (default: the current one)')
      .option('-n, --namespace <name>', "where Roadcrew's policy and its budget are", 'roadcrew')
    all.addCommand(command)
    return command
      .exitOverride()
      .configureOutput({ writeOut: io.out, writeErr: io.err })
      .showHelpAfterError('(--help says more)')
      .addHelpText('after', after)
      .action(async (options: RailsOptions) => {
        const { runRails } = await import('./rails-run.ts')
        done(await runRails(name, options, io))
      })
  }
  const output = () =>
    new Option('-o, --output <format>', 'how to write it').choices(['terminal', 'json']).default('terminal')
  sub('status', 'the policy, whether it is paused, and what was done within the last hour', statusHelp).addOption(
    output(),
  )
  sub('pause', 'nothing is done from now on, until it is resumed', pauseHelp).option(
    '--reason <text>',
    'why, for those who find it paused',
  )
  sub('resume', 'the policy counts again', resumeHelp)
  sub('report', 'what became of the steps that were done or advised', reportHelp)
    .addOption(output())
    .addOption(new Option('--by <what>', 'what a line stands for').choices(['step', 'node']).default('step'))
  return all.addHelpText('after', help)
}

const readExits = `
  2   the cluster could not be asked`

const statusHelp = `
Examples:
  roadcrew rails status
  roadcrew rails status --context eu-west -o json

Exit codes:
  0   it was read${readExits}, or the policy is wrong
  64  wrong usage`

const pauseHelp = `
Who is noted is the context's user in the kubeconfig, else $USER. Agents read the note before each step, also those
that were given their policy as a file. Without the API the file /run/roadcrew/pause on a node holds back that one.

Examples:
  roadcrew rails pause --reason "network maintenance"

Exit codes:
  0   it is paused now, or was already${readExits}, so that it may go on
  64  wrong usage`

const resumeHelp = `
Examples:
  roadcrew rails resume

Exit codes:
  0   it is not paused
  1   it is still paused: by the policy itself, or anew
  2   the cluster could not be asked, or the policy is wrong
  64  wrong usage`

const reportHelp = `
Done: a step was taken, and 2 minutes later its subject was well (cured) or not. Advised: it was not taken, and within 30
minutes somebody else took it (by a person), its subject was well again (by itself), or neither (still broken).

Examples:
  roadcrew rails report
  roadcrew rails report --by node

Exit codes:
  0   it was read${readExits}
  64  wrong usage`

const help = `
A pause is a note on the policy's ConfigMap, which agents read before each step. Without the API a file does the same for one
node: touch /run/roadcrew/pause

Examples:
  roadcrew rails status
  roadcrew rails pause --reason "network maintenance"
  roadcrew rails resume
  roadcrew rails report               whether to trust it: what people did, what healed by itself, what stayed broken

Exit codes:
  0   it was read, or done
  1   resume: it is still paused, by the policy itself or anew
  2   the cluster could not be asked, or the policy is wrong
  64  wrong usage`
