import type { Version } from '../contract/hazard.ts'
import type { Look, LookOptions } from '../engine/look.ts'
import { type FileWorlds, fileWorlds } from '../manifests/world.ts'
import type { Looked, ReportInput } from '../report/build.ts'
import type { Io } from './io.ts'
import { startProgress, telling } from './progress.ts'
import type { LookOptions as Where } from './scan-options.ts'

export type Seen = Pick<ReportInput, 'looked' | 'broken' | 'passedOver' | 'foreign' | 'placeOf'>

/** Looks at manifests and exports; `version` is what loose files are meant for. */
export async function scanFiles(
  inputs: readonly string[],
  options: Omit<LookOptions, 'vantages' | 'world'> & {
    readonly version: Version
    readonly excluded?: (file: string) => boolean
  },
  { namespace }: Where,
  io: Io,
  lookAt: (options: LookOptions) => Promise<Look>,
): Promise<Seen> {
  const { version, excluded } = options
  const stdin = io.stdinBytes ?? io.stdin
  const files = await fileWorlds(inputs, { stdin, version, ...(excluded && { excluded }) })
  const looked: Looked[] = []
  const progress = await startProgress(io, 'reading')
  try {
    for (const world of files.worlds) {
      const seen = await lookAt({
        ...options,
        ...inNamespaces(options, namespace),
        vantages: ['manifest', 'cluster'],
        world: telling(world, progress),
      })
      const { name, version: release, loose } = world
      looked.push({ name, look: seen, ...(release && { version: release }), ...(loose && { loose }) })
    }
  } finally {
    progress.end()
  }
  return {
    looked,
    broken: files.broken,
    passedOver: files.passedOver(),
    foreign: files.foreign(),
    placeOf: placesOfFiles(files.placesOf),
  }
}

/** -n on files: as kubectl apply would see them, an object without a namespace is in none. */
function inNamespaces(
  { chosen }: Pick<LookOptions, 'chosen'>,
  namespaces: readonly string[],
): Pick<LookOptions, 'chosen'> {
  if (namespaces.length === 0) return chosen ? { chosen } : {}
  return {
    chosen: (object) => {
      const namespace = (object as { metadata?: { namespace?: string } | null } | null)?.metadata?.namespace
      return namespace !== undefined && namespaces.includes(namespace) && (chosen?.(object) ?? true)
    },
  }
}

/** A finding's evidence stands in a few files at most (CronJobs, Jobs, events, quotas): so many are kept ready. */
const mostFiles = 4

/** Places are looked up for findings only. */
function placesOfFiles(placesOf: FileWorlds['placesOf']): ReportInput['placeOf'] {
  const files = new Map<string, ReturnType<FileWorlds['placesOf']>>()
  return async (file, source, path) => {
    const places = files.get(file) ?? placesOf(file)
    files.delete(file)
    files.set(file, places)
    const [oldest] = files.keys()
    if (files.size > mostFiles && oldest !== undefined) files.delete(oldest)
    try {
      const placeOf = await places
      return { file, ...(await placeOf(source, path)) }
    } catch {
      return undefined // gone since it was read: the finding stands without its line
    }
  }
}
