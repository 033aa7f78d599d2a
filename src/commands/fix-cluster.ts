// Cures what a cluster holds: shown as a diff, and applied where a person says so, by the executor, step by step and past every rail.
import { stringify } from 'yaml'
import type { Step, Subject } from '../contract/hazard.ts'
import { found } from '../contract/verdicts.ts'
import { budgetOf } from '../engine/budgets.ts'
import { type Audit, type ExecutorOptions, execute } from '../engine/executor.ts'
import { type Judged, type Look, type LookOptions, look } from '../engine/look.ts'
import type { Policy } from '../engine/policy.ts'
import { stepKey, stepName } from '../engine/rails.ts'
import { type Settled, settle } from '../engine/settle.ts'
import type { Done } from '../engine/situation.ts'
import { subjectKey, subjectText } from '../engine/subjects.ts'
import type { Client } from '../kubernetes/client.ts'
import { deleteArm } from '../kubernetes/delete.ts'
import { editArm } from '../kubernetes/edit.ts'
import { clusterWorld } from '../kubernetes/world.ts'
import type { FixDifference } from '../report/fix-schema.ts'
import { actionsText, patchText } from '../report/fix-text.ts'
import { unifiedDiff } from '../report/unified-diff.ts'
import { agreed } from './agreed.ts'
import { askedFor, ObjectsByHand, policyByHand, situationByHand, tellByHand } from './by-hand.ts'
import type { FixOptions } from './fix.ts'
import { Chosen, firstStep } from './fix-chosen.ts'
import type { Fixed } from './fix-files.ts'
import { leftRows, stepRow, type Tried } from './fix-steps.ts'
import { type Io, wantsColor } from './io.ts'

export interface Place {
  readonly looking: LookOptions
  readonly client: Client
  /** What is meant. */
  readonly ids: ReadonlySet<string>
}

export async function fixCluster(
  place: Place,
  options: FixOptions,
  io: Io,
): Promise<Fixed & { readonly differences: readonly FixDifference[] }> {
  const chosen = new Chosen(place.client.name, place.ids)
  const { policy } = await policyByHand(place.client, io)
  const hand = new Hand(place, chosen, policy, io)
  const shown = await hand.show()
  if (!options.apply || shown.steps.every(({ outcome }) => outcome !== 'would-do')) return shown
  if (!options.yes && !(await isAgreed(place.client.name, shown, io))) return refused(shown)
  return hand.apply(shown)
}

type Shown = Awaited<ReturnType<Hand['show']>>

/** Shows what would be done and asks. @throws UsageError where nobody can be asked. */
function isAgreed(cluster: string, shown: Shown, io: Io): Promise<boolean> {
  const steps = shown.steps.filter(({ outcome }) => outcome === 'would-do').length
  const color = wantsColor(io)
  if (io.errIsTerminal) io.err(`${patchText(shown, { color })}${actionsText(shown, { color })}`)
  return agreed('take', `${steps} ${steps === 1 ? 'step' : 'steps'} in ${cluster}`, io)
}

function refused(shown: Shown): Shown {
  const because = 'nobody agreed to it'
  const steps = shown.steps.map((step) =>
    step.outcome === 'would-do' ? { ...step, outcome: 'held' as const, because } : step,
  )
  return { ...shown, steps }
}

/** So often it is looked at again after a step; each takes a further step of each object at most. */
const mostRounds = 20
/** So often a step is thought of anew since somebody else wrote to its object. */
const mostConflicts = 5

/** The hand of a person in one cluster. */
class Hand {
  readonly #place: Place
  readonly #chosen: Chosen
  readonly #policy: Policy
  readonly #io: Io
  readonly #objects: ObjectsByHand
  readonly #done: Done[] = []

  constructor(place: Place, chosen: Chosen, policy: Policy, io: Io) {
    this.#place = place
    this.#chosen = chosen
    this.#policy = policy
    this.#io = io
    this.#objects = new ObjectsByHand(place.client)
  }

  get #world(): string {
    return this.#place.client.name
  }

  /** What would be done, and what rails would hold back; nothing is written. */
  async show(): Promise<Fixed & { readonly differences: readonly FixDifference[] }> {
    const others = new Map<string, Thought>()
    const settled = await settle(this.#place.looking, (finding, judged, round) => {
      if (round === 0) this.#chosen.know(judged, finding)
      const step = this.#chosen.has(judged, finding) ? firstStep(finding) : undefined
      if (step?.do === 'edit') this.#chosen.touch(judged)
      else if (step) others.set(`${this.#chosen.idOf(judged, finding)} ${stepKey(step)}`, { judged, finding, step })
      return step
    })
    const thought = [...settled.edits, ...others.values()].toSorted(occurringFirst)
    const tried = await this.#execute(thought, 'advise')
    const held = new Set(tried.map(({ judged, finding }) => this.#chosen.idOf(judged, finding)))
    return {
      first: settled.first,
      steps: tried.map((one) => stepRow(this.#world, this.#chosen, one)),
      left: leftRows(this.#world, this.#chosen, settled.left, held),
      differences: differencesOf(settled, this.#world),
    }
  }

  async #execute(thought: readonly Thought[], ceiling: 'advise' | 'act'): Promise<Tried[]> {
    const tried: Tried[] = []
    for (const one of thought) {
      const judged = { ...one.judged, verdict: found({ ...one.finding, remedy: [one.step] }) }
      const [audit] = await execute([judged], this.#options(ceiling, one.step))
      if (audit) tried.push({ ...one, audit })
    }
    return tried
  }

  #options(ceiling: 'advise' | 'act', step: Step): ExecutorOptions {
    const { client } = this.#place
    return {
      arms: [
        editArm(client, this.#writes, { triesFirst: true }),
        // What a person names by itself may also end what runs; of many at once nothing does.
        deleteArm(client, this.#writes, this.#place.ids.size > 1 ? { onlyFinished: true } : {}),
      ],
      ceiling,
      situation: (judged, fresh) => this.#situation(judged, fresh),
      again: (judged) => this.#again(judged, step),
      tried: () => new Set(),
      record: (audit) => this.#record(audit, step),
    }
  }

  get #writes() {
    return [...new Set(this.#place.looking.hazards.flatMap(({ writes = [] }) => writes))]
  }

  async #situation({ subject, hazard }: Judged, step: Step) {
    const target = 'target' in step ? step.target : subject
    const object = await this.#objects.factsOf(this.#writes, target)
    return situationByHand({ subject, object }, askedFor(this.#policy, [hazard.id]), this.#done, this.#io)
  }

  /** Of the object alone, as it is by now. */
  async #again(judged: Judged, step: Step): Promise<readonly Judged[]> {
    const { looking, client } = this.#place
    const { namespace } = judged.subject
    const seen = await look({
      ...looking,
      hazards: [judged.hazard],
      world: await clusterWorld(client, namespace === undefined ? {} : { namespaces: [namespace] }),
      ...{ now: this.#io.now(), ticks: this.#io.ticks() },
    })
    const key = subjectKey(judged.subject)
    return seen.judged.filter(({ subject }) => subjectKey(subject) === key).flatMap((one) => onlyWith(one, step))
  }

  async #record(audit: Audit, step: Step): Promise<void> {
    if (audit.outcome !== 'done' || !('target' in step)) return
    const { at, subjectKey: subject } = audit
    this.#done.push({ at, node: '', subject, step: stepName(step), budget: budgetOf(step) })
    const { kind, name, namespace, uid = '' } = step.target
    const apiVersion = await this.#objects.apiVersionOf(this.#writes, kind)
    const regarding = { kind, apiVersion, name, uid, ...(namespace !== undefined && { namespace }) }
    const message = `roadcrew fix: ${audit.changes ?? audit.text}; ${step.why}`
    await tellByHand(regarding, { reason: 'RoadcrewFixed', message, at, command: 'fix' }, this.#place.client, this.#io)
  }

  /** Takes the first step of each finding, looks again, and goes on until nothing is left that it may do. */
  async apply(shown: Shown): Promise<Shown> {
    const all: Tried[] = []
    const stopped = new Set<string>()
    const conflicts = new Map<string, number>()
    let seen: Look = shown.first
    for (let round = 0; round < mostRounds; round++) {
      const thought = this.#thought(seen, stopped)
      if (thought.length === 0) break
      for (const one of await this.#execute(thought, 'act')) {
        const id = this.#chosen.idOf(one.judged, one.finding)
        const times = (conflicts.get(id) ?? 0) + 1
        const isConflict = one.audit.rail === 'identity' && times < mostConflicts
        if (isConflict) conflicts.set(id, times)
        else all.push(one)
        if (one.audit.outcome === 'done') this.#chosen.touch(one.judged)
        else if (!isConflict) stopped.add(id)
      }
      seen = await this.#lookAgain()
    }
    const held = new Set(
      all
        .filter(({ audit }) => audit.outcome !== 'done')
        .map(({ judged, finding }) => this.#chosen.idOf(judged, finding)),
    )
    return {
      ...shown,
      steps: all.map((one) => stepRow(this.#world, this.#chosen, one)),
      left: leftRows(this.#world, this.#chosen, seen.judged, held),
    }
  }

  #thought({ judged }: Look, stopped: ReadonlySet<string>): Thought[] {
    const all = this.#chosen.of(judged).flatMap(thoughtsOf)
    return inTurn(all).filter((one) => !stopped.has(this.#chosen.idOf(one.judged, one.finding)))
  }

  #lookAgain(): Promise<Look> {
    return look({ ...this.#place.looking, now: this.#io.now(), ticks: this.#io.ticks() })
  }
}

const occurringFirst = ({ finding: a }: Thought, { finding: b }: Thought): number =>
  Number(b.state === 'occurring') - Number(a.state === 'occurring')

type Thought = Omit<Tried, 'audit'>

const thoughtsOf = (judged: Judged): Thought[] =>
  judged.verdict.verdict !== 'found'
    ? []
    : judged.verdict.findings.flatMap((finding) => {
        const step = firstStep(finding)
        return step ? [{ judged, finding, step }] : []
      })

/**
 * What happens is cured before what could happen to the same object: an edit of its spec may set off at once what was held up, as a
 * deadline lets a frozen CronJob start a run off schedule.
 */
function inTurn(thoughts: readonly Thought[]): readonly Thought[] {
  const keyOf = ({ judged }: Thought): string => `${judged.hazard.id} ${subjectKey(judged.subject)}`
  const happening = new Set(thoughts.filter(({ finding }) => finding.state === 'occurring').map(keyOf))
  return thoughts.filter((one) => one.finding.state === 'occurring' || !happening.has(keyOf(one)))
}

/** What was judged if it has the same step still: the executor takes the fresh one. */
function onlyWith(judged: Judged, step: Step): Judged[] {
  if (judged.verdict.verdict !== 'found') return []
  return judged.verdict.findings.some(({ remedy }) => remedy.some((one) => stepKey(one) === stepKey(step)))
    ? [judged]
    : []
}

function differencesOf({ objects }: Settled, world: string): FixDifference[] {
  return [...objects].map(([subject, { before, after }]) => {
    const what = `${subjectText(subject)} in ${world}`
    return { what, diff: unifiedDiff(nameOf(subject), yamlOf(before), yamlOf(after)), written: false }
  })
}

const nameOf = ({ kind, namespace, name }: Subject): string => [kind, namespace, name].filter(Boolean).join('/')

/** As kubectl diff shows objects: without what only the API server keeps. */
function yamlOf(object: unknown): string {
  const { metadata, ...rest } = object as { readonly metadata?: { readonly managedFields?: unknown } }
  const { managedFields: _, ...shown } = metadata ?? {}
  return stringify({ ...rest, metadata: shown }, { version: '1.1', lineWidth: 0, sortMapEntries: true })
}
