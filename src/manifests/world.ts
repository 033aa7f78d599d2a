// Files as worlds: what the engine reads when it is given manifests or a cluster's export instead of a cluster.
import { stat } from 'node:fs/promises'
import type { Version } from '../contract/hazard.ts'
import type { Broken, World } from '../contract/world.ts'
import { expand, stdinName } from './expand.ts'
import { type Group, groupFiles } from './exports.ts'
import { readFiles } from './read.ts'
import { readText } from './text.ts'

/** `loose`: its files are of no cluster, and its name is only what was given. */
export type FileWorld = World & { readonly loose?: true }

export interface FileWorlds {
  readonly worlds: readonly FileWorld[]
  /** Inputs that gave no file, and version files that contradict each other. */
  readonly broken: readonly Broken[]
  /** The text of a file that a subject's source names. Rejects if it cannot be read (any more). */
  textOf(file: string): Promise<string>
  /** How many documents the last reading of each world passed over because they are no Kubernetes objects. */
  passedOver(): number
}

const nameFor = (inputs: readonly string[]): string => {
  const [input, ...others] = inputs
  if (input === undefined || others.length > 0) return 'manifests'
  return input === '-' ? stdinName : input
}

/**
 * The worlds in `inputs` (files, folders, globs, `-` for stdin). A folder that holds the output of `kubectl version -o
 * json` as a file is a cluster's export with that version: a world of its own, named after the folder, with all files
 * below it that were given. All other files are one world with `options.version`, named after the input, or `manifests`
 * if there are several. `options.stdin` is called at most once; files of which `options.excluded` says so are not read. Never throws for what the files hold.
 */
export const fileWorlds = async (
  inputs: readonly string[],
  options: {
    readonly stdin: () => Promise<string>
    readonly version?: Version
    readonly excluded?: (file: string) => boolean
  },
): Promise<FileWorlds> => {
  const expanded = await expand(inputs)
  const { excluded = () => false } = options
  const loose = { name: nameFor(inputs), ...(options.version && { version: options.version }) }
  const { groups, broken } = await groupFiles(
    expanded.files.filter((file) => !excluded(file)),
    loose,
  )
  const textOf = textReader(options.stdin)
  const passed = new Map<Group, number>()
  const worlds = groups.map((group): FileWorld => {
    const { files, ...known } = group
    return { ...known, read: (kinds) => readFiles(files, kinds, textOf, (count) => passed.set(group, count)) }
  })
  const passedOver = () => [...passed.values()].reduce((sum, count) => sum + count, 0)
  return { worlds, broken: [...expanded.broken, ...broken], textOf, passedOver }
}

/** Reads files anew each time, to hold one text at most; but keeps what can be read only once: stdin and pipes. */
const textReader = (stdin: () => Promise<string>): ((file: string) => Promise<string>) => {
  const kept = new Map<string, Promise<string>>()
  return async (file) => {
    const once = file === stdinName || !(await stat(file)).isFile()
    if (!once) return readText(file)
    const text = kept.get(file) ?? (file === stdinName ? stdin() : readText(file))
    kept.set(file, text)
    return text
  }
}
