// The agent's config file: the long options by their names, and the settings of hazards. Flags win over it.
import { readFileSync } from 'node:fs'
import type { Command, Option } from 'commander'
import { parseDocument } from 'yaml'
import type { Hazard } from '../contract/hazard.ts'
import { settingsFrom } from '../engine/policy-settings.ts'
import type { AgentOptions } from './agent.ts'
import { UsageError } from './io.ts'

/** These say what a call is for, not how a node is. */
const flagsOnly = ['once', 'output', 'config', 'rounds']

/** Settings by hazard id, each as its schema gives them. */
export type Settings = Readonly<Record<string, unknown>>

/**
 * The options of a call with what the file adds to them.
 * @throws UsageError naming the file, and the line or key that is wrong and what was expected.
 */
export function configured(
  command: Command,
  hazards: readonly Hazard[],
): { options: AgentOptions; settings: Settings } {
  const { config } = command.opts<AgentOptions>()
  if (config === undefined) return { options: command.opts(), settings: {} }
  const { hazards: own = {}, ...rest } = documentOf(config)
  for (const [key, value] of Object.entries(rest)) {
    const option = command.options.find(({ long }) => long === `--${key}`)
    if (!option || flagsOnly.includes(key)) {
      const known = command.options
        .flatMap(({ long }) => long?.slice(2) ?? [])
        .filter((name) => !flagsOnly.includes(name))
      throw new UsageError(`${config}: "${key}" is no option; expected hazards, ${known.join(', ')}`)
    }
    const name = option.attributeName()
    const source = command.getOptionValueSource(name)
    if (source !== undefined && source !== 'default') continue
    command.setOptionValueWithSource(name, readValue(option, value, config), 'config')
  }
  return { options: command.opts(), settings: settingsOf(own, hazards, config) }
}

function documentOf(path: string): Readonly<Record<string, unknown>> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`--config: ${error instanceof Error ? error.message : String(error)}`)
  }
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) throw new UsageError(`${path}: ${error.message.split('\n')[0]}`)
  const value = (document.toJS() ?? {}) as unknown
  if (!isRecord(value)) throw new UsageError(`${path}: expected keys and values, such as "every: 15"`)
  return value
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** As if it had been a flag. */
function readValue(option: Option, value: unknown, config: string): unknown {
  const wrong = (expected: string) =>
    new UsageError(`${config}: ${option.name()}: ${JSON.stringify(value)}; ${expected}`)
  if (option.isBoolean()) {
    if (value !== true && value !== false) throw wrong('expected true or false')
    return value || undefined
  }
  // What a flag may say many times is a list.
  if (Array.isArray(option.defaultValue)) {
    if (!Array.isArray(value)) throw wrong('expected a list')
    return value.reduce((before: unknown, one: unknown) => {
      if (typeof one !== 'string') throw wrong('expected a list of texts')
      return parsed(option, one, before, wrong)
    }, [])
  }
  if (typeof value !== 'string' && typeof value !== 'number') throw wrong('expected one value')
  const text = String(value)
  if (option.argChoices && !option.argChoices.includes(text))
    throw wrong(`expected one of ${option.argChoices.join(', ')}`)
  return parsed(option, text, undefined, wrong)
}

function parsed(option: Option, text: string, before: unknown, wrong: (expected: string) => UsageError): unknown {
  try {
    return option.parseArg ? option.parseArg(text, before) : text
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error))
  }
}

function settingsOf(own: unknown, hazards: readonly Hazard[], config: string): Settings {
  if (!isRecord(own)) throw new UsageError(`${config}: hazards: expected the settings of each by its id`)
  return Object.fromEntries(
    Object.entries(own).map(([id, value]) => {
      const hazard = hazards.find((one) => one.id === id)
      if (!hazard) {
        const ids = hazards.map((one) => one.id).join(', ')
        throw new UsageError(`${config}: hazards.${id}: there is no such hazard on nodes; expected one of ${ids}`)
      }
      const read = settingsFrom(hazard, value)
      if ('wrong' in read) throw new UsageError(`${config}: hazards.${id}${read.wrong}`)
      return [id, read.settings]
    }),
  )
}
