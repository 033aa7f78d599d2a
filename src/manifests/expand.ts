// From what a user names (files, folders, globs, stdin) to the list of files to read.
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
    const found = input === '-' ? [stdinName] : await filesOf(input, broken)
    for (const file of found.toSorted()) {
      const same = file === stdinName ? file : await realpath(file).catch(() => file)
      if (!files.has(same)) files.set(same, file)
    }
  }
  return { files: [...files.values()], broken }
}

const filesOf = async (input: string, broken: Broken[]): Promise<readonly string[]> => {
  const path = normalize(input)
  try {
    if (!(await stat(path)).isDirectory()) return [path]
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

const matches = async (pattern: string, broken: Broken[]): Promise<readonly string[]> => {
  const ignore = skipped.map((name) => `**/${name}/**`)
  const found = await glob(pattern, { dot: true, expandDirectories: false, ignore, absolute: isAbsolute(pattern) })
  if (found.length === 0) broken.push({ place: pattern, because: 'no file matches' })
  return found.map(normalize)
}

/** `above`: the real paths of the folders on the way down; a link back to one of them is a circle. */
const filesIn = async (folder: string, above: ReadonlySet<string>, broken: Broken[]): Promise<string[]> => {
  const files: string[] = []
  try {
    const real = await realpath(folder)
    if (above.has(real)) return []
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (skipped.includes(entry.name)) continue
      if (entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(path))))
        files.push(...(await filesIn(path, new Set([...above, real]), broken)))
      else if (manifest.test(entry.name) || isOfPod(entry.name)) files.push(path)
    }
  } catch (error) {
    broken.push({ place: folder, because: causeOf(error) })
  }
  return files
}

/** A link that leads nowhere counts as a file: reading it will tell, if its name makes it worth reading. */
const leadsToFolder = async (link: string): Promise<boolean> => {
  try {
    return (await stat(link)).isDirectory()
  } catch {
    return false
  }
}
