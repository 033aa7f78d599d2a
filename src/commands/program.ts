import { Command } from 'commander'
import { actorCommand } from './actor.ts'
import { agentCommand } from './agent.ts'
import { completionCommand } from './completion.ts'
import { controllerCommand } from './controller.ts'
import { cronCommand } from './cron.ts'
import { demoCommand } from './demo.ts'
import { drillCommand } from './drill.ts'
import { explainCommand } from './explain.ts'
import { fixCommand } from './fix.ts'
import type { Io } from './io.ts'
import { probeCommand } from './probe.ts'
import { railsCommand } from './rails.ts'
import { rolloutCommand } from './rollout.ts'
import { scanCommand } from './scan.ts'
import { toolVersion } from './tool-version.ts'
import { webhookCommand } from './webhook.ts'
import { whyCommand } from './why.ts'

/** The whole command line. `done` is told the exit code of a command that ends with one of its own. */
export function program(io: Io, done: (exitCode: number) => void): Command {
  const all = new Command('roadcrew')
    .description('Finds, proves, fixes and reproduces the failures that Kubernetes itself causes')
    .version(toolVersion)
    // Or `webhook` would take the options of `webhook export` for its own.
    .enablePositionalOptions()
    .helpCommand(true)
  const commands = [
    scanCommand(io, done),
    whyCommand(io, done),
    fixCommand(io, done),
    explainCommand(io),
    drillCommand(io, done),
    agentCommand(io, done),
    actorCommand(io),
    controllerCommand(io),
    webhookCommand(io),
    railsCommand(io, done),
    probeCommand(io, done),
    rolloutCommand(io, done),
    cronCommand(io, done),
    demoCommand(io),
    completionCommand(io, () => all),
  ]
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
