// Files as worlds: what the engine reads when it is given manifests or a cluster's export instead of a cluster.
import { stat } from 'node:fs/promises'
import type { Version } from '../contract/hazard.ts'
import type { Broken, World } from '../contract/world.ts'
import { expand, stdinName } from './expand.ts'
import { type Group, groupFiles } from './exports.ts'
import { type ForeignFiles, type ForeignTally, foreignTally } from './foreign-tally.ts'
import { readFiles } from './read.ts'
import { readText } from './text.ts'

export interface FileWorlds {
  readonly worlds: readonly World[]
  /** Inputs that gave no file, and version files that contradict each other. */
  readonly broken: readonly Broken[]
  /** The text of a file that a subject's source names. Rejects if it cannot be read (any more). */
  textOf(file: string): Promise<string>
  /** How many documents the last reading of each world passed over because they are no Kubernetes objects. */
  passedOver(): number
  /** What those are. */
  foreign(): readonly ForeignFiles[]
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
 * if there are several. `options.stdin` is called at most once. Never throws for what the files hold.
 */
export const fileWorlds = async (
  inputs: readonly string[],
  options: { readonly stdin: () => Promise<string>; readonly version?: Version },
): Promise<FileWorlds> => {
  const expanded = await expand(inputs)
  const loose = { name: nameFor(inputs), ...(options.version && { version: options.version }) }
  const { groups, broken } = await groupFiles(expanded.files, loose)
  const textOf = textReader(options.stdin)
  const passed = new Map<Group, { documents: number; readonly tally: ForeignTally }>()
  const worlds = groups.map((group): World => {
    const { files, ...known } = group
    const read: World['read'] = (kinds) => {
      const own = { documents: 0, tally: foreignTally() }
      passed.set(group, own)
      return readFiles(files, kinds, textOf, (file, recognised) => {
        own.documents += 1
        own.tally.add(file, recognised)
      })
    }
    return { ...known, read }
  })
  const passedOver = () => [...passed.values()].reduce((sum, { documents }) => sum + documents, 0)
  const foreign = () => [...passed.values()].flatMap(({ tally }) => tally.rows())
  return { worlds, broken: [...expanded.broken, ...broken], textOf, passedOver, foreign }
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
