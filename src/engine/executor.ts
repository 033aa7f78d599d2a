// The one place from which anything is done. It judges again, asks every rail, takes the fresh step, and leaves a record.
import type { Change, Finding, Json, Step } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import { stepText } from './act.ts'
import type { Judged } from './look.ts'
import { type Mode, modeOf } from './policy.ts'
import { heldBy, stepKey, stepName } from './rails.ts'
import type { PodFacts, Situation } from './situation.ts'
import { subjectKey, subjectText } from './subjects.ts'

/** One line of the audit: what was done, would have been, or was held back, and why. */
export interface Audit {
  /** ms UTC. */
  readonly at: number
  readonly hazard: string
  readonly reason: string
  readonly subject: string
  readonly subjectKey: string
  readonly step: string
  /** The step and its target; see `stepKey`. */
  readonly stepKey: string
  readonly text: string
  /** What ends with it, for people: `3 containers of ads/bidder-7; its owner ReplicaSet bidder has 11 of 12 ready`. */
  readonly ends?: string
  /** What an edit changes, with what stood there: `status.active: none instead of [{"name":"a-1"}]`. */
  readonly changes?: string
  readonly outcome: 'done' | 'would-do' | 'held' | 'failed' | 'passed'
  /** Which rail held it back. */
  readonly rail?: string
  readonly because?: string
}

export interface ExecutorOptions {
  readonly arms: readonly Arm[]
  /** Flags can only lower a mode. */
  readonly ceiling: Mode
  /** Read anew for each step, right before it. */
  readonly situation: (judged: Judged, step: Step) => Promise<Situation>
  /** Looks at one subject once more: what every question about it gives, none if it is gone. */
  readonly again: (judged: Judged) => Promise<readonly Judged[]>
  /** What was tried for a subject since it was last well, by `stepKey`: the next step of its ladder is taken. */
  readonly tried: (subject: string) => ReadonlySet<string>
  /**
   * Takes a place in the budget, atomically, right before the act: what the rails read of it may be older than another
   * agent's act. A text says why there is none.
   */
  readonly reserve?: (judged: Judged, step: Step, situation: Situation) => Promise<string | undefined>
  /** Event, metric and audit line; never throws. */
  readonly record: (audit: Audit) => Promise<void>
}

interface Candidate {
  readonly judged: Judged
  readonly finding: Finding
  readonly step: Step
}

/** The next step of a finding's ladder: the smallest that was not tried yet. An advice is for people. */
const nextStep = ({ remedy }: Finding, tried: ReadonlySet<string>): Step | undefined =>
  remedy.find((step) => step.do !== 'advise' && !tried.has(stepKey(step)))

function candidates(judged: readonly Judged[], tried: ExecutorOptions['tried']): Candidate[] {
  return judged.flatMap((one) =>
    one.verdict.verdict !== 'found'
      ? []
      : one.verdict.findings.flatMap((finding) => {
          const step = nextStep(finding, tried(subjectKey(one.subject)))
          return step ? [{ judged: one, finding, step }] : []
        }),
  )
}

/** Goes through what was found, one step after the other, and does, records or holds back each. */
export async function execute(judged: readonly Judged[], options: ExecutorOptions): Promise<readonly Audit[]> {
  const audits: Audit[] = []
  for (const candidate of candidates(judged, options.tried)) {
    const audit = await attempt(candidate, options)
    if (!audit) continue
    await options.record(audit)
    audits.push(audit)
  }
  return audits
}

async function attempt({ judged, finding, step }: Candidate, options: ExecutorOptions): Promise<Audit | undefined> {
  const situation = await options.situation(judged, step)
  const mode = modeNow(judged, step, situation, options)
  if (mode === 'observe') return undefined
  const held = heldBy(step, situation)
  const audit = auditOf({ judged, finding, step }, situation)
  if (held) return { ...audit('held'), rail: held.rail, because: held.why }
  if (mode === 'advise') return audit('would-do')
  return actNow({ judged, finding, step }, options)
}

/** A policy that could not be read is no leave to act: the rails hold back then, so that the refusal is told. */
const modeNow = (
  { hazard, subject: { namespace } }: Judged,
  step: Step,
  { policy, node }: Situation,
  { ceiling }: ExecutorOptions,
): Mode =>
  policy
    ? modeOf(policy.value, hazard.id, step.name, ceiling, {
        ...(namespace !== undefined && { namespace }),
        ...(node?.labels && { nodeLabels: node.labels }),
      })
    : ceiling

/** Looks again, asks the rails again, and gives the fresh step to its arm, which checks the target's identity once more. */
async function actNow({ judged, finding: before, step }: Candidate, options: ExecutorOptions): Promise<Audit> {
  const again = (await options.again(judged)).flatMap((one) => freshOf(one, step) ?? [])[0]
  const now = again ?? { judged, finding: before, step }
  const { step: fresh } = now
  const situation = await options.situation(now.judged, fresh)
  const audit = auditOf(now, situation)
  if (!again) return { ...audit('passed'), because: 'it was no longer so when it was looked at again' }
  const mode = modeNow(judged, fresh, situation, options)
  if (mode !== 'act') return { ...audit('held'), rail: 'mode', because: `the policy says ${mode} by now` }
  const held = heldBy(fresh, situation)
  if (held) return { ...audit('held'), rail: held.rail, because: held.why }
  const arm = options.arms.find(({ does }) => does === fresh.do)
  if (!arm) return { ...audit('held'), rail: 'no-arm', because: `nothing here can ${stepText(fresh)}` }
  const full = await options.reserve?.(now.judged, fresh, situation)
  if (full !== undefined) return { ...audit('held'), rail: 'budget', because: full }
  try {
    const outcome = await arm.apply(fresh)
    return outcome === 'done' ? audit('done') : { ...audit('held'), rail: 'identity', because: outcome.held }
  } catch (error) {
    return { ...audit('failed'), because: error instanceof Error ? error.message : String(error) }
  }
}

/** The same step, as it is offered now. */
function freshOf(judged: Judged, step: Step): Candidate | undefined {
  const { verdict } = judged
  if (verdict.verdict !== 'found') return undefined
  for (const finding of verdict.findings) {
    const fresh = finding.remedy.find((one) => isSameStep(one, step))
    if (fresh) return { judged, finding, step: fresh }
  }
  return undefined
}

const isSameStep = (one: Step, other: Step): boolean => one.do === other.do && stepKey(one) === stepKey(other)

const auditOf =
  ({ judged, finding, step }: Candidate, { now, pod }: Situation) =>
  (outcome: Audit['outcome']): Audit => ({
    at: now,
    hazard: judged.hazard.id,
    reason: finding.reason,
    subject: subjectText(judged.subject),
    subjectKey: subjectKey(judged.subject),
    step: stepName(step),
    stepKey: stepKey(step),
    text: stepText(step),
    ...endsWith(step, pod?.value),
    ...((step.do === 'edit' || step.do === 'create') && { changes: step.changes.map(changeText).join(', ') }),
    outcome,
  })

/** What stood there has to be told: nobody else keeps it. */
function changeText({ path, before, after }: Change): string {
  const text = (value: Json | undefined): string => (value === undefined ? 'none' : JSON.stringify(value))
  return `${path.join('.')}: ${text(after)} instead of ${text(before)}`
}

/** A person has to see what ends before it does. */
function endsWith(step: Step, pod: PodFacts | undefined): { readonly ends: string } | undefined {
  if (step.do !== 'end-shim') return undefined
  const { target, alsoEnds } = step
  const count = alsoEnds.length + 1
  const whose = pod ? ` of ${pod.namespace}/${pod.name}` : target.pod ? ` of ${target.namespace}/${target.pod}` : ''
  const ready = pod?.ownerReady === undefined ? '' : ` has ${pod.ownerReady} ready`
  const owner = pod && (pod.owner === undefined ? '; nobody would make it anew' : `; its owner ${pod.owner}${ready}`)
  return { ends: `${count} ${count === 1 ? 'container' : 'containers'}${whose}${owner ?? ''}` }
}
