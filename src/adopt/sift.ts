// Which findings count: those that no annotation, no roadcrew.yaml and no baseline knows of, asked in this order.
import type { Notice } from '../report/schema.ts'
import type { Aside, Candidate, Scanned, Sift } from '../report/sift.ts'
import { type BaselineRow, type PathOf, siftByBaseline } from './baseline.ts'
import { type Entries, siftByEntries } from './entries.ts'
import type { KnownHazard } from './hazard-names.ts'
import { asideByMark, noticesOfMarks } from './marks.ts'

export interface Adopted {
  /** The catalogue, to tell names from misspelt ones. */
  readonly known: readonly KnownHazard[]
  /** ms UTC, of today: an entry ends by the calendar of who scans, whenever the objects were as they are. */
  readonly now: number
  /** Whether annotations hold. */
  readonly marks: boolean
  readonly entries?: Entries
  readonly baseline?: { readonly rows: readonly BaselineRow[]; readonly file: string; readonly pathOf: PathOf }
  /** The scan was told to ask about a part only, so that what it does not find is not gone. */
  readonly narrowed: boolean
}

/** Makes what decides which findings count. */
export function siftBy({ known, now, marks, entries, baseline, narrowed }: Adopted): Sift {
  return (candidates, scanned) => {
    const past = scanned.complete && !narrowed
    const byEntries = entries && siftByEntries(entries, candidates, { now, past, scanned })
    const asides = candidates.map(
      (candidate, place) => (marks ? asideByMark(candidate) : undefined) ?? byEntries?.asides[place],
    )
    const byBaseline = baseline && knownBefore(baseline, candidates, asides)
    return {
      asides: byBaseline?.asides ?? asides,
      notices: [
        ...(marks ? noticesOfMarks(scanned.marked, known) : []),
        ...(byEntries?.notices ?? []),
        ...(past ? goneNotices(baseline?.file ?? '', byBaseline?.gone ?? [], scanned) : []),
      ],
    }
  }
}

/** The baseline is also asked about what others set aside: that is not gone from it. */
function knownBefore(
  { rows, file, pathOf }: NonNullable<Adopted['baseline']>,
  candidates: readonly Candidate[],
  asides: readonly (Aside | undefined)[],
): { readonly asides: readonly (Aside | undefined)[]; readonly gone: readonly BaselineRow[] } {
  const { known, gone } = siftByBaseline(rows, candidates, pathOf)
  return { asides: asides.map((aside, at) => aside ?? (known[at] ? { by: 'baseline', where: file } : undefined)), gone }
}

/** Of a cluster that was not looked at, nothing is gone. */
function goneNotices(file: string, gone: readonly BaselineRow[], { worlds, hazards }: Scanned): Notice[] {
  const seen = gone.filter(
    ({ world, hazard }) => (world === undefined || worlds.includes(world)) && hazards.includes(hazard),
  )
  const count = seen.reduce((sum, { count: one = 1 }) => sum + one, 0)
  if (count === 0) return []
  const is = count === 1 ? 'one of its findings is gone' : `${count.toLocaleString('en')} of its findings are gone`
  return [{ where: file, text: `${is}: write it anew, so that they count if they come back` }]
}
