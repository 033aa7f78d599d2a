// From what a round found to what is done about it: the executor with what its rails need, and everybody who is told.
import type { Step, Subject } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import { type Audit, execute } from '../engine/executor.ts'
import type { Judged, Look } from '../engine/look.ts'
import { type Mode, saysAtLeast } from '../engine/policy.ts'
import { spareAnnotation } from '../engine/rails.ts'
import type { NodeFacts, ObjectFacts, Read, Situation } from '../engine/situation.ts'
import { subjectKey } from '../engine/subjects.ts'
import type { PodIdentity } from '../linux/container.ts'
import type { PolicyRead } from './policy-source.ts'

/** What the API server knows; see ClusterFacts. */
export interface FactsForRails {
  policy(): Promise<Read<PolicyRead> | undefined>
  done(): Promise<Situation['done']>
  /** On a node. */
  pod?(identity: PodIdentity): Promise<Situation['pod']>
  labels?(): Promise<NodeFacts['labels']>
  /** Where objects of the API are changed. */
  object?(subject: Subject): Promise<Situation['object']>
  /** How far the own clock is ahead of the API server's. */
  clock?(): Situation['clock']
}

export interface ActingOptions {
  readonly facts: FactsForRails
  readonly arms: readonly Arm[]
  /** The most that a flag allows. */
  readonly ceiling: Mode
  /** The agent's own Pod, `namespace/name`. */
  readonly self?: string
  /** ms UTC, and ms on a clock that only goes forward. */
  readonly now: () => number
  readonly ticks: () => number
  readonly node?: (look: Look) => Promise<NodeFacts>
  /** The Pod of a subject, by what the runtime said of it in this round. */
  readonly podOf?: (judged: Judged) => PodIdentity | undefined
  /** Looks at one subject once more, without anything that was remembered for the next round. */
  readonly again: (judged: Judged) => Promise<readonly Judged[]>
  /** Takes a place in the budget, or says why there is none. */
  readonly reserve: (judged: Judged, step: Step, situation: Situation) => Promise<string | undefined>
  /** Told of every audit that says something new. Never throws. */
  readonly record: (audit: Audit, judged: Judged) => Promise<void>
}

/** What is carried from round to round. */
export class Acting {
  readonly #options: ActingOptions
  /** The steps that were done for a subject since it was last well. */
  readonly #tried = new Map<string, Set<string>>()
  /** What was last told of each step of a subject: told again only once it is another thing. */
  readonly #told = new Map<string, Map<string, string>>()

  constructor(options: ActingOptions) {
    this.#options = options
  }

  /** One round: does, advises or holds back a step for each subject that was found. */
  async round(seen: Look): Promise<readonly Audit[]> {
    this.#forgetWell(seen.judged)
    const { arms, ceiling, again, reserve } = this.#options
    const byKey = new Map<string, Judged>()
    const judged = await this.#concerned(seen.judged)
    return execute(judged, {
      arms,
      ceiling,
      again,
      reserve,
      situation: (one, step) => {
        byKey.set(subjectKey(one.subject), one)
        return this.#situation(seen, one, step)
      },
      tried: (subject) => this.#tried.get(subject) ?? new Set(),
      record: async (audit) => {
        const one = byKey.get(audit.subjectKey)
        if (audit.outcome === 'done') {
          this.#tried.set(audit.subjectKey, new Set([...(this.#tried.get(audit.subjectKey) ?? []), audit.stepKey]))
        }
        if (one && this.#isNews(audit)) await this.#options.record(audit, one)
      },
    })
  }

  /** Those that the policy says more of than to observe them: for the others nobody need be asked anything. */
  async #concerned(judged: readonly Judged[]): Promise<readonly Judged[]> {
    const found = judged.filter(({ verdict }) => verdict.verdict === 'found')
    if (this.#options.ceiling === 'observe' || found.length === 0) return []
    const policy = await this.#options.facts.policy()
    return policy ? found.filter(({ hazard }) => saysAtLeast(policy.value.policy, hazard.id, 'advise')) : found
  }

  async #situation(seen: Look, judged: Judged, step: Step): Promise<Situation> {
    const { facts, now, ticks, self, podOf, node } = this.#options
    const identity = podOf?.(judged)
    const [policy, done, pod, object, here, labels] = await Promise.all([
      facts.policy(),
      facts.done(),
      identity && facts.pod?.(identity),
      this.#object(judged.subject, step),
      node?.(seen),
      facts.labels?.(),
    ])
    return {
      now: now(),
      ticks: ticks(),
      policy: policy && { value: policy.value.policy, ticks: policy.ticks },
      done,
      pod,
      subject: judged.subject,
      object,
      node: here && { ...here, ...(labels && { labels }) },
      ...(facts.clock && { clock: facts.clock() }),
      ...(self !== undefined && { self }),
    }
  }

  /** Where a step changes another object than the one that was found ill, the opt-outs of both count. */
  async #object(subject: Subject, step: Step): Promise<Situation['object']> {
    const { facts } = this.#options
    const own = await facts.object?.(subject)
    if (!own || !('target' in step) || subjectKey(step.target) === subjectKey(subject)) return own
    const other = await facts.object?.(step.target)
    return other && withOptOut(own, other)
  }

  /** What is well again, or no longer there, begins at the bottom of its ladder when it breaks anew. */
  #forgetWell(judged: readonly Judged[]): void {
    const ill = new Set(judged.filter(isIll).map(({ subject }) => subjectKey(subject)))
    for (const key of this.#tried.keys()) if (!ill.has(key)) this.#tried.delete(key)
    for (const key of this.#told.keys()) if (!ill.has(key)) this.#told.delete(key)
  }

  #isNews({ outcome, rail = '', stepKey, hazard, subjectKey: subject }: Audit): boolean {
    const told = this.#told.get(subject) ?? new Map<string, string>()
    this.#told.set(subject, told)
    const key = `${hazard}/${stepKey}`
    const says = `${outcome} ${rail}`
    if (told.get(key) === says && outcome !== 'done') return false
    told.set(key, says)
    return true
  }
}

/** The one, with the other's opt-out where it has none; as old as the older of them. */
function withOptOut(own: Read<ObjectFacts>, other: Read<ObjectFacts>): Read<ObjectFacts> {
  const [says] = [own, other]
    .flatMap(({ value }) => value.annotations[spareAnnotation] ?? [])
    .filter((one) => one !== 'false')
  const annotations = { ...own.value.annotations, ...(says !== undefined && { [spareAnnotation]: says }) }
  return { value: { ...own.value, annotations }, ticks: Math.min(own.ticks, other.ticks) }
}

/** One that could not be judged is not known to be well. */
const isIll = ({ verdict }: Judged): boolean => verdict.verdict === 'found' || verdict.verdict === 'unknown'
