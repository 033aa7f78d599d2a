// Files as worlds: what the engine reads when it is given manifests or a cluster's export instead of a cluster.
import type { Version } from '../contract/hazard.ts'
import type { Broken, World } from '../contract/world.ts'
import { expand, stdinName } from './expand.ts'
import { type Group, groupFiles } from './exports.ts'
import { type ForeignFiles, type ForeignTally, foreignTally } from './foreign-tally.ts'
import { type Reading, readFiles } from './read.ts'
import { type PlacesIn, type Stdin, sources } from './sources.ts'

/** `loose`: its files are of no cluster, and its name is only what was given. */
export type FileWorld = World & { readonly loose?: true }

export interface FileWorlds {
  readonly worlds: readonly FileWorld[]
  /** Inputs that gave no file, and version files that contradict each other. */
  readonly broken: readonly Broken[]
  /** The text of a file that a subject's source names. Rejects if it cannot be read (any more), or is too large for one. */
  textOf(file: string): Promise<string>
  /** Finds places in a file that was read. Rejects as `textOf`, but for lists in JSON of any size. */
  placesOf(file: string): Promise<PlacesIn>
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
 * if there are several. `options.stdin` is called at most once; files of which `options.excluded` says so are not read. Never throws for what the files hold.
 */
export const fileWorlds = async (
  inputs: readonly string[],
  options: {
    readonly stdin: Stdin
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
  const { textOf, placesOf, contentOf, tookApart } = sources(options.stdin)
  const passed = new Map<Group, { documents: number; readonly tally: ForeignTally }>()
  const worlds = groups.map((group): FileWorld => {
    const { files, ...known } = group
    const read: World['read'] = (kinds) => {
      const own = { documents: 0, tally: foreignTally() }
      passed.set(group, own)
      const pass: Reading['passed'] = (file, recognised) => {
        own.documents += 1
        own.tally.add(file, recognised)
      }
      return readFiles(files, kinds, { contentOf, passed: pass, tookApart })
    }
    return { ...known, read }
  })
  const passedOver = () => [...passed.values()].reduce((sum, { documents }) => sum + documents, 0)
  const foreign = () => [...passed.values()].flatMap(({ tally }) => tally.rows())
  return { worlds, broken: [...expanded.broken, ...broken], textOf, placesOf, passedOver, foreign }
}
