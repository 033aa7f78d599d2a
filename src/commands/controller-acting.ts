// Puts together what the controller needs to act: facts for rails, the arms it has, a budget, and who is told.
import type { Logger } from 'pino'
import { Acting } from '../acting/acting.ts'
import type { ActingMetrics } from '../acting/acting-metrics.ts'
import { type Entry, noteOutcome, takePlace } from '../acting/budget.ts'
import { ClusterFacts } from '../acting/cluster-facts.ts'
import type { Events, Regarding } from '../acting/events.ts'
import { emptyReport, readReport, writeReport } from '../acting/shadow-store.ts'
import { StepRecord } from '../acting/step-record.ts'
import type { Hazard, Kind, Step, Subject } from '../contract/hazard.ts'
import { onlyHarmless, type Room } from '../controller/harmless.ts'
import { stepText } from '../engine/act.ts'
import { budgetOf, rateOf, usedOf } from '../engine/budgets.ts'
import { type Judged, type Look, look } from '../engine/look.ts'
import { defaultPolicy, type Mode, modeOf, type Policy, saysAtLeast } from '../engine/policy.ts'
import { stepName } from '../engine/rails.ts'
import { subjectKey } from '../engine/subjects.ts'
import { hazards as catalogue } from '../hazards/index.ts'
import type { Client } from '../kubernetes/client.ts'
import { createArm } from '../kubernetes/create.ts'
import { deleteArm } from '../kubernetes/delete.ts'
import { editArm } from '../kubernetes/edit.ts'
import type { ServerClock } from '../kubernetes/server-clock.ts'
import { clusterWorld } from '../kubernetes/world.ts'
import { machineZones } from '../node/time-zones.ts'
import type { Io } from './io.ts'
import { policyFacts } from './policy-facts.ts'
import { readAtMostEvery } from './read-at-most-every.ts'
import { tellUnreadable } from './tell-unreadable.ts'

export interface ControllerActingParts {
  readonly io: Io
  readonly client: Client
  readonly namespace: string
  readonly identity: string
  readonly mode: Mode
  readonly policy: string | undefined
  readonly hazards: readonly Hazard[]
  readonly settings: Readonly<Record<string, unknown>>
  /** Those of which a status may be corrected. */
  readonly kinds: readonly Kind<unknown>[]
  /** Those of which one that has finished may be deleted. */
  readonly finishing: readonly Kind<unknown>[]
  /** Those of which one may be made for one of these. */
  readonly made: readonly Kind<unknown>[]
  readonly clock: ServerClock
  /** Asked right before each act. */
  readonly leads: () => boolean
  readonly regarding: (subject: Subject) => Regarding
  readonly events: Events
  readonly metrics: ActingMetrics
  readonly log: Logger
}

/** What became of steps is kept by who took them; the controller's replicas are one. */
const reporter = 'controller'
/** Thousands may be found at once: policy and budget are not read for each of them (ms). */
const readsEvery = 2_000

export interface ControllerActs {
  /** What follows a look at one namespace. Never throws for the world's faults. */
  round(namespace: string, seen: Look): Promise<void>
  /** Another led meanwhile: what was tried and told is its own now. */
  lead(): Promise<void>
}

/** @throws UsageError if the policy's file is no policy. */
export function controllerActs(parts: ControllerActingParts): ControllerActs {
  const { io, client, namespace, identity, log, metrics, kinds, finishing, made, leads, regarding, events } = parts
  const facts = factsOf(parts)
  const mayNot = (): string | undefined => (leads() ? undefined : 'another controller leads by now')
  const places = new Map<string, string>()
  const complain = (what: string) => (error: unknown) =>
    log.error({ what, because: error instanceof Error ? error.message : String(error) }, 'could not write')
  const recordFrom = (report: ReturnType<typeof emptyReport>): StepRecord =>
    new StepRecord(
      {
        regards: (judged) => [regarding(judged.subject)],
        audit: (audit) => {
          metrics.step(audit)
          log.warn(
            { ...audit, at: new Date(audit.at).toISOString(), subjectKey: undefined, stepKey: undefined },
            'audit',
          )
        },
        followed: (watched, outcome) => {
          metrics.followed(watched, outcome)
          const { hazard, step, subject, was, since } = watched
          log.info({ hazard, step, subject, was, since: new Date(since).toISOString(), outcome }, 'followed up')
        },
        tell: (...tellings) => events.add(...tellings),
        noteOutcome: async (outcome, audit) => {
          const place = places.get(audit.subjectKey)
          places.delete(audit.subjectKey)
          if (place !== undefined) await noteOutcome(client, namespace, place, outcome).catch(complain('budget'))
        },
        keep: (kept) => writeReport(client, namespace, kept, io.now()).catch(complain('report')),
      },
      report,
    )
  let record = recordFrom(emptyReport(reporter, io.now()))
  const actings = new Map<string, Acting>()
  const actingOf = (space: string): Acting => {
    const acting =
      actings.get(space) ??
      new Acting({
        facts,
        arms: [
          editArm(client, kinds, { mayNot }),
          createArm({ client, kinds: [...kinds, ...made], mayNot }),
          deleteArm(client, finishing, { onlyFinished: true }),
        ],
        ceiling: parts.mode,
        now: io.now,
        ticks: io.ticks,
        again: (judged) => lookAgain(parts, judged),
        reserve: async (judged, step, { now, policy }) => {
          const why = mayNot()
          if (why !== undefined) return why
          const budget = budgetOf(step)
          const entry: Entry = {
            at: now,
            node: identity,
            subject: subjectKey(judged.subject),
            step: stepName(step),
            text: stepText(step),
            budget,
          }
          const taken = await takePlace(client, namespace, entry, rateOf(budget, policy?.value))
          if ('full' in taken) return taken.full
          places.set(entry.subject, taken.place)
          // The API may have let it wait for longer than this one leads.
          return mayNot()
        },
        record: (audit, judged) => record.add(audit, judged),
      })
    actings.set(space, acting)
    return acting
  }
  let turn = 0
  return {
    async lead() {
      actings.clear()
      const kept = await readReport(client, namespace, reporter).catch(() => undefined)
      record = recordFrom(kept ?? emptyReport(reporter, io.now()))
    },
    async round(space, seen) {
      const isBlind = seen.judged.some(({ subject }) => subject.name === '*')
      if (!isBlind) {
        const { room, policy } = await roomIn(parts, facts)
        const isAllowed = (one: Judged, step: Step): boolean => isMoreThanObserved(policy, one, step)
        await actingOf(space).round({ ...seen, judged: onlyHarmless(seen.judged, { room, from: turn++, isAllowed }) })
        const names = new Set(seen.judged.map(({ subject }) => subjectKey(subject)))
        const ofSpace = ({ subject }: { readonly subject: string }) => subject.includes(` ${space}/`)
        if (seen.judged.length === 0) actings.delete(space)
        await record.look(seen.judged, io.now(), (one) => names.has(one.subjectKey) || ofSpace(one))
      }
      await events.flush()
    },
  }
}

/**
 * How many steps are thought of in one round: as many as the budget has room for, but one at least, so that it is told what
 * holds it back. Without it, after an outage thousands would each be told that the budget is used up.
 */
async function roomIn(
  { mode, io, hazards, metrics }: ControllerActingParts,
  facts: ReturnType<typeof factsOf>,
): Promise<{ readonly room: Room; readonly policy: Policy | undefined }> {
  if (mode === 'observe') return { room: { act: 0, status: 0, run: 0 }, policy: defaultPolicy }
  const [policy, done] = await Promise.all([facts.policy(), facts.done()])
  const acts = hazards.some(({ id }) => policy && saysAtLeast(policy.value.policy, id, 'act'))
  metrics.acting(mode === 'act' && acts)
  const left = (budget: keyof Room): number => {
    const rate = rateOf(budget, policy?.value.policy)
    return Math.max(1, rate.most - usedOf(budget, done?.value ?? [], rate, io.now()))
  }
  return { room: { act: left('act'), status: left('status'), run: left('run') }, policy: policy?.value.policy }
}

/** A policy that can't be read is told by the rails. */
function isMoreThanObserved(
  policy: Policy | undefined,
  { hazard, subject: { namespace } }: Judged,
  step: Step,
): boolean {
  return (
    !policy || modeOf(policy, hazard.id, step.name, 'act', namespace === undefined ? {} : { namespace }) !== 'observe'
  )
}

function factsOf({ io, client, namespace, policy, kinds, finishing, metrics, log, clock }: ControllerActingParts) {
  const cluster = new ClusterFacts({
    client,
    namespace,
    hazards: catalogue,
    now: io.now,
    ticks: io.ticks,
    unreadable: tellUnreadable(metrics, log),
  })
  return {
    policy: readAtMostEvery(readsEvery, io.ticks, policyFacts(cluster, policy)),
    done: readAtMostEvery(readsEvery, io.ticks, () => cluster.done()),
    object: (subject: Subject) => cluster.objectOf([...kinds, ...finishing], subject),
    clock: () => clock.ahead,
  }
}

/** Asks the API server itself, not what informers hold of it. */
async function lookAgain(
  { client, hazards, settings, io }: ControllerActingParts,
  judged: Judged,
): Promise<readonly Judged[]> {
  const { namespace } = judged.subject
  const { judged: now } = await look({
    hazards: hazards.filter(({ id }) => id === judged.hazard.id),
    vantages: ['cluster'],
    world: await clusterWorld(client, { ...(namespace !== undefined && { namespaces: [namespace] }) }),
    now: io.now(),
    ticks: io.ticks(),
    zones: machineZones(io.env.ZONEINFO),
    settings,
  })
  const key = subjectKey(judged.subject)
  return onlyHarmless(now.filter(({ subject }) => subjectKey(subject) === key))
}
