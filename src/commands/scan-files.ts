import type { Version } from '../contract/hazard.ts'
import { type LookOptions, look } from '../engine/look.ts'
import { placeOf } from '../manifests/place.ts'
import { fileWorlds } from '../manifests/world.ts'
import type { Looked, ReportInput } from '../report/build.ts'
import type { Io } from './io.ts'
import type { ScanOptions } from './scan.ts'

export type Seen = Pick<ReportInput, 'looked' | 'broken' | 'passedOver' | 'placeOf'>

/** Looks at manifests and exports; `version` is what loose files are meant for. */
export async function scanFiles(
  inputs: readonly string[],
  options: Omit<LookOptions, 'vantages' | 'world'> & { readonly version: Version },
  { namespace }: ScanOptions,
  io: Io,
): Promise<Seen> {
  const files = await fileWorlds(inputs, { stdin: io.stdin, version: options.version })
  const looked: Looked[] = []
  for (const world of files.worlds) {
    const seen = await look({
      ...options,
      ...inNamespaces(options, namespace),
      vantages: ['manifest', 'cluster'],
      world,
    })
    looked.push({ name: world.name, look: seen, ...(world.version && { version: world.version }) })
  }
  return { looked, broken: files.broken, passedOver: files.passedOver(), placeOf: placesIn(files.textOf) }
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

/** Places are looked up for findings only, file by file; a file's text is kept while its findings come one by one. */
function placesIn(textOf: (file: string) => Promise<string>): ReportInput['placeOf'] {
  let last: { readonly file: string; readonly text: Promise<string> } | undefined
  return async (file, source, path) => {
    if (last?.file !== file) last = { file, text: textOf(file) }
    try {
      return { file, ...placeOf(await last.text, source, path) }
    } catch {
      return undefined // gone since it was read: the finding stands without its line
    }
  }
}
