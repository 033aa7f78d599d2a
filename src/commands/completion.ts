import { Argument, Command } from 'commander'
import { hazards } from '../hazards/index.ts'
import { completionScript, type Shell, shells } from './completion-script.ts'
import { completionTable } from './completion-table.ts'
import type { Io } from './io.ts'

/** `roadcrew completion <shell>`: the script by which a shell completes the words of all commands. @param all gives these. */
export function completionCommand(io: Io, all: () => Command): Command {
  return new Command('completion')
    .description('write the script by which a shell completes commands, options and hazards')
    .addArgument(new Argument('<shell>', 'for which; kubectl: the program that kubectl asks').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  source <(roadcrew completion bash)                                in ~/.bashrc
  source <(roadcrew completion zsh)                                 in ~/.zshrc, after compinit
  roadcrew completion fish > ~/.config/fish/completions/roadcrew.fish
  roadcrew completion kubectl > /usr/local/bin/kubectl_complete-roadcrew
  chmod +x /usr/local/bin/kubectl_complete-roadcrew                 for "kubectl roadcrew", with kubectl 1.26 or newer`,
    )
    .action((shell: Shell) => {
      const ids = hazards.map(({ id }) => id)
      io.out(completionScript(shell, completionTable(all(), ids)))
    })
}
