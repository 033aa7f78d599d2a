import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Where the hazards' folders are. */
export const hazardsFolder = join(import.meta.dirname, '../src/hazards')

/** The fixtures of all hazards that are one file, as paths below that folder; folders of frames are of nodes. */
export const fixtures: readonly string[] = readdirSync(hazardsFolder, { recursive: true, encoding: 'utf8' })
  .filter(
    (path) => /\/fixtures\/(fires|quiet)\/[^/]*\.yaml$/.test(path) && statSync(join(hazardsFolder, path)).isFile(),
  )
  .toSorted()
