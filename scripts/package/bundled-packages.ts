// Which packages are in the bundle, and under which licences.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** As its package.json says it, an SPDX expression. */
  readonly license: string
  /** What of its files says it, with their texts; empty if it has none. */
  readonly texts: readonly string[]
  readonly author?: string
}

const manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  author: z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]).optional(),
})

/** @param inputs of the bundle. @returns the folders of their packages, the innermost where they are nested. */
export const packageFolders = (inputs: readonly string[]): readonly string[] => {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? [])
  return [...new Set(folders)].toSorted()
}

/**
 * @param root the project's folder. @param inputs the files of the bundle, relative to it.
 * @throws Error for a package whose package.json names no licence: it may not be handed on.
 */
export function bundledPackages(root: string, inputs: readonly string[]): readonly BundledPackage[] {
  return packageFolders(inputs).map((folder) => {
    const parsed = manifest.safeParse(JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')))
    if (!parsed.success) throw new Error(`${folder}/package.json: ${z.prettifyError(parsed.error)}`)
    const { author, ...named } = parsed.data
    const files = readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && /^(licen[cs]e|copying|notice)/i.test(entry.name))
      .map((entry) => entry.name)
    const texts = files.toSorted().map((file) => readFileSync(join(root, folder, file), 'utf8').trim())
    return { ...named, texts, ...(author !== undefined && { author }) }
  })
}
