import type { Argument, Command, Option } from 'commander'

/** What a word of the command line may be: one of some, several of some by commas, a path, or what nobody can tell. */
export type Words =
  | { readonly kind: 'one' | 'list'; readonly of: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'any' }

export interface Row {
  /** The words of the command, as `roadcrew cron`. */
  readonly command: string
  readonly kind: 'command' | 'option' | 'argument'
  /** Of a subcommand or an option; of an argument its place from 1, with a + if there may be more of it. */
  readonly name: string
  /** What comes after an option, or what an argument may be; undefined for a subcommand and for an option that stands alone. */
  readonly words?: Words
  readonly text: string
}

/**
 * All that can be typed, from the commands themselves, so that it can't differ from them.
 * @param hazards ids, for what is named `hazard` or `hazards`.
 */
export function completionTable(command: Command, hazards: readonly string[]): readonly Row[] {
  const help = command.createHelp()
  const path = wordsOf(command)
  const commands = help.visibleCommands(command)
  const options = help.visibleOptions(command)
  const row = (kind: Row['kind'], name: string, text: string, words?: Words): Row => ({
    ...{ command: path, kind, name, text },
    ...(words && { words }),
  })
  return [
    ...commands.map((one) => row('command', one.name(), one.description())),
    ...options.flatMap((option) =>
      [option.long, option.short].flatMap((name) =>
        name ? [row('option', name, option.description, wordsOfOption(option, hazards))] : [],
      ),
    ),
    ...command.registeredArguments.map((argument, place) =>
      row(
        'argument',
        `${place + 1}${argument.variadic ? '+' : ''}`,
        argument.description,
        wordsOfArgument(argument, hazards),
      ),
    ),
    ...commands.filter((one) => one.parent === command).flatMap((one) => completionTable(one, hazards)),
  ]
}

const wordsOf = (command: Command): string =>
  command.parent ? `${wordsOf(command.parent)} ${command.name()}` : command.name()

function wordsOfOption(option: Option, hazards: readonly string[]): Words | undefined {
  if (!option.required && !option.optional) return undefined
  const named = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? ''
  return wordsNamed(named, option.argChoices, hazards)
}

const wordsOfArgument = (argument: Argument, hazards: readonly string[]): Words =>
  wordsNamed(argument.name(), argument.argChoices, hazards)

function wordsNamed(name: string, choices: readonly string[] | undefined, hazards: readonly string[]): Words {
  if (choices) return { kind: 'one', of: choices }
  if (name === 'hazard') return { kind: 'one', of: hazards }
  if (name === 'hazards') return { kind: 'list', of: hazards }
  return { kind: /^(file|folder|path|socket)s?$/.test(name) ? 'files' : 'any' }
}
