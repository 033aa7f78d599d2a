// From what a user names (files, folders, globs, stdin) to the list of files to read.
import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, normalize } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import type { Broken } from '../contract/world.ts'
import { isOfPod } from './metrics-file.ts'
import { causeOf } from './text.ts'

/** The name under which what stdin gives is reported. */
export const stdinName = '<stdin>'

const manifest = /\.(?:yaml|yml|json)$/
/** Folders full of files that nobody means. */
const skipped = ['node_modules', '.git']

/**
 * The files that `inputs` name: `-` is stdin; a folder is searched through, links followed, for .yaml, .yml and .json,
 * and for the metrics of Pods, but for node_modules and .git; a glob gives what it matches; a file is taken whatever its name. In the order of the
 * inputs, those of one input sorted by name; each file once, under the first name that led to it. What does not exist,
 * cannot be opened or gives no file is in `broken`; nothing is thrown.
 */
export const expand = async (
  inputs: readonly string[],
): Promise<{ readonly files: readonly string[]; readonly broken: readonly Broken[] }> => {
  const files = new Map<string, string>()
  const broken: Broken[] = []
  for (const input of inputs) {
    const found = input === '-' ? [{ path: stdinName, same: stdinName }] : await filesOf(input, broken)
    for (const { path, same } of found.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
      if (!files.has(same)) files.set(same, path)
    }
  }
  return { files: [...files.values()], broken }
}

/** `same`: its real path, by which a file is known that two names lead to. */
interface Named {
  readonly path: string
  readonly same: string
}

const named = async (path: string): Promise<Named> => ({ path, same: await realpath(path).catch(() => path) })

/**
 * Why something that is no folder is not read: it would not end, or wait for somebody. A pipe that is named by itself is
 * meant, as in `<(helm template shop)`.
 */
const unreadable = (stats: Stats | Dirent, within: boolean): string | undefined => {
  if (stats.isFile()) return undefined
  if (stats.isFIFO()) return within ? 'a pipe, which is only read if it is named by itself' : undefined
  return stats.isSocket() ? 'a socket: expected a file' : 'a device: expected a file, or - for stdin'
}

const filesOf = async (input: string, broken: Broken[]): Promise<readonly Named[]> => {
  const path = normalize(input)
  try {
    const stats = await stat(path)
    if (!stats.isDirectory()) {
      const because = unreadable(stats, false)
      if (because === undefined) return [await named(path)]
      broken.push({ place: input, because })
      return []
    }
  } catch (error) {
    // Looked for first: a file may well be called `a[1].yaml`.
    if (isDynamicPattern(input)) return matches(input, broken)
    broken.push({ place: input, because: causeOf(error) })
    return []
  }
  const before = broken.length
  const found = await filesIn(path, new Set(), broken)
  if (found.length === 0 && broken.length === before)
    broken.push({ place: input, because: 'no .yaml, .yml or .json file in this folder' })
  return found
}

const matches = async (pattern: string, broken: Broken[]): Promise<readonly Named[]> => {
  const ignore = skipped.map((name) => `**/${name}/**`)
  const found = await glob(pattern, { dot: true, expandDirectories: false, ignore, absolute: isAbsolute(pattern) })
  if (found.length === 0) broken.push({ place: pattern, because: 'no file matches' })
  return Promise.all(found.map((path) => named(normalize(path))))
}

/** `above`: the real paths of the folders on the way down; a link back to one of them is a circle. */
const filesIn = async (folder: string, above: ReadonlySet<string>, broken: Broken[]): Promise<Named[]> => {
  const files: Named[] = []
  try {
    const real = await realpath(folder)
    if (above.has(real)) return []
    const within = { folder, real, above: new Set([...above, real]) }
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (skipped.includes(entry.name)) continue
      for (const file of await filesOfEntry(entry, within, broken)) files.push(file)
    }
  } catch (error) {
    broken.push({ place: folder, because: causeOf(error) })
  }
  return files
}

interface Within {
  readonly folder: string
  /** Its real path. */
  readonly real: string
  readonly above: ReadonlySet<string>
}

const filesOfEntry = async (
  entry: Dirent,
  { folder, real, above }: Within,
  broken: Broken[],
): Promise<readonly Named[]> => {
  const path = join(folder, entry.name)
  // A link that leads nowhere counts as a file: reading it will tell, if its name makes it worth reading.
  const stats = entry.isFile() || entry.isDirectory() ? entry : await statsOf(path)
  if (stats?.isDirectory()) return filesIn(path, above, broken)
  if (!isWanted(entry.name)) return []
  const because = stats && unreadable(stats, true)
  if (because === undefined) return [entry.isFile() ? { path, same: join(real, entry.name) } : await named(path)]
  broken.push({ place: path, because })
  return []
}

const isWanted = (name: string): boolean => manifest.test(name) || isOfPod(name)

/** What a link leads to; undefined if that is nothing. */
const statsOf = async (path: string): Promise<Stats | undefined> => {
  try {
    return await stat(path)
  } catch {
    return undefined
  }
}
