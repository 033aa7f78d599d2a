// roadcrew.yaml: what a team decides for its folder, with a published schema (docs/roadcrew-yaml.schema.json).
import { z } from 'zod'
import type { Hazard, Path } from '../contract/hazard.ts'
import { settingsFrom } from '../engine/policy-settings.ts'
import { parseVersion } from '../objects/version.ts'
import { tiers } from '../report/tiers.ts'
import { everything, meant, wrongId, wrongName } from './hazard-names.ts'

const glob = z
  .string()
  .min(1)
  .refine((text) => !text.startsWith('!'), 'a glob with "!" takes nothing back here; name what is meant')
const globs = z.array(glob).min(1).optional()

const object = glob.refine((text) => {
  const parts = text.split('/')
  return (parts.length === 2 || parts.length === 3) && parts.every((part) => part !== '')
}, 'is no object; expected namespace/name or Kind/namespace/name, with globs, e.g. Deployment/shop/web-*')

const entry = z.strictObject({
  hazards: z
    .array(z.string(), 'which? Expected a list with ids of hazards, hazard/reason, or all')
    .min(1, 'is empty; expected ids of hazards, hazard/reason, or all')
    .describe('Ids of hazards, hazard/reason, or all'),
  paths: globs.describe('Files or folders, as globs relative to this file'),
  namespaces: globs.describe('Globs'),
  objects: z.array(object).min(1).optional().describe('[Kind/]namespace/name, as globs; */name: in no namespace too'),
  clusters: globs.describe('Contexts, or names of exports, as globs'),
  reason: z
    .string('say why: a text that who comes next will understand')
    .trim()
    .min(1, 'say why: a text that who comes next will understand'),
  until: z.iso
    .date('is no day; expected YYYY-MM-DD')
    .optional()
    .describe('The last day (UTC) on which it holds; afterwards the findings count again'),
})

const exclude = z.strictObject({
  paths: globs.describe('Files or folders that are not read, as globs relative to this file'),
  namespaces: globs.describe('Their objects are not judged (others are still judged among them), as globs'),
})

const ofHazard = z.strictObject({
  enabled: z.boolean().optional().describe('false: it is not looked for; --only wins'),
  settings: z.record(z.string(), z.unknown()).optional().describe('Its settings (settings.schema.json); --policy wins'),
})

/** The schema; all of it is optional. */
export const settingsDocument = z.strictObject({
  ignore: z.array(entry).optional().describe('Findings that somebody knows of, and that do not count'),
  exclude: exclude.optional().describe('What is not looked at at all'),
  hazards: z.record(z.string(), ofHazard).optional().describe('By the id of a hazard'),
  failOn: z.enum(tiers).optional().describe('As --fail-on, which wins'),
  kubeVersion: z
    .string('write it in quotes: a number loses the zero of "1.30"')
    .refine((text) => parseVersion(text) !== undefined, 'is no release; expected e.g. "1.34"')
    .optional()
    .describe('For which release files are meant, as --kube-version, which wins'),
})

/** The same with the catalogue's ids, reasons and settings, for editors: the published JSON Schema. */
export function publishedSettings(hazards: readonly Known[]): z.ZodType {
  const names = hazards.flatMap(({ id, reasons }) => [id, ...Object.keys(reasons).map((reason) => `${id}/${reason}`)])
  const { ignore, hazards: byHazard } = settingsDocument.shape
  const named = entry.extend({
    hazards: z
      .array(z.enum([everything, ...names]))
      .min(1)
      .describe('Ids of hazards, hazard/reason, or all'),
  })
  const own = hazards.map(
    ({ id, settings }) => [id, ofHazard.extend({ settings: settings.optional() }).optional()] as const,
  )
  return settingsDocument
    .extend({
      ignore: z
        .array(named)
        .optional()
        .describe(ignore.description ?? ''),
      hazards: z
        .strictObject(Object.fromEntries(own))
        .optional()
        .describe(byHazard.description ?? ''),
    })
    .meta({ title: 'roadcrew.yaml', description: 'What a team decides for the scans of its folder (docs/adopt.md)' })
}

export type Settings = z.infer<typeof settingsDocument>
export type IgnoreEntry = NonNullable<Settings['ignore']>[number]

/** What is wrong, and at which field; the rim says on which line that is. */
export interface Wrong {
  readonly path: Path
  readonly because: string
}

type Known = Pick<Hazard, 'id' | 'reasons' | 'settings'>

/**
 * Reads the settings of a folder.
 * @param document what the YAML said; null for an empty one.
 * @param hazards the catalogue: a misspelt id would otherwise ignore nothing in silence.
 */
export function settingsOf(
  document: unknown,
  hazards: readonly Known[],
): { readonly settings: Settings } | { readonly wrong: readonly Wrong[] } {
  const parsed = settingsDocument.safeParse(document ?? {})
  if (!parsed.success) return { wrong: parsed.error.issues.flatMap(wrongOf) }
  const settings = parsed.data
  const wrong = [
    ...(settings.ignore ?? []).flatMap((one, place) => wrongEntry(one, ['ignore', place], hazards)),
    ...Object.entries(settings.hazards ?? {}).flatMap(([id, own]) => wrongHazard(id, own.settings, hazards)),
  ]
  return wrong.length > 0 ? { wrong } : { settings }
}

function wrongEntry({ hazards: names, ...scope }: IgnoreEntry, path: Path, hazards: readonly Known[]): Wrong[] {
  const misspelt = names.flatMap((name, place): Wrong[] => {
    const because = wrongName(name, hazards)
    return because === undefined ? [] : [{ path: [...path, 'hazards', place], because }]
  })
  const { paths, namespaces, objects, clusters } = scope
  const isNarrow = [paths, namespaces, objects, clusters].some((one) => one !== undefined)
  if (!names.includes(everything) || isNarrow) return misspelt
  const because = 'all hazards everywhere would leave nothing to scan for; name paths, namespaces, objects or clusters'
  return [...misspelt, { path: [...path, 'hazards'], because }]
}

function wrongHazard(id: string, given: unknown, hazards: readonly Known[]): Wrong[] {
  const known = hazards.find((one) => one.id === id)
  if (!known) return [{ path: ['hazards', id], because: wrongId(id, hazards) ?? '' }]
  const checked = settingsFrom(known, given)
  if (!('wrong' in checked)) return []
  const [, field = '', because = checked.wrong] = /^\.([^:]*): (.*)$/s.exec(checked.wrong) ?? []
  return [{ path: ['hazards', id, 'settings', ...field.split('.').filter((key) => key !== '')], because }]
}

function wrongOf(issue: z.core.$ZodIssue): Wrong[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
  if (issue.code !== 'unrecognized_keys') return [{ path, because: issue.message }]
  return issue.keys.map((key) => ({
    path: [...path, key],
    because: `there is no such key here${meant(key, keysAt(path))}`,
  }))
}

/** The keys that a map of the document may have. */
function keysAt([section]: Path): readonly string[] {
  const shapes = { ignore: entry.shape, exclude: exclude.shape, hazards: ofHazard.shape }
  const isSection = (name: unknown): name is keyof typeof shapes => typeof name === 'string' && name in shapes
  return Object.keys(isSection(section) ? shapes[section] : settingsDocument.shape)
}
