// Reads and writes baselines.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { type BaselineRow, baselineOf, baselineText, type PathOf, rowsOf } from '../adopt/baseline.ts'
import { type Place, placeName, placesIn } from '../manifests/place.ts'
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

/** JSON; where it is none, it is read as YAML, which says where, and takes the comma too many that a merge leaves. */
function documentOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const wrong = conflictIn(text) ?? syntaxError(text)
    if (!('line' in wrong)) return wrong.document
    throw new UsageError(`--baseline: ${placeName(file, wrong)}: ${wrong.because}`)
  }
}

/** A place, and what is wrong there. */
interface WrongAt extends Place {
  readonly because: string
}

function conflictIn(text: string): WrongAt | undefined {
  const line = text.split('\n').findIndex((one) => /^(?:<{7}|={7}|>{7})/.test(one))
  if (line < 0) return undefined
  return { line: line + 1, column: 1, because: 'a conflict of a merge; keep the findings of both sides' }
}

function syntaxError(text: string): WrongAt | { readonly document: unknown } {
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  if (!error) return { document: document.toJS() }
  const { line, col: column } = error.linePos?.[0] ?? { line: 1, col: 1 }
  return {
    line,
    column,
    because: `no JSON: ${error.message.replace(/ at line \d+, column \d+:[\s\S]*$/, '')}; ${again}`,
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
