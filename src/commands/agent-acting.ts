// Puts together what an agent needs to act: facts from the API server, hands or an actor, a budget, and who is told.
import { existsSync } from 'node:fs'
import type { Logger } from 'pino'
import { Acting, type FactsForRails } from '../acting/acting.ts'
import { ActingMetrics } from '../acting/acting-metrics.ts'
import { type Entry, noteOutcome, takePlace } from '../acting/budget.ts'
import { ClusterFacts } from '../acting/cluster-facts.ts'
import { agentOf, Events } from '../acting/events.ts'
import { emptyReport, readReport, writeReport } from '../acting/shadow-store.ts'
import { podAndNode, StepRecord } from '../acting/step-record.ts'
import { Conditions } from '../agent/conditions.ts'
import type { AgentMetrics } from '../agent/metrics.ts'
import { narrowedRuntime } from '../agent/narrowed-runtime.ts'
import { lookAround, nodeWorld, type Round } from '../agent/round.ts'
import { watchTimers } from '../agent/timer-watch.ts'
import { stepText } from '../engine/act.ts'
import { rateOf } from '../engine/budgets.ts'
import { type Judged, type Look, look, type Memory } from '../engine/look.ts'
import { saysAtLeast } from '../engine/policy.ts'
import { stepName } from '../engine/rails.ts'
import type { NodeFacts } from '../engine/situation.ts'
import { subjectKey } from '../engine/subjects.ts'
import { hazards } from '../hazards/index.ts'
import type { Client } from '../kubernetes/client.ts'
import type { PodIdentity } from '../linux/container.ts'
import { hasAnswered } from '../linux/kubelet.ts'
import { networkSeen } from '../linux/network.ts'
import { readNetwork } from '../node/network.ts'
import { machineZones } from '../node/time-zones.ts'
import type { AgentOptions } from './agent.ts'
import type { NodeApi } from './agent-api.ts'
import type { Settings } from './agent-config.ts'
import { limitsOf, type NodeParts, rootsOf } from './agent-runtime.ts'
import { type Io, ownNamespace } from './io.ts'
import { policyFacts } from './policy-facts.ts'
import { tellUnreadable } from './tell-unreadable.ts'

export interface AgentActs {
  /**
   * What follows a round of looking: steps, what became of earlier ones, and Events. Never throws for the world's faults.
   * @returns whether anything was done, so that nothing that was known of before counts any more.
   */
  round(seen: Look, round: Round, memory: Memory): Promise<boolean>
  close(): Promise<void>
}

export interface AgentParts extends NodeParts {
  readonly options: AgentOptions
  readonly settings: Settings
  readonly io: Io
  readonly node: string
  readonly api: NodeApi
  readonly client: Client
  readonly log: Logger
  readonly metrics: AgentMetrics
}

/** How often the policy is read where nothing is to be done (ms), so that a wrong one is told of before it is needed. */
const policyEvery = 300_000

/** @throws UsageError if the policy's file is no policy. */
export async function agentActs(parts: AgentParts): Promise<AgentActs> {
  const { options, io, node, client, log, runtime, arms } = parts
  const namespace = ownNamespace(options, io)
  const metrics = new ActingMetrics(parts.metrics.registry)
  const timers = watchTimers(io.ticks)
  const began = io.ticks()
  const facts = factsOf(parts, namespace, metrics)
  const events = new Events({ client, source: agentOf(node), dropped: (count) => metrics.dropped(count) })
  const conditions = options.conditions && new Conditions(client, node)
  let round: Round | undefined
  let memory: Memory = new Map()
  let place: string | undefined
  const podOf = (judged: Judged): PodIdentity | undefined => podIn(round, judged)
  const kept = await readReport(client, namespace, node).catch(() => undefined)
  const record = new StepRecord(
    {
      regards: (judged) => podAndNode(podOf(judged), node),
      audit: (audit) => {
        metrics.step(audit)
        log.warn({ ...audit, at: new Date(audit.at).toISOString(), subjectKey: undefined, stepKey: undefined }, 'audit')
      },
      followed: (watched, outcome, neighbours) => {
        metrics.followed(watched, outcome)
        const { hazard, step, subject, was, since } = watched
        log.info(
          { hazard, step, subject, was, since: new Date(since).toISOString(), outcome, neighbours },
          'followed up',
        )
      },
      tell: (...tellings) => events.add(...tellings),
      noteOutcome: async (outcome) => {
        if (place !== undefined) await noteOutcome(client, namespace, place, outcome).catch(complain(log, 'budget'))
        place = undefined
      },
      keep: (report) => writeReport(client, namespace, report, io.now()).catch(complain(log, 'report')),
    },
    kept ?? emptyReport(node, io.now()),
  )
  const acting = new Acting({
    facts,
    arms,
    ceiling: options.mode,
    now: io.now,
    ticks: io.ticks,
    podOf,
    ...selfOf(io),
    node: async (seen) => nodeFacts(parts, seen, round, { upMs: io.ticks() - began, lateMs: timers.worst() }),
    again: (judged) => lookAgain(parts, judged, { pod: podOf(judged), round, memory }),
    reserve: async (judged, step, { now, policy }) => {
      const entry: Entry = {
        at: now,
        node,
        subject: subjectKey('target' in step ? step.target : judged.subject),
        step: stepName(step),
        text: stepText(step),
      }
      const taken = await takePlace(client, namespace, entry, rateOf('act', policy?.value))
      if ('full' in taken) return taken.full
      place = taken.place
      return undefined
    },
    record: (audit, judged) => record.add(audit, judged),
  })
  let policyRead = Number.NEGATIVE_INFINITY
  log.info({ namespace, mode: options.mode, runtime: runtime.name }, 'may act, as far as the policy lets it')
  return {
    async round(seen, now, remembered) {
      round = now
      memory = remembered
      if (io.ticks() - policyRead > policyEvery) {
        const policy = await facts.policy()
        const acts = policy && hazards.some(({ id }) => saysAtLeast(policy.value.policy, id, 'act'))
        metrics.acting(options.mode === 'act' && acts === true)
        policyRead = io.ticks()
      }
      const audits = await acting.round(seen)
      await record.look(seen.judged, io.now())
      await conditions?.round(seen.judged, io.now()).catch(complain(log, 'conditions'))
      await events.flush()
      return audits.some(({ outcome }) => outcome === 'done')
    },
    async close() {
      timers.stop()
      await conditions?.close(io.now()).catch(complain(log, 'conditions'))
      await events.flush()
    },
  }
}

const complain = (log: Logger, what: string) => (error: unknown) => {
  log.error({ what, because: error instanceof Error ? error.message : String(error) }, 'could not write')
}

const selfOf = ({ env }: Io): { readonly self?: string } =>
  env.POD_NAME && env.POD_NAMESPACE ? { self: `${env.POD_NAMESPACE}/${env.POD_NAME}` } : {}

function factsOf(
  { options, client, node, io, log }: AgentParts,
  namespace: string,
  metrics: ActingMetrics,
): FactsForRails {
  const cluster = new ClusterFacts({
    client,
    namespace,
    node,
    hazards,
    now: io.now,
    ticks: io.ticks,
    unreadable: tellUnreadable(metrics, log),
  })
  return {
    policy: policyFacts(cluster, options.policy),
    done: () => cluster.done(),
    pod: (identity) => cluster.pod(identity),
    labels: () => cluster.labels(),
  }
}

function podIn(round: Round | undefined, { subject }: Judged): PodIdentity | undefined {
  if (!round || 'unread' in round.containers) return undefined
  const key = subjectKey(subject)
  return round.containers.find((one) => subjectKey(one.subject) === key)?.object.pod
}

async function nodeFacts(
  { node, options, daemon }: AgentParts,
  { judged }: Look,
  round: Round | undefined,
  { upMs, lateMs }: { readonly upMs: number; readonly lateMs: number },
): Promise<NodeFacts> {
  const condemned = judged.filter(
    ({ verdict }) =>
      verdict.verdict === 'found' &&
      verdict.findings.some(({ remedy }) => remedy.some((step) => step.do === 'end-shim')),
  )
  const { upMs: runtimeUpMs, paused = false } = await daemon()
  return {
    name: node,
    runtimeUpMs,
    runtimeAnswers: round !== undefined && round.runtime.answers.because === undefined,
    agentUpMs: upMs,
    timersLateMs: lateMs,
    kubeletHealthy: round?.kubelet !== undefined && hasAnswered(round.kubelet.healthz),
    containers: round?.runtime.containers ?? 0,
    condemned: condemned.length,
    pauseFile: paused || existsSync(options.pauseFile),
  }
}

interface LastRound {
  readonly pod: PodIdentity | undefined
  readonly round: Round | undefined
  readonly memory: Memory
}

/** Nothing is remembered of it for the next round. */
async function lookAgain(parts: AgentParts, judged: Judged, last: LastRound): Promise<readonly Judged[]> {
  const { settings, node, api, io } = parts
  const { judged: now } = await look({
    hazards: [judged.hazard],
    vantages: ['node'],
    world: nodeWorld(node, await roundAgain(parts, judged, last), await api.world()),
    now: io.now(),
    ticks: io.ticks(),
    zones: machineZones(io.env.ZONEINFO),
    memory: last.memory,
    settings,
  })
  const key = subjectKey(judged.subject)
  return now.filter((one) => subjectKey(one.subject) === key)
}

/** Only its Pod's containers are asked for; of a node's network all is read anew, its rules too. */
async function roundAgain(
  { runtime, waits, options, node }: AgentParts,
  { subject }: Judged,
  { pod, round }: LastRound,
): Promise<Round> {
  if (round && subject.kind === networkSeen.kind)
    return { ...round, network: await readNetwork({ proc: rootsOf(options).proc, toolMs: limitsOf(options).callMs }) }
  return lookAround({
    runtime: narrowedRuntime(runtime, (one) => (pod ? one.pod?.uid === pod.uid : one.id === subject.uid)),
    roots: rootsOf(options),
    limits: limitsOf(options),
    node,
    ...(waits && { waits }),
  })
}
