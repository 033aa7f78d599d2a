// What a report asks of those who know which findings do not count (src/adopt): it shows and counts, they decide.
import type { Subject } from '../contract/hazard.ts'
import type { Judged } from '../engine/look.ts'
import { subjectKey } from '../engine/subjects.ts'
import type { IgnoreMark } from '../objects/ignore-marks.ts'
import type { Looked } from './build.ts'
import type { Notice, ReportFinding, SetAside } from './schema.ts'

/** Why a finding does not count. */
export type Aside = SetAside['setAside']

/** A finding, with what tells whether somebody knows of it. */
export interface Candidate {
  readonly finding: ReportFinding
  /** Where its subject was read; undefined: from an API server. */
  readonly file?: string
  /** Its world is no cluster, only the name of what was given. */
  readonly loose: boolean
  readonly ignore?: IgnoreMark
  readonly lastingName?: string
}

/** An object that bears the annotation, found or not. */
export interface Marked {
  readonly subject: Subject
  readonly ignore: IgnoreMark
}

/** What was looked at, to tell what is past from what was only not looked at. */
export interface Scanned {
  readonly worlds: readonly string[]
  readonly hazards: readonly string[]
  /** Of all subjects. */
  readonly files: readonly string[]
  readonly marked: readonly Marked[]
  /** Nothing was left unread. */
  readonly complete: boolean
}

export interface Sifted {
  /** For each candidate, in their order: why it does not count; undefined: it does. */
  readonly asides: readonly (Aside | undefined)[]
  readonly notices: readonly Notice[]
}

/** Decides which findings count. Pure: it is asked more than once about the same scan. Candidates come the worst first. */
export type Sift = (candidates: readonly Candidate[], scanned: Scanned) => Sifted

/** Nobody knows of any. */
export const nothingAside: Sift = () => ({ asides: [], notices: [] })

export const candidateOf = (
  finding: ReportFinding,
  { subject, ignore, lastingName }: Judged,
  { loose }: Looked,
): Candidate => ({
  finding,
  loose: loose === true,
  ...('file' in subject.source && { file: subject.source.file }),
  ...(ignore && { ignore }),
  ...(lastingName !== undefined && { lastingName }),
})

export function scannedOf(looked: readonly Looked[], hazards: readonly string[], complete: boolean): Scanned {
  const judged = looked.flatMap(({ look }) => look?.judged ?? [])
  const marked = new Map<string, Marked>()
  const files = new Set<string>()
  for (const { subject, ignore } of judged) {
    if ('file' in subject.source) files.add(subject.source.file)
    if (ignore) marked.set(subjectKey(subject), { subject, ignore })
  }
  const worlds = looked.filter(({ look }) => look).map(({ name }) => name)
  return { worlds, hazards, files: [...files], marked: [...marked.values()], complete }
}
