// Reads and writes baselines.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { type BaselineRow, baselineOf, baselineText, type PathOf, rowsOf } from '../adopt/baseline.ts'
import { placeName, placesIn } from '../manifests/place.ts'
import { causeOf } from '../manifests/text.ts'
import type { Candidate } from '../report/sift.ts'
import { UsageError } from './io.ts'
import { pathsFrom } from './settings-file.ts'

export interface BaselineFile {
  readonly rows: readonly BaselineRow[]
  readonly file: string
  readonly pathOf: PathOf
}

const again = 'roadcrew scan --write-baseline writes one'

/** @throws UsageError naming the file, and line and column of what is wrong in it. */
export function readBaseline(file: string): BaselineFile {
  const text = textOf(file)
  const read = baselineOf(documentOf(file, text))
  if ('rows' in read) return { rows: read.rows, file, pathOf: pathsFrom(file) }
  const { path, because } = read.wrong
  const place = placeName(file, placesIn(text)({ document: 0 }, path))
  throw new UsageError(`--baseline: ${place}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${because}; ${again}`)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--baseline: can't read ${file}: ${causeOf(error)}; ${again}`)
  }
}

/** JSON; where it is none, it is read as YAML, which says where: what merges leave is a conflict's marks, or a comma. */
function documentOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const document = parseDocument(text, { prettyErrors: true })
    const [error] = document.errors
    if (!error) return document.toJS()
    const [at] = error.linePos ?? []
    const place = at ? placeName(file, { line: at.line, column: at.col }) : file
    const because = error.message.replace(/ at line \d+, column \d+:[\s\S]*$/, '')
    throw new UsageError(`--baseline: ${place}: no JSON: ${because}; ${again}`)
  }
}

/** Writes findings as a baseline. @returns how many. @throws UsageError if the file can't be written. */
export function writeBaseline(file: string, candidates: readonly Candidate[]): number {
  try {
    writeFileSync(file, baselineText(rowsOf(candidates, pathsFrom(file))))
    return candidates.length
  } catch (error) {
    throw new UsageError(`--write-baseline: can't write ${file}: ${causeOf(error)}`)
  }
}
