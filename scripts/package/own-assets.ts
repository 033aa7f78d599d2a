// What the one file holds beside code: the files that src/own-files.ts is asked for.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { globSync } from 'tinyglobby'

/** As package.json names them for npm; what nobody reads at run time (docs, pages of hazards) is left out. */
const patterns = [
  'package.json',
  'examples/fleet/**',
  'src/lab/*.sh',
  'src/runtimes/proto/*.proto',
  'charts/roadcrew/files/zonedcronjobs.yaml',
]

export interface OwnAssets {
  /** Paths from the project's folder, with slashes. */
  readonly paths: readonly string[]
  /** The content of the asset that src/own-files.ts reads first; its version changes with any content. */
  readonly index: string
}

/** @param root the project's folder. @param version Roadcrew's own. @throws Error for a pattern that nothing fits any more. */
export function ownAssets(root: string, version: string): OwnAssets {
  const paths = patterns.flatMap((pattern) => {
    const found = globSync(pattern, { cwd: root })
    if (found.length === 0) throw new Error(`no file is ${pattern}: mend scripts/package/own-assets.ts`)
    return found
  })
  const sorted = paths.toSorted()
  const sum = createHash('sha256')
  for (const path of sorted) sum.update(`${path}\0`).update(readFileSync(join(root, path)))
  const index = JSON.stringify({ version: `${version}-${sum.digest('hex').slice(0, 12)}`, paths: sorted })
  return { paths: sorted, index }
}
