import type { Finding, Subject } from '../contract/hazard.ts'
import type { Look } from '../engine/look.ts'
import { subjectKey } from '../engine/subjects.ts'

/** A finding that was not there the round before, got worse or better, or is no longer there. */
export interface ChangeOfFinding {
  readonly is: 'found' | 'changed' | 'ended'
  readonly hazard: string
  readonly subject: Subject
  readonly finding: Finding
}

/** What is told only when it changes, so that a log is not one line per round and container. */
export class ChangesOfFindings {
  #known = new Map<string, ChangeOfFinding>()

  /** What changed from the last look to this one. A subject that could not be judged keeps what was known of it. */
  next({ judged }: Look): readonly ChangeOfFinding[] {
    const now = new Map<string, ChangeOfFinding>()
    const changes: ChangeOfFinding[] = []
    for (const { hazard, subject, verdict } of judged) {
      const key = `${hazard.id} ${subjectKey(subject)}`
      const before = this.#known.get(key)
      if (verdict.verdict === 'unknown' && before) now.set(key, before)
      if (verdict.verdict !== 'found') continue
      const [finding] = verdict.findings
      const isSame = before?.finding.reason === finding.reason && before.finding.severity === finding.severity
      const change = { is: before ? ('changed' as const) : ('found' as const), hazard: hazard.id, subject, finding }
      now.set(key, change)
      if (!isSame) changes.push(change)
    }
    for (const [key, before] of this.#known) if (!now.has(key)) changes.push({ ...before, is: 'ended' })
    this.#known = now
    return changes
  }
}
