// Everybody who is told of a step: the log, Prometheus, the Pod and the node by Events, the budget's Lease; and what became of
// it later.

import type { Subject } from '../contract/hazard.ts'
import type { Audit } from '../engine/executor.ts'
import type { Judged } from '../engine/look.ts'
import { subjectKey as keyOf } from '../engine/subjects.ts'
import type { PodIdentity } from '../linux/container.ts'
import type { Regarding, Telling } from './events.ts'
import { type FollowedUp, followUp, type Outcome, type Watched } from './follow-up.ts'
import { counted, type NodeReport } from './shadow-store.ts'

export interface RecordOptions {
  /** Whom the Events of an audit regard. */
  readonly regards: (judged: Judged) => readonly Regarding[]
  /** One line of JSON on stdout. */
  readonly audit: (audit: Audit) => void
  /** `neighbours`: others of the node that were well when a step was done, and how many of them are no longer there. */
  readonly followed: (watched: Watched, outcome: Outcome, neighbours?: Neighbours) => void
  readonly tell: (...tellings: readonly Telling[]) => void
  /** Notes on the place in the budget how it ended; never throws. */
  readonly noteOutcome: (outcome: string, audit: Audit) => Promise<void>
  /** Keeps what became of advised steps; never throws. */
  readonly keep: (report: NodeReport) => Promise<void>
}

export interface Neighbours {
  readonly well: number
  readonly gone: number
}

const eventReasons: Partial<Readonly<Record<Audit['outcome'], string>>> = {
  done: 'RoadcrewActed',
  'would-do': 'RoadcrewWouldAct',
  held: 'RoadcrewHeld',
  failed: 'RoadcrewFailed',
}

/** What an audit says to people, in one line. */
export function auditText({ subject, reason, step, ends, changes, outcome, because }: Audit): string {
  const notes = [...(ends === undefined ? [] : [`ends ${ends}`]), ...(changes === undefined ? [] : [changes])]
  const what = notes.length === 0 ? step : `${step} (${notes.join('; ')})`
  const how = {
    done: `did ${what}`,
    'would-do': `would do ${what}; the policy says advise`,
    held: `held back ${what}: ${because}`,
    failed: `could not do ${what}: ${because}`,
    passed: `left it alone: ${because}`,
  }[outcome]
  return `${subject}, ${reason}: ${how}`
}

export class StepRecord {
  readonly #options: RecordOptions
  #report: NodeReport
  /** Who was well by the last look, by hazard. */
  #well: readonly { readonly hazard: string; readonly key: string; readonly pod: string }[] = []
  /** Of each step that was done: the neighbours of its subject. */
  readonly #neighbours = new Map<string, readonly string[]>()

  /** @param report what was kept of this node before. */
  constructor(options: RecordOptions, report: NodeReport) {
    this.#options = options
    this.#report = report
  }

  async add(audit: Audit, judged: Judged): Promise<void> {
    this.#options.audit(audit)
    this.#options.tell(...tellings(audit, this.#options.regards(judged)))
    // What its arm held back had a place in the budget already.
    if (audit.outcome === 'done' || audit.outcome === 'failed' || audit.rail === 'identity') {
      await this.#options.noteOutcome(audit.because ? `${audit.outcome}: ${audit.because}` : audit.outcome, audit)
    }
    if (audit.outcome === 'done' || audit.outcome === 'would-do') await this.#watch(audit, podOf(judged.subject))
  }

  /**
   * One look later.
   * @param now ms UTC.
   * @param isAsked of which subjects the look could tell; the others stay watched.
   */
  async look(
    judged: readonly Judged[],
    now: number,
    isAsked: (watched: Watched) => boolean = () => true,
  ): Promise<FollowedUp> {
    const asked = this.#report.watched.filter(isAsked)
    const { still, ended } = followUp(asked, judged, now)
    const result = { still: [...this.#report.watched.filter((one) => !asked.includes(one)), ...still], ended }
    const keys = new Set(judged.map(({ subject }) => keyOf(subject)))
    this.#well = judged
      .filter(({ verdict }) => verdict.verdict === 'clear')
      .map(({ hazard, subject }) => ({ hazard: hazard.id, key: keyOf(subject), pod: podOf(subject) }))
    if (result.ended.length === 0) return result
    let report: NodeReport = { ...this.#report, watched: result.still }
    for (const { watched, outcome } of result.ended) {
      report = counted(report, watched, outcome)
      this.#options.followed(watched, outcome, this.#neighboursOf(watched, keys))
    }
    this.#report = report
    await this.#options.keep(report)
    return result
  }

  #neighboursOf(watched: Watched, now: ReadonlySet<string>): Neighbours | undefined {
    const before = this.#neighbours.get(nameOf(watched))
    this.#neighbours.delete(nameOf(watched))
    return before && { well: before.length, gone: before.filter((key) => !now.has(key)).length }
  }

  async #watch({ hazard, subject, subjectKey, step, outcome, at }: Audit, pod: string): Promise<void> {
    const isSame = (one: Watched) => one.subjectKey === subjectKey && one.step === step && one.hazard === hazard
    const was = outcome === 'done' ? 'done' : 'advised'
    if (this.#report.watched.some((one) => isSame(one) && one.was === was)) return
    const watched: Watched = { hazard, subject, subjectKey, step, was, since: at }
    this.#report = { ...this.#report, watched: [...this.#report.watched.filter((one) => !isSame(one)), watched] }
    if (was === 'done') {
      // What ends with its shim is of its own Pod.
      const others = this.#well.filter((one) => one.hazard === hazard && one.pod !== pod)
      this.#neighbours.set(
        nameOf(watched),
        others.map(({ key }) => key),
      )
    }
    await this.#options.keep(this.#report)
  }
}

const nameOf = ({ hazard, step, subjectKey }: Watched): string => `${hazard} ${step} ${subjectKey}`

const podOf = ({ namespace = '', pod = '' }: Subject): string => `${namespace}/${pod}`

function tellings(audit: Audit, regards: readonly Regarding[]): Telling[] {
  const reason = eventReasons[audit.outcome]
  if (reason === undefined) return []
  const type = audit.outcome === 'would-do' ? 'Normal' : 'Warning'
  return regards.map((regarding) => ({ regarding, type, reason, message: auditText(audit), at: audit.at }))
}

/** A container's Pod, and its node. */
export function podAndNode(pod: PodIdentity | undefined, node: string): readonly Regarding[] {
  const ofNode: Regarding = { kind: 'Node', name: node, uid: node }
  if (!pod) return [ofNode]
  const { namespace, name, uid } = pod
  return [{ kind: 'Pod', namespace, name, uid }, ofNode]
}
