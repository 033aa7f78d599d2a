// Which findings are meant, and what is done about each.
import type { Finding, Step } from '../contract/hazard.ts'
import type { Judged } from '../engine/look.ts'
import { subjectKey } from '../engine/subjects.ts'
import { findingId } from '../report/build.ts'
import { findingsOf } from '../report/lines.ts'
import type { Report, ReportFinding } from '../report/schema.ts'
import { names } from './why.ts'

/**
 * The ids of the findings that a word means: all, those of a hazard, of an object, of a line, or one. What does not count is only meant
 * where its own id or line is given. With them go those that are a part of them: who cures what happens wants it not to happen again.
 */
export function idsOf(
  { findings, setAside }: Pick<Report, 'findings' | 'setAside'>,
  what: string,
): ReadonlySet<string> {
  const meant = meantBy(findings, what)
  const ids = new Set((meant.length > 0 ? meant : findingsOf(setAside, what)).map(({ id }) => id))
  for (const { id, partOf } of findings) if (partOf !== undefined && ids.has(partOf)) ids.add(id)
  return ids
}

function meantBy(findings: readonly ReportFinding[], what: string): readonly ReportFinding[] {
  if (what === 'all') return findings
  if (what.includes('/')) {
    const isIt = names(what)
    return findings.filter(({ subject: { kind, namespace, name } }) => isIt(kind, namespace, name))
  }
  const ofHazard = findings.filter(({ hazard }) => hazard === what)
  return ofHazard.length > 0 ? ofHazard : findingsOf(findings, what)
}

/** Follows findings of one world through looks that come one after the other, while edits are made between them. */
export class Chosen {
  readonly #world: string
  readonly #ids: ReadonlySet<string>
  readonly #known = new Set<string>()
  readonly #touched = new Set<string>()

  constructor(world: string, ids: ReadonlySet<string>) {
    this.#world = world
    this.#ids = ids
  }

  idOf({ hazard, subject }: Judged, { reason }: Finding): string {
    return findingId(this.#world, hazard.id, reason, subject)
  }

  /** Whether it is meant: or new, at an object that was touched since: no cure may leave another hazard behind. */
  has(judged: Judged, finding: Finding): boolean {
    const id = this.idOf(judged, finding)
    return this.#ids.has(id) || (!this.#known.has(id) && this.#touched.has(subjectKey(judged.subject)))
  }

  /** It was found before anything was done. */
  know(judged: Judged, finding: Finding): void {
    this.#known.add(this.idOf(judged, finding))
  }

  touch({ subject }: Judged): void {
    this.#touched.add(subjectKey(subject))
  }

  /** What was judged, with only those findings of it that are meant. */
  of(judged: readonly Judged[]): readonly Judged[] {
    return judged.flatMap((one) => {
      if (one.verdict.verdict !== 'found') return []
      const [first, ...rest] = one.verdict.findings.filter((finding) => this.has(one, finding))
      return first ? [{ ...one, verdict: { verdict: 'found' as const, findings: [first, ...rest] as const } }] : []
    })
  }
}

/** The smallest edit that a file can hold: a status in a file is what a cluster said, and cures nothing. */
export const editOfFile = ({ remedy }: Finding): Step | undefined =>
  remedy.find((step) => step.do === 'edit' && step.changes.every(({ path }) => path[0] !== 'status'))

/** The first step that is not for people. */
export const firstStep = ({ remedy }: Finding): Step | undefined => remedy.find((step) => step.do !== 'advise')
