// What holds a step back. Each rail is a question of its own with a name, so that every refusal says which one it was.
import type { Step, Subject } from '../contract/hazard.ts'
import { type Budget, budgetOf, isNote, rateOf, usedOf } from './budgets.ts'
import { inWindow, type Policy } from './policy.ts'
import type { NodeFacts, ObjectFacts, PodFacts, Read, Situation } from './situation.ts'
import { subjectKey } from './subjects.ts'

export interface Rail {
  readonly name: string
  /** For which steps it is asked; none: for all. */
  readonly asks?: (step: Step) => boolean
  /** Why the step is held back; undefined if this rail has nothing against it. */
  readonly holds: (step: Step, situation: Situation) => string | undefined
}

/** What could not be read for so long is not known any more (ms). */
export const staleAfter = 60_000
const settlesAfter = 5 * 60_000
const lateTimers = 1000
/** Clocks that are kept by NTP differ by less (ms). */
const clocksDiffer = 5_000
const hour = 3_600_000

/** Opt-out of a Pod, another object or its namespace; any value counts but `false`. */
export const spareAnnotation = 'roadcrew.dev/spare'

/** What a step is called in policies and budgets. */
export const stepName = (step: Step): string => step.name ?? step.do

const target = (step: Step): Subject | undefined => ('target' in step ? step.target : undefined)

/** Tells the steps of one subject apart: two rules of a node are two targets of the same step. */
export function stepKey(step: Step): string {
  const subject = target(step)
  return subject ? `${stepName(step)} ${subjectKey(subject)}` : stepName(step)
}

const isStale = (read: Read<unknown> | undefined, { ticks }: Situation): boolean =>
  read === undefined || ticks - read.ticks > staleAfter

/** An object of the API: whatever changes it, no process of a node ends by it, and no runtime has to answer. */
const isOfObject = ({ do: what }: Step): boolean => what === 'edit' || what === 'create' || what === 'delete'
const isOfNode = (step: Step): boolean => !isOfObject(step)

/** Steps that touch a container: all that protects Pods and the runtime asks of these only. */
const isOfContainer = ({ do: what }: Step): boolean =>
  what === 'continue-shim' || what === 'end-shim' || what === 'stop-container'

/** What would be harmed: rails about whose it is hold for objects as for Pods. */
const harmed = (step: Step, { pod, object }: Situation): ObjectFacts | undefined =>
  isOfObject(step) ? object?.value : isOfContainer(step) ? pod?.value : undefined

const podRail = (
  name: string,
  holds: (pod: PodFacts, policy: Policy, situation: Situation) => string | undefined,
): Rail => ({
  name,
  asks: isOfContainer,
  holds: (_step, situation) => {
    const { pod, policy } = situation
    return pod && policy ? holds(pod.value, policy.value, situation) : undefined
  },
})

/** To continue what was stopped ends nothing. */
const endsSomething = (step: Step): boolean => step.do !== 'continue-shim'

/** A rail that only protects what would be ended. */
const lifeRail = (...[name, holds]: Parameters<typeof podRail>): Rail => {
  const rail = podRail(name, holds)
  return { ...rail, asks: (step) => isOfContainer(step) && endsSomething(step) }
}

/** A rail that asks whether it is the container that is broken, and not its runtime or its node. */
const runtimeRail = (name: string, holds: (node: NodeFacts) => string | undefined): Rail => ({
  name,
  asks: isOfContainer,
  holds: (_step, { node }) => (node ? holds(node) : 'nothing is known of its node'),
})

const nodeRail = (name: string, holds: (node: NodeFacts) => string | undefined): Rail => ({
  name,
  asks: isOfNode,
  holds: (_step, { node }) => (node ? holds(node) : 'nothing is known of its node'),
})

/** For how long what is noted is not tried again (ms). */
const noteRestMs = 20_000

const counted: Readonly<Record<Budget, string>> = {
  act: 'acts in the cluster within an hour',
  status: 'statuses corrected in the cluster within a minute',
  run: 'runs started in the cluster within a minute',
}

const minutes = (ms: number): string => `${Math.round(ms / 60_000)} min`

/** In the order in which they are asked. */
export const rails: readonly Rail[] = [
  {
    name: 'unreadable',
    holds: (step, situation) => {
      const { policy, done, pod, object } = situation
      const whose = isOfObject(step)
        ? { 'object and its opt-outs': object }
        : isOfContainer(step) && { 'Pod and its opt-outs': pod }
      const unread = Object.entries({ policy, budget: done, ...whose }).filter(([, read]) => isStale(read, situation))
      return unread.length > 0
        ? `not read for ${staleAfter / 1000} s: ${unread.map(([name]) => name).join(', ')}`
        : undefined
    },
  },
  {
    name: 'clock',
    holds: (_step, situation) => {
      if (!('clock' in situation)) return undefined
      const { clock } = situation
      if (isStale(clock, situation)) return 'its clock was not compared with that of the API server lately'
      const ahead = clock?.value ?? 0
      return Math.abs(ahead) > clocksDiffer
        ? `its clock is ${Math.round(Math.abs(ahead) / 1000)} s ${ahead > 0 ? 'ahead of' : 'behind'} that of the API server; whichever is wrong, times can't be told`
        : undefined
    },
  },
  {
    name: 'paused',
    holds: (_step, { policy, node }) =>
      node?.pauseFile ? 'a file on the node says pause' : policy?.value.paused ? 'the policy says pause' : undefined,
  },
  {
    name: 'window',
    holds: (_step, { policy, now }) =>
      policy && !inWindow(policy.value, now) ? "it is outside of the policy's windows" : undefined,
  },
  {
    name: 'spared',
    holds: (step, situation) => {
      const spare = harmed(step, situation)?.annotations[spareAnnotation]
      return spare !== undefined && spare !== 'false' ? `its annotation ${spareAnnotation} says ${spare}` : undefined
    },
  },
  podRail('own-pod', ({ namespace, name }, _policy, { self }) =>
    self === `${namespace}/${name}` ? "it is the agent's own Pod" : undefined,
  ),
  podRail('static-pod', (pod) => (pod.static ? 'it is a static Pod of the node' : undefined)),
  podRail('critical-pod', ({ priorityClass = '' }) =>
    /^system-(?:node|cluster)-critical$/.test(priorityClass) ? `its priority class is ${priorityClass}` : undefined,
  ),
  lifeRail('bare-pod', ({ owner, pastGraceMs }) =>
    owner === undefined && pastGraceMs === undefined ? 'nobody would make it anew' : undefined,
  ),
  {
    name: 'protected-namespace',
    holds: (step, situation) => {
      const { namespace } = harmed(step, situation) ?? {}
      return namespace !== undefined && situation.policy?.value.protectedNamespaces.includes(namespace)
        ? `the policy protects the namespace ${namespace}`
        : undefined
    },
  },
  {
    name: 'kept-elsewhere',
    // A status and a note are nobody's wish: nothing brings them back.
    asks: (step) => step.do === 'edit' && budgetOf(step) === 'act',
    holds: (_step, { object }) => {
      const keptBy = object?.value.keptBy
      return keptBy === undefined ? undefined : `${keptBy} keeps it: change it there, or it would be undone`
    },
  },
  lifeRail('not-terminating', ({ pastGraceMs }, { healthyPods }) =>
    healthyPods || (pastGraceMs !== undefined && pastGraceMs > 0)
      ? undefined
      : 'its Pod is not past its grace period, and the policy allows no others',
  ),
  lifeRail('disruption-budget', ({ pastGraceMs, disruptionsAllowed }) =>
    pastGraceMs === undefined && disruptionsAllowed === 0 ? 'its PodDisruptionBudget has no room' : undefined,
  ),
  runtimeRail('runtime-young', ({ runtimeUpMs }) =>
    runtimeUpMs !== undefined && runtimeUpMs >= settlesAfter
      ? undefined
      : `the runtime is not known to be up for ${minutes(settlesAfter)}`,
  ),
  nodeRail('agent-young', ({ agentUpMs }) =>
    agentUpMs < settlesAfter ? `the agent is up for less than ${minutes(settlesAfter)}` : undefined,
  ),
  runtimeRail('runtime-mute', ({ runtimeAnswers }) =>
    runtimeAnswers ? undefined : 'the whole runtime does not answer: it is not this container',
  ),
  runtimeRail('kubelet-unhealthy', ({ kubeletHealthy }) => (kubeletHealthy ? undefined : 'the kubelet is not healthy')),
  nodeRail('late-timers', ({ timersLateMs }) =>
    timersLateMs > lateTimers
      ? `the agent's own timers were late by ${timersLateMs} ms: the node may be to blame`
      : undefined,
  ),
  runtimeRail('too-many', ({ condemned, containers }) => {
    const most = Math.max(2, Math.floor(containers / 10))
    return condemned > most ? `${condemned} of ${containers} containers are condemned at once, over ${most}` : undefined
  }),
  {
    name: 'node-rate',
    asks: isOfNode,
    holds: (_step, { done, policy, node, now }) => {
      const own = (done?.value ?? []).filter((one) => one.node === node?.name)
      const recent = usedOf('act', own, { most: 0, withinMs: hour }, now)
      const most = policy?.value.perNodePerHour ?? 0
      return recent >= most ? `${recent} acts on this node within an hour, ${most} are allowed` : undefined
    },
  },
  {
    name: 'cluster-rate',
    holds: (step, { done, policy, now }) => {
      const budget = budgetOf(step)
      const rate = rateOf(budget, policy?.value)
      const used = usedOf(budget, done?.value ?? [], rate, now)
      return used >= rate.most ? `${used} ${counted[budget]}, ${rate.most} are allowed` : undefined
    },
  },
  {
    name: 'cool-down',
    holds: (step, { done, policy, now, subject }) => {
      const whose = [target(step), subject].flatMap((one) => (one ? [subjectKey(one)] : []))
      const coolDown = (policy?.value.coolDownSeconds ?? 0) * 1000
      // One that is noted is the same however often it is begun: it goes on soon after it was cut off or refused.
      const since = now - (isNote(step) ? Math.min(coolDown, noteRestMs) : coolDown)
      const last = (done?.value ?? []).find(
        (one) => whose.includes(one.subject) && one.step === stepName(step) && one.at > since,
      )
      return last ? `the same was done to it ${minutes(now - last.at)} ago` : undefined
    },
  },
]

/** The first rail that holds a step back, if any does. */
export function heldBy(step: Step, situation: Situation): { readonly rail: string; readonly why: string } | undefined {
  for (const { name, asks, holds } of rails) {
    const why = !asks || asks(step) ? holds(step, situation) : undefined
    if (why !== undefined) return { rail: name, why }
  }
  return undefined
}
