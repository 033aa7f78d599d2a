// What `roadcrew rails report` shows: whether it helped to act, and whether acting would have helped. Pure.
import { createColors } from 'picocolors'
import { type Outcome, outcomes } from '../agent/follow-up.ts'
import type { NodeReport } from '../agent/shadow-store.ts'
import { durationText, timeText } from '../objects/time.ts'
import { aligned, type Cell } from '../report/columns.ts'
import type { Style } from './rails-status.ts'

export type Counts = Readonly<Record<Outcome | 'watched', number>>

export interface ReportData {
  /** When the oldest of the nodes' reports was begun; undefined: there is none. */
  readonly since?: string
  readonly forMs: number
  readonly nodes: number
  /** By `hazard step`. */
  readonly steps: Readonly<Record<string, Counts>>
}

const none: Counts = {
  cured: 0,
  'not-cured': 0,
  'done-by-a-person': 0,
  'healed-by-itself': 0,
  'still-broken': 0,
  watched: 0,
}

/** @param now ms UTC. */
export function reportData(reports: readonly NodeReport[], now: number): ReportData {
  const steps: Record<string, Record<Outcome | 'watched', number>> = {}
  const of = (key: string) => {
    const counts = steps[key] ?? { ...none }
    steps[key] = counts
    return counts
  }
  for (const { counts, watched } of reports) {
    for (const [key, some] of Object.entries(counts)) {
      for (const outcome of outcomes) of(key)[outcome] += some[outcome] ?? 0
    }
    for (const { hazard, step } of watched) of(`${hazard} ${step}`).watched++
  }
  const since = Math.min(...reports.map((one) => one.since))
  return {
    ...(reports.length > 0 && { since: timeText(since) }),
    forMs: reports.length > 0 ? now - since : 0,
    nodes: reports.length,
    steps,
  }
}

export function reportText({ since, forMs, nodes, steps }: ReportData, { color, columns }: Style): string {
  const { bold, dim } = createColors(color)
  if (since === undefined || Object.keys(steps).length === 0) {
    return 'Nothing was done or advised so far. With mode advise in the policy, what would have been done is recorded and followed up.\n'
  }
  const head: Cell[] = ['', 'cured', 'not', 'person', 'itself', 'broken', 'watched'].map((text) => [text])
  const group: Cell[] = ['', 'done', '', 'advised', '', '', ''].map((text) => [text])
  const rows = Object.entries(steps)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, counts]): Cell[] => [
      [key],
      ...[...outcomes, 'watched' as const].map((name): Cell => [String(counts[name])]),
    ])
  const table = aligned(
    head.map((_, place) => ({ least: place === 0 ? 32 : 6, share: 1 })),
    [group, head, ...rows],
    columns,
  )
  const lines = table.map((line, place) => (place < 2 ? dim(line) : line))
  return `${[
    bold(`${nodes} ${nodes === 1 ? 'node' : 'nodes'}, ${durationText(forMs)} since ${since}`),
    '',
    ...lines,
    '',
    ...conclusions(Object.values(steps)),
  ].join('\n')}\n`
}

/** What the figures say to whoever has to decide. */
function conclusions(all: readonly Counts[]): string[] {
  const sum = (name: Outcome): number => all.reduce((count, one) => count + one[name], 0)
  const [done, failed] = [sum('cured') + sum('not-cured'), sum('not-cured')]
  const [person, itself, broken] = [sum('done-by-a-person'), sum('healed-by-itself'), sum('still-broken')]
  const advised = person + itself + broken
  return [
    ...(done > 0 ? [`Of ${done} that ${done === 1 ? 'was' : 'were'} done ${done - failed} cured.`] : []),
    ...(advised > 0
      ? [
          `Of ${advised} that ${advised === 1 ? 'was' : 'were'} advised people took ${person} themselves: act would have spared them that.`,
          `${itself} healed by itself within half an hour: act would have been needless. ${broken} stayed broken: act would have been of use.`,
        ]
      : []),
  ]
}
