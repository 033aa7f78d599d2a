// What a team decided beforehand: roadcrew.yaml, annotations and the baseline, as a scan goes by them.
import { nameMatcher, pathMatcher } from '../adopt/matching.ts'
import type { Settings } from '../adopt/settings-document.ts'
import { siftBy } from '../adopt/sift.ts'
import { settingsFrom } from '../engine/policy-settings.ts'
import { hazards } from '../hazards/index.ts'
import { nothingAside, type Sift } from '../report/sift.ts'
import type { Tier } from '../report/tiers.ts'
import type { AdoptOptions } from './adopt-options.ts'
import { readBaseline } from './baseline-file.ts'
import type { Io } from './io.ts'
import type { Asking } from './look-around.ts'
import type { LookOptions } from './scan-options.ts'
import { misnamed, readSettingsFile, type SettingsFile } from './settings-file.ts'

export interface Adoption {
  readonly sift: Sift
  /** What the file changes of what is asked. */
  readonly asking: Pick<Asking, 'own' | 'exclude'>
  /** Options as they are with what the file says where no flag does. */
  readonly withFile: <O extends LookOptions>(options: O, inputs: readonly string[]) => O
  readonly failOn?: Tier
}

/** Nobody decided anything. */
export const noAdoption: Adoption = { sift: nothingAside, asking: {}, withFile: (options) => options }

/**
 * Reads what the options name. @param narrowed whether only a part is asked about, beside the options.
 * @throws UsageError if a file of theirs can't be read or is wrong.
 */
export function adoptionOf(options: LookOptions & AdoptOptions, io: Io, narrowed = false): Adoption {
  const allowed = options.suppressions ?? true
  const file = readSettingsFile(options.config)
  const baseline = options.baseline === undefined ? undefined : readBaseline(options.baseline)
  const sift = siftBy({
    known: hazards,
    now: io.now(),
    marks: allowed,
    narrowed: narrowed || isNarrowed(options),
    ...(file && allowed && { entries: file }),
    ...(baseline && { baseline }),
  })
  const strays = options.config === undefined ? misnamed() : []
  const notices = strays.map((where) => ({ where, text: 'it is not read: its name has to be roadcrew.yaml' }))
  const settings = file?.settings ?? {}
  return {
    sift: (candidates, scanned) => {
      const sifted = sift(candidates, scanned)
      return { ...sifted, notices: [...notices, ...sifted.notices] }
    },
    asking: {
      ...(settings.hazards && { own: ownSettings(settings.hazards) }),
      ...(file && allowed && settings.exclude && { exclude: exclusionOf(file, settings.exclude, options) }),
    },
    withFile: (given, inputs) => withSettings(given, inputs, settings, allowed),
    ...(settings.failOn && { failOn: settings.failOn }),
  }
}

const isNarrowed = ({ namespace, selector, only, skip }: LookOptions): boolean =>
  namespace.length > 0 || selector !== undefined || only.length > 0 || skip.length > 0

/** Those that are given, with the hazards' own defaults beside them. */
function ownSettings(given: NonNullable<Settings['hazards']>): Readonly<Record<string, unknown>> {
  const named = hazards.flatMap((hazard) => {
    const own = given[hazard.id]?.settings
    const read = own && settingsFrom(hazard, own)
    return read && 'settings' in read ? [[hazard.id, read.settings] as const] : []
  })
  return Object.fromEntries(named)
}

/** A namespace that is asked for by name is looked at all the same. */
function exclusionOf(
  { pathOf }: SettingsFile,
  { paths, namespaces }: NonNullable<Settings['exclude']>,
  { namespace: asked }: LookOptions,
): NonNullable<Asking['exclude']> {
  const isPath = paths && pathMatcher(paths)
  const isNamespace = namespaces && nameMatcher(namespaces)
  return {
    file: (file) => {
      const path = pathOf(file)
      return path !== undefined && isPath?.(path) === true
    },
    namespace: (name) => !asked.includes(name) && isNamespace?.(name) === true,
  }
}

/** A flag wins over the file. */
export function withSettings<O extends LookOptions>(
  options: O,
  inputs: readonly string[],
  { hazards: given = {}, kubeVersion }: Settings,
  allowed: boolean,
): O {
  const off = Object.keys(given).filter((id) => given[id]?.enabled === false && !options.only.includes(id))
  const version = inputs.length > 0 ? (options.kubeVersion ?? kubeVersion) : options.kubeVersion
  return {
    ...options,
    ...(allowed && off.length > 0 && { skip: [...options.skip, ...off] }),
    ...(version !== undefined && { kubeVersion: version }),
  }
}
