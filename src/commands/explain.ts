import { Command } from 'commander'
import { createColors } from 'picocolors'
import type { Hazard } from '../contract/hazard.ts'
import { hazards } from '../hazards/index.ts'
import { mostColumns, wrap } from '../report/wrap.ts'
import { hazardOf } from './choose-hazards.ts'
import { type Io, wantsColor } from './io.ts'

/** `roadcrew explain [hazard]`: the catalogue, or all about one hazard. */
export function explainCommand(io: Io): Command {
  return new Command('explain')
    .description('what a hazard is, how it is found, cured and reproduced')
    .argument('[hazard]', 'its id; none: the catalogue')
    .addHelpText('after', `\nExamples:\n  roadcrew explain\n  roadcrew explain ${hazards[0]?.id ?? ''}`)
    .action((id?: string) => {
      const color = wantsColor(io)
      io.out(id === undefined ? catalogueText(hazards, color) : hazardText(hazardOf(id), color))
    })
}

/** What a hazard can be looked at from, and whether it can be reproduced: `manifest, cluster, drill`. */
export const capabilities = (hazard: Hazard): string =>
  (['manifest', 'cluster', 'node', 'probe', 'drill'] as const).filter((one) => hazard[one] !== undefined).join(', ')

function catalogueText(all: readonly Hazard[], color: boolean): string {
  const { bold, dim } = createColors(color)
  const width = Math.max(...all.map(({ id }) => id.length))
  const lines = all.map(
    (hazard) =>
      `${bold(hazard.id.padEnd(width))}  ${hazard.severity.padEnd(8)}  ${hazard.title}  ${dim(capabilities(hazard))}`,
  )
  return `${lines.join('\n')}\n`
}

/** All about a hazard, made from its own data. */
export function hazardText(hazard: Hazard, color: boolean): string {
  const { bold, dim, cyan } = createColors(color)
  const row = (name: string, text: string): string[] =>
    wrap(text, mostColumns - 14).map((line, place) => `    ${(place === 0 ? name : '').padEnd(8)}  ${line}`)
  const reasons = Object.entries(hazard.reasons).flatMap(([id, { title, why, fix, fixedIn }]) => [
    '',
    `  ${cyan(id)}  ${bold(title)}`,
    ...row('why', why),
    ...row('fix', fix),
    ...(fixedIn ? row('fixed in', fixedIn) : []),
  ])
  const settings = Object.entries(settingsOf(hazard)).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)
  const steps = Object.entries(hazard.steps ?? {}).map(([name, text]) => `  ${name}: ${text}`)
  return `${[
    `${bold(hazard.id)}  ${hazard.title}`,
    dim(`severity ${hazard.severity}; looked at by ${capabilities(hazard)}`),
    ...reasons,
    ...block(bold('Steps that a policy can allow one by one'), steps),
    ...block(bold('Settings and their defaults'), settings),
    ...(hazard.drill ? ['', `See it happen: roadcrew drill ${hazard.id}`] : []),
  ].join('\n')}\n`
}

const block = (title: string, lines: readonly string[]): string[] => (lines.length > 0 ? ['', title, ...lines] : [])

function settingsOf(hazard: Hazard): Record<string, unknown> {
  const defaults = hazard.settings.parse({})
  return typeof defaults === 'object' && defaults !== null ? { ...defaults } : {}
}
