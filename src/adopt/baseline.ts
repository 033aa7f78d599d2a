// The findings of one day: what was there then does not count, so that only what is new fails.
import { z } from 'zod'
import type { Path } from '../contract/hazard.ts'
import type { Candidate } from '../report/sift.ts'
import { isAtLeast, tiers } from '../report/tiers.ts'

const row = z.object({
  hazard: z.string(),
  reason: z.string(),
  tier: z.enum(tiers).describe('One that has become worse counts'),
  world: z.string().optional().describe('The cluster; absent for files that are of none'),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string().describe('With * where it is made anew all the time; such a row stands for all of them'),
  file: z
    .string()
    .optional()
    .describe('Relative to the baseline: tells which of several is meant, if it is still there'),
  count: z.number().int().positive().optional().describe('How many there are of it; absent: 1'),
})

export const baselineSchema = z
  .object({
    schemaVersion: z.literal(1, 'is not 1: another version of Roadcrew wrote it; write it anew'),
    findings: z.array(row).describe('Sorted, one on each line'),
  })
  .meta({ title: 'Roadcrew baseline', description: 'What `roadcrew scan --write-baseline` writes' })

export type BaselineRow = z.infer<typeof row>

/** A file as a baseline names it; undefined for what is no file, as stdin. */
export type PathOf = (file: string) => string | undefined

/** Reads a baseline. @returns what is wrong where it is none. */
export function baselineOf(
  document: unknown,
): { readonly rows: readonly BaselineRow[] } | { readonly wrong: { readonly path: Path; readonly because: string } } {
  const parsed = baselineSchema.safeParse(document)
  if (parsed.success) return { rows: parsed.data.findings }
  const [issue] = parsed.error.issues
  const path = (issue?.path ?? []).map((key) => (typeof key === 'symbol' ? String(key) : key))
  return { wrong: { path, because: issue?.message ?? 'is no baseline' } }
}

function rowOf({ finding, file, loose, lastingName }: Candidate, pathOf: PathOf): BaselineRow {
  const { hazard, reason, tier, subject } = finding
  const path = file === undefined ? undefined : pathOf(file)
  return {
    hazard,
    reason,
    tier,
    ...(!loose && { world: subject.world }),
    kind: subject.kind,
    ...(subject.namespace !== undefined && { namespace: subject.namespace }),
    name: lastingName ?? subject.name,
    ...(path !== undefined && { file: path }),
  }
}

/** What stays the same of a finding when files move, objects are made anew, and it becomes worse. */
const keyOf = ({ hazard, reason, world, kind, namespace, name }: BaselineRow): string =>
  JSON.stringify([hazard, reason, world ?? null, kind, namespace ?? null, name])

/** Of these there may be any number: how many there are changes by itself. */
const isAnyNumber = ({ name }: BaselineRow): boolean => name.endsWith('*')

/** The rows of findings, sorted, each once. */
export function rowsOf(candidates: readonly Candidate[], pathOf: PathOf): readonly BaselineRow[] {
  const rows = new Map<string, { row: BaselineRow; count: number }>()
  for (const candidate of candidates) {
    const own = rowOf(candidate, pathOf)
    const key = JSON.stringify(own)
    const known = rows.get(key)
    if (known) known.count += 1
    else rows.set(key, { row: own, count: 1 })
  }
  return [...rows]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { row: own, count }]) => (count === 1 || isAnyNumber(own) ? own : { ...own, count }))
}

/** A baseline's text: one finding on each line, so that a diff shows what came and what went. */
export function baselineText(rows: readonly BaselineRow[]): string {
  const lines = rows.map((one) => `    ${JSON.stringify(one)}`).join(',\n')
  return `{\n  "schemaVersion": 1,\n  "findings": [${lines === '' ? '' : `\n${lines}\n  `}]\n}\n`
}

interface Left {
  readonly row: BaselineRow
  count: number
  used: boolean
}

/**
 * Which candidates are in a baseline, and which of its rows stand for none. A row stands for as many as it counts, of its tier or
 * a lesser one. Those of the row's own file are taken first, then any of the same object: files move.
 * @param candidates the worst first.
 */
export function siftByBaseline(
  rows: readonly BaselineRow[],
  candidates: readonly Candidate[],
  pathOf: PathOf,
): { readonly known: readonly boolean[]; readonly gone: readonly BaselineRow[] } {
  const left = new Map<string, Left[]>()
  for (const one of rows) {
    const own = { row: one, count: isAnyNumber(one) ? Number.POSITIVE_INFINITY : (one.count ?? 1), used: false }
    const same = left.get(keyOf(one))
    if (same) same.push(own)
    else left.set(keyOf(one), [own])
  }
  const wanted = candidates.map((candidate) => rowOf(candidate, pathOf))
  const known = candidates.map(() => false)
  for (const isFit of [isOfSameFile, () => true]) {
    for (const [place, want] of wanted.entries()) {
      const fit =
        !known[place] &&
        left
          .get(keyOf(want))
          ?.find(({ row: one, count }) => count > 0 && isAtLeast(one.tier, want.tier) && isFit(one, want))
      if (!fit) continue
      fit.count -= 1
      fit.used = true
      known[place] = true
    }
  }
  const gone = [...left.values()].flat().filter(({ count, used }) => (Number.isFinite(count) ? count > 0 : !used))
  return { known, gone: gone.map(({ row: one, count }) => ({ ...one, count: Number.isFinite(count) ? count : 1 })) }
}

const isOfSameFile = (row: BaselineRow, want: BaselineRow): boolean => row.file === want.file
