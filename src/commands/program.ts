import type { Command } from 'commander'
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
import { withCommands } from './outline.ts'
import { probeCommand } from './probe.ts'
import { railsCommand } from './rails.ts'
import { rolloutCommand } from './rollout.ts'
import { scanCommand } from './scan.ts'
import { webhookCommand } from './webhook.ts'
import { whyCommand } from './why.ts'

/** The whole command line. `done` is told the exit code of a command that ends with one of its own. */
export function program(io: Io, done: (exitCode: number) => void): Command {
  const all = withCommands(
    [
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
      completionCommand(io, (): Command => all),
    ],
    io,
  )
  return all
}
