// Looks around a file for what says that it is a part of something: a Helm chart, a kustomization.
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Json } from '../contract/hazard.ts'
import { stdinName } from './expand.ts'
import type { Neighbours } from './foreign.ts'
import { isObject } from './objects.ts'
import { readDocument } from './read-document.ts'

/** Looks up what lies around files; each folder is looked into once. Never rejects: what can't be read is not there. */
export const neighbourhood = (): ((file: string) => Promise<Neighbours>) => {
  const charts = new Map<string, Promise<boolean>>()
  const patches = new Map<string, Promise<ReadonlySet<string>>>()
  const hasChart = (folder: string): Promise<boolean> => once(charts, folder, () => isFile(join(folder, 'Chart.yaml')))
  const patchesOf = (folder: string): Promise<ReadonlySet<string>> => once(patches, folder, () => listedPatches(folder))
  return async (file) => {
    if (file === stdinName) return {}
    const path = resolve(file)
    const above = foldersAbove(path)
    const [nearest, chart] = await chartOf(above, hasChart)
    const patchOf = await firstWith(above, async (folder) => (await patchesOf(folder)).has(path))
    // As the user would name it: by as many steps up from the file as the folder lies above it.
    const named = (folder: string): string => join(dirname(file), relative(dirname(path), folder))
    const part = nearest && relative(nearest, path).split(sep)[0]
    return {
      // What a chart has in crds/ is no template: Helm applies it as it is.
      ...(chart && part !== 'crds' && { chart: named(chart), template: part === 'templates' }),
      ...(patchOf && { patchOf: named(patchOf) }),
    }
  }
}

const once = <T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> => {
  const answer = known.get(key) ?? ask()
  known.set(key, answer)
  return answer
}

/** The folders that a path is in, innermost first. */
const foldersAbove = (path: string): readonly string[] => {
  const folders = [dirname(path)]
  for (let last = folders[0] ?? ''; dirname(last) !== last; last = dirname(last)) folders.push(dirname(last))
  return folders
}

const firstWith = async (
  folders: readonly string[],
  test: (folder: string) => Promise<boolean>,
): Promise<string | undefined> => {
  for (const folder of folders) if (await test(folder)) return folder
  return undefined
}

/** The nearest chart, and the outermost one that has it as a chart within it (`charts/`), which renders it too. */
const chartOf = async (
  above: readonly string[],
  hasChart: (folder: string) => Promise<boolean>,
): Promise<readonly [nearest?: string, outermost?: string]> => {
  const nearest = await firstWith(above, hasChart)
  if (nearest === undefined) return []
  let outermost = nearest
  for (;;) {
    const holder = dirname(dirname(outermost))
    if (basename(dirname(outermost)) !== 'charts' || !(await hasChart(holder))) return [nearest, outermost]
    outermost = holder
  }
}

const isFile = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

const kustomizations = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']

/** The absolute paths of the files that a folder's kustomization lists as patches. */
const listedPatches = async (folder: string): Promise<ReadonlySet<string>> => {
  for (const name of kustomizations) {
    try {
      const value = readDocument(await readFile(join(folder, name), 'utf8'))
      return new Set(
        value === undefined || value instanceof Error ? [] : patchesIn(value).map((path) => resolve(folder, path)),
      )
    } catch {
      // Most folders have none.
    }
  }
  return new Set()
}

const patchesIn = (kustomization: Json): string[] => {
  if (!isObject(kustomization)) return []
  const { patches, patchesStrategicMerge, patchesJson6902 } = kustomization
  return [patches, patchesStrategicMerge, patchesJson6902]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map((one: Json) => (isObject(one) ? one.path : one))
    .filter((path) => typeof path === 'string')
}
