// Findings that roadcrew.yaml sets aside, and entries of it that end, have ended, or are of no use any more.
import type { Notice } from '../report/schema.ts'
import type { Aside, Candidate, Scanned } from '../report/sift.ts'
import { covers, everything } from './hazard-names.ts'
import { nameMatcher, pathMatcher, scopeMatcher, type Target } from './matching.ts'
import type { IgnoreEntry } from './settings-document.ts'

/** The entries of one roadcrew.yaml. */
export interface Entries {
  /** With the place where each stands: `roadcrew.yaml:12`. */
  readonly entries: readonly (IgnoreEntry & { readonly where: string })[]
  /** A file as the entries' paths name it; undefined for one that they can't name. */
  readonly pathOf: (file: string) => string | undefined
}

const day = 86_400_000
/** How long before its end an entry is told of: two weeks, so that it comes up in a sprint. */
const soonDays = 14

/** When an entry ends, ms UTC: its last day is included. */
const endOf = ({ until }: IgnoreEntry): number =>
  until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until) + day

/**
 * Which entry sets each candidate aside: the first that holds at `now` (ms UTC).
 * @param past whether what matched nothing can be told to be of no use: false where not all was asked.
 */
export function siftByEntries(
  { entries, pathOf }: Entries,
  candidates: readonly Candidate[],
  { now, past, scanned }: { readonly now: number; readonly past: boolean; readonly scanned: Scanned },
): { readonly asides: readonly (Aside | undefined)[]; readonly notices: readonly Notice[] } {
  const targets = candidates.map((candidate) => targetOf(candidate, pathOf))
  const matched = entries.map((entry) => {
    const isIn = scopeMatcher(entry)
    return new Set(
      candidates.flatMap(({ finding }, place) => {
        const target = targets[place]
        return target && covers(entry.hazards, finding) && isIn(target) ? [place] : []
      }),
    )
  })
  const asides = candidates.map((_, place): Aside | undefined => {
    const first = entries.find((entry, at) => now < endOf(entry) && matched[at]?.has(place))
    return first && asideOf(first)
  })
  const notices = entries.flatMap((entry, at) => {
    const count = matched[at]?.size ?? 0
    const text = count > 0 ? endText(entry, count, now) : past && wasAsked(entry, scanned, pathOf) ? unusedText : ''
    return text === '' ? [] : [{ where: entry.where, text }]
  })
  return { asides, notices }
}

function targetOf({ finding, file, loose }: Candidate, pathOf: Entries['pathOf']): Target {
  const { kind, namespace, name } = finding.subject
  const world = loose ? '' : finding.subject.world
  const path = file === undefined ? undefined : pathOf(file)
  return { world, kind, name, ...(namespace !== undefined && { namespace }), ...(path !== undefined && { path }) }
}

const asideOf = ({ where, reason, until }: Entries['entries'][number]): Aside => ({
  by: 'settings',
  where,
  reason,
  ...(until !== undefined && { until }),
})

const unusedText = 'nothing that it ignores was found: take it out'

const findings = (count: number): string => (count === 1 ? 'a finding' : `${count.toLocaleString('en')} findings`)

/** That an entry that is still needed has ended, or will soon; empty if neither. */
function endText(entry: IgnoreEntry, count: number, now: number): string {
  const left = Math.ceil((endOf(entry) - now) / day)
  if (left <= 0) return `ended after ${entry.until}: ${findings(count)} of it ${count === 1 ? 'counts' : 'count'} again`
  if (left > soonDays) return ''
  return `ends after ${entry.until}: ${findings(count)} of it will count again then`
}

/** Whether the scan asked about what an entry names: another one may find what this one could not. */
function wasAsked({ hazards, paths, clusters }: IgnoreEntry, scanned: Scanned, pathOf: Entries['pathOf']): boolean {
  const isAsked = hazards.some(
    (name) => name === everything || scanned.hazards.some((hazard) => name === hazard || name.startsWith(`${hazard}/`)),
  )
  const isPath = paths && pathMatcher(paths)
  const isThere = !isPath || scanned.files.some((file) => isPath(pathOf(file) ?? ''))
  return isAsked && isThere && (!clusters || scanned.worlds.some(nameMatcher(clusters)))
}
