// Sorts files by the cluster they were exported from.
import { basename, dirname, resolve, sep } from 'node:path'
import type { Version } from '../contract/hazard.ts'
import type { Broken } from '../contract/world.ts'
import { stdinName } from './expand.ts'
import { serverVersionIn } from './server-version.ts'

/** Files that belong to one world. */
export interface Group {
  readonly name: string
  readonly files: readonly string[]
  readonly version?: Version
  /** They are of no cluster. */
  readonly loose?: true
}

interface Export {
  readonly folder: string
  readonly version: Version
  readonly files: string[]
}

/**
 * One group per folder that holds the output of `kubectl version` as a file: the given files below it (the innermost
 * such folder counts), named after the folder. All other files are one group with the name and version of `loose`,
 * which comes last and only if there are any. A second version in a folder that says otherwise is in `broken`.
 */
export const groupFiles = async (
  files: readonly string[],
  loose: { readonly name: string; readonly version?: Version },
): Promise<{ readonly groups: readonly Group[]; readonly broken: readonly Broken[] }> => {
  const exports = new Map<string, Export>()
  const broken: Broken[] = []
  const manifests: string[] = []
  for (const file of files) {
    const version = file === stdinName ? undefined : await serverVersionIn(file)
    const folder = dirname(file)
    const known = exports.get(folder)?.version
    if (!version) manifests.push(file)
    else if (!known) exports.set(folder, { folder, version, files: [] })
    else if (known.major !== version.major || known.minor !== version.minor)
      broken.push({
        place: file,
        because: `another server version than ${known.major}.${known.minor} in the same folder`,
      })
  }
  const innermostFirst = [...exports.values()].toSorted((a, b) => resolve(b.folder).length - resolve(a.folder).length)
  const rest: string[] = []
  for (const file of manifests) {
    const home = file === stdinName ? undefined : innermostFirst.find(({ folder }) => isBelow(file, folder))
    const group = home ? home.files : rest
    group.push(file)
  }
  const groups: Group[] = [...exports.values()].map(({ folder, version, files: own }) => ({
    name: nameOf(folder, [...exports.keys()]),
    files: own,
    version,
  }))
  return { groups: rest.length > 0 ? [...groups, { ...loose, files: rest, loose: true }] : groups, broken }
}

const isBelow = (file: string, folder: string): boolean => {
  const above = resolve(folder)
  return resolve(file).startsWith(above.endsWith(sep) ? above : above + sep)
}

/** The folder's own name, or its whole path if another one is called the same. */
const nameOf = (folder: string, folders: readonly string[]): string => {
  const name = basename(resolve(folder))
  return folders.filter((other) => basename(resolve(other)) === name).length > 1 ? folder : name
}
