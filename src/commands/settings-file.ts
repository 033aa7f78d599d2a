// Reads roadcrew.yaml.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve, sep } from 'node:path'
import { parseDocument } from 'yaml'
import type { Entries } from '../adopt/entries.ts'
import { type Settings, settingsOf, type Wrong } from '../adopt/settings-document.ts'
import type { Path } from '../contract/hazard.ts'
import { hazards } from '../hazards/index.ts'
import { stdinName } from '../manifests/expand.ts'
import { placeName, placesIn } from '../manifests/place.ts'
import { causeOf } from '../manifests/text.ts'
import { UsageError } from './io.ts'

/** The only name that is looked for, and only in the current folder: what a scan goes by is seen where it is started. */
const settingsName = 'roadcrew.yaml'
/** Names that somebody may give it, and that are not read. */
const misnames = ['roadcrew.yml', '.roadcrew.yaml', '.roadcrew.yml']

export interface SettingsFile extends Entries {
  readonly settings: Settings
}

/** Names of files relative to the folder of `file`, with slashes; undefined for stdin. */
export function pathsFrom(file: string): (other: string) => string | undefined {
  const folder = dirname(resolve(file))
  return (other) => (other === stdinName ? undefined : relative(folder, resolve(other)).split(sep).join('/'))
}

/** Files of the current folder that are not read, but that look as if somebody thought so. */
export const misnamed = (): readonly string[] =>
  existsSync(settingsName) ? [] : misnames.filter((name) => existsSync(name))

/**
 * The settings of a file, or of the current folder; undefined if it has none.
 * @throws UsageError naming file, line and column of all that is wrong.
 */
export function readSettingsFile(file: string | undefined): SettingsFile | undefined {
  if (file === undefined && !existsSync(settingsName)) return undefined
  const name = file ?? settingsName
  const text = textOf(name)
  const read = settingsOf(documentOf(name, text), hazards)
  const placeOf = placesIn(text)
  const place = (path: Path): string => placeName(name, placeOf({ document: 0 }, path))
  if ('wrong' in read) throw new UsageError(wrongText(name, read.wrong, place))
  const entries = (read.settings.ignore ?? []).map((entry, at) => ({
    ...entry,
    where: `${name}:${placeOf({ document: 0 }, ['ignore', at]).line}`,
  }))
  return { settings: read.settings, entries, pathOf: pathsFrom(name) }
}

function textOf(name: string): string {
  try {
    return readFileSync(name, 'utf8')
  } catch (error) {
    throw new UsageError(`can't read ${name}: ${causeOf(error)}`)
  }
}

function documentOf(name: string, text: string): unknown {
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  if (error) {
    const [at] = error.linePos ?? []
    const message = error.message.replace(/ at line \d+, column \d+:[\s\S]*$/, '')
    throw new UsageError(`${at ? placeName(name, { line: at.line, column: at.col }) : name}: no YAML: ${message}`)
  }
  try {
    return document.toJS()
  } catch (error) {
    throw new UsageError(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function wrongText(name: string, wrong: readonly Wrong[], place: (path: Path) => string): string {
  const lines = wrong.map(({ path, because }) => `  ${place(path)}: ${fieldText(path)}${because}`)
  return `${name} can't be used (its fields: docs/roadcrew-yaml.schema.json):\n${lines.join('\n')}`
}

/** `ignore[0].reason: `; empty for the whole. */
function fieldText(path: Path): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')
  return text === '' ? '' : `${text.replace(/^\./, '')}: `
}
