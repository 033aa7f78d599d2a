// What `roadcrew rails report` knows: this is what `-o json` writes and what docs/rails-report.schema.json describes. Pure.
import { z } from 'zod'
import type { Outcome } from '../acting/follow-up.ts'
import type { NodeReport } from '../acting/shadow-store.ts'
import { timeText } from '../objects/time.ts'

const count = z.number().int().nonnegative()
const watched = count.describe('How it ends is not known yet')

const done = z.object({ cured: count, notCured: count, watched })
const advised = z.object({
  doneByAPerson: count,
  healedByItself: count,
  stillBroken: count.describe('After 30 minutes'),
  watched,
})

const row = z.object({
  hazard: z.string(),
  step: z.string(),
  node: z.string().optional().describe('Only with --by node'),
  done: done.describe('Steps that were taken'),
  advised: advised.describe('Steps that were not taken, but would have been with mode act'),
})

export const railsReportSchema = z
  .object({
    schemaVersion: z.literal(1),
    context: z.string(),
    namespace: z.string().describe("Roadcrew's own"),
    since: z.string().optional().describe('When the first node began to count, RFC 3339, UTC; absent: none did'),
    forSeconds: z.number().nonnegative(),
    nodes: count.describe('Those that have counted'),
    steps: z.array(row).describe('By hazard, step and node'),
  })
  .describe('What roadcrew rails report -o json writes')

export type ReportData = z.infer<typeof railsReportSchema>
export type ReportRow = ReportData['steps'][number]

/** Where each outcome is counted. */
const places = {
  cured: ['done', 'cured'],
  'not-cured': ['done', 'notCured'],
  'done-by-a-person': ['advised', 'doneByAPerson'],
  'healed-by-itself': ['advised', 'healedByItself'],
  'still-broken': ['advised', 'stillBroken'],
} as const satisfies Record<
  Outcome,
  readonly ['done', keyof z.infer<typeof done>] | readonly ['advised', keyof z.infer<typeof advised>]
>

export interface ReportInput {
  readonly context: string
  readonly namespace: string
  readonly reports: readonly NodeReport[]
  readonly by: 'step' | 'node'
  /** ms UTC. */
  readonly now: number
}

export function reportData({ context, namespace, reports, by, now }: ReportInput): ReportData {
  const rows = new Map<string, ReportRow>()
  const rowOf = (hazard: string, step: string, node: string): ReportRow => {
    const key = [hazard, step, ...(by === 'node' ? [node] : [])].join(' ')
    const row = rows.get(key) ?? {
      hazard,
      step,
      ...(by === 'node' && { node }),
      done: { cured: 0, notCured: 0, watched: 0 },
      advised: { doneByAPerson: 0, healedByItself: 0, stillBroken: 0, watched: 0 },
    }
    rows.set(key, row)
    return row
  }
  for (const { node, counts, watched } of reports) {
    for (const [key, some] of Object.entries(counts)) {
      const [hazard = '', step = ''] = key.split(' ')
      const row = rowOf(hazard, step, node)
      for (const [outcome, more] of Object.entries(some)) add(row, outcome as Outcome, more)
    }
    for (const { hazard, step, was } of watched) rowOf(hazard, step, node)[was].watched++
  }
  const since = Math.min(...reports.map((one) => one.since))
  return {
    schemaVersion: 1,
    context,
    namespace,
    ...(reports.length > 0 && { since: timeText(since) }),
    forSeconds: reports.length > 0 ? Math.max(0, Math.round((now - since) / 1000)) : 0,
    nodes: reports.length,
    steps: [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row),
  }
}

function add(row: ReportRow, outcome: Outcome, more: number): void {
  const [part, name] = places[outcome]
  const counts: Record<string, number> = row[part]
  counts[name] = (counts[name] ?? 0) + more
}
