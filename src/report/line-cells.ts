// What a line of a report says of its findings, in every format: each a cell, the longest text first, then shorter ones.
import type { Cell } from './columns.ts'
import { objectText } from './details.ts'
import { type Line, nobody } from './lines.ts'
import type { Foreign, ReportUnread } from './schema.ts'

/** A number with its noun, as `1 cause` or `1,200 causes`. */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** How many objects the findings of lines are about. */
export const objectsIn = (lines: readonly Line[]): number =>
  new Set(lines.flatMap(({ findings }) => findings.map(({ subject }) => JSON.stringify(subject)))).size

/** How many findings lines stand for. */
export const findingsIn = (lines: readonly Line[]): number =>
  lines.reduce((sum, { findings }) => sum + findings.length, 0)

/** What could not be looked at, as `Lamp ns/a and 2 more`; with its world if `withWorld` and it does not say so itself. */
export function unreadText({ world, what, count: n }: ReportUnread, withWorld: boolean): string {
  const where = withWorld && world !== '' && !what.startsWith(world) ? `${world}: ` : ''
  return `${where}${what}${n > 1 ? ` and ${(n - 1).toLocaleString('en')} more` : ''}`
}

/** Files that were passed over, as `12 files, such as a.yaml; helm template . renders them`. */
export const foreignText = ({ count: n, example, command }: Foreign): string =>
  `${count(n, 'file')}, such as ${example}${command === undefined ? '' : `; ${command} renders them`}`

/** A beginning of fewer words is a bare name and a number. */
const fewestWords = 4

/** The fact if it is that of all; where it is too long its beginning if that has figures; else the title of the reason. */
export function whatCell(findings: Line['findings']): Cell {
  const [first] = findings
  if (!first) return ['']
  const guess = findings.some((finding) => finding.guess) ? ' (a guess)' : ''
  if (findings.some(({ fact }) => fact !== first.fact)) return [`${first.title}${guess}`]
  const [beginning = ''] = first.fact.split(/[:;,] /)
  const telling = /\d/.test(beginning) && beginning.split(' ').length >= fewestWords
  const figures = telling && beginning !== first.fact ? [`${first.title}: ${beginning}${guess}`, beginning] : []
  return [`${first.fact}${guess}`, ...figures, `${first.title}${guess}`]
}

/** The object, or how many; with its cluster where `several` were looked at. */
export function whomCell(findings: Line['findings'], several: boolean): Cell {
  const [first] = findings
  if (!first) return ['']
  const { kind, namespace, name, world } = first.subject
  if (findings.length === 1) {
    const short = [objectText(first.subject), ...(namespace ? [`${namespace}/${name}`] : []), name]
    return several ? [`${objectText(first.subject)} in ${world}`, ...short] : short
  }
  const kinds = new Set(findings.map(({ subject }) => subject.kind))
  const worlds = new Set(findings.map(({ subject }) => subject.world))
  const counted = kinds.size === 1 ? count(findings.length, kind) : count(findings.length, 'object')
  const where = worlds.size > 1 ? `${worlds.size} clusters` : world
  return several ? [`${counted} in ${where}`, counted] : [counted]
}

/** Who owns the objects; empty if nobody does. */
export function ownersCell(findings: Line['findings']): Cell {
  const owners = [...new Set(findings.map(({ owner }) => owner ?? nobody))].toSorted()
  const [first = nobody, ...others] = owners
  if (owners.length === 1) return [first === nobody ? '' : first]
  return [owners.join(', '), `${first} and ${others.length} more`, `${owners.length} owners`]
}
