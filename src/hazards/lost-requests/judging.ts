// What the rules of this hazard are told about one workload.
import type { Container } from 'kubernetes-types/core/v1.js'
import type { Context, Evidence, Item, Path } from '../../contract/hazard.ts'
import { list } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import { daemonSets, deployments, pods, rollouts, statefulSets } from '../../objects/kinds.ts'
import { isPod, type PodMaker, type PodTemplate, podTemplateOf } from '../../objects/pod-templates.ts'
import { type Wait, waitOf } from '../../objects/pre-stop.ts'
import { balancerDrain, ownDrain } from './drains.ts'
import type { Settings } from './settings.ts'
import { nativeSidecars } from './sidecars.ts'
import { type Reach, serving } from './traffic.ts'

/** terminationGracePeriodSeconds where it is not set (core/v1 PodSpec). */
export const defaultGrace = 30

/** What makes Pods that run on and on; Jobs end by themselves. Of Pods only those that nobody made. */
export const workloads = list([deployments, statefulSets, daemonSets, rollouts, pods], (object: PodMaker) =>
  isPod(object) && object.metadata?.ownerReferences?.some(({ controller }) => controller) ? undefined : object,
)

/** A container's preStop hook (or that it has none). */
export interface Hook {
  readonly container: Container
  /** Of the container, in the object. */
  readonly path: Path
  readonly wait: Wait
  /** Requests come to this container. */
  readonly serves: boolean
}

export interface Judging {
  readonly item: Item<PodMaker>
  readonly template: PodTemplate
  readonly reach: Reach
  readonly context: Context<Settings>
  /** Seconds from the deletion to SIGKILL, the hook's included. */
  readonly grace: number
  readonly hooks: readonly Hook[]
}

/** Everything the rules need; undefined if the object has no containers, or a grace period that is no number. */
export function judgingOf(item: Item<PodMaker>, reach: Reach, context: Context<Settings>): Judging | undefined {
  const template = podTemplateOf(item.object)
  const grace: unknown = template?.spec.terminationGracePeriodSeconds ?? defaultGrace
  if (!template || typeof grace !== 'number') return undefined
  const { containers, initContainers } = template.spec
  const serve = new Set(serving(containers, reach))
  const hook = (container: Container, field: string, place: number): Hook => ({
    container,
    path: [...template.path, field, place],
    wait: waitOf(container.lifecycle?.preStop, context.version),
    serves: serve.has(container),
  })
  const native = new Set(nativeSidecars(template.spec, context.version))
  const hooks = [
    ...containers.map((container, place) => hook(container, 'containers', place)),
    ...(initContainers ?? []).map((container, place) => hook(container, 'initContainers', place)),
  ].filter(({ container, path }) => path.at(-2) === 'containers' || native.has(container))
  return { item, template, reach, context, grace, hooks }
}

/** The grace period as evidence: at its field, or at where it is missing. */
export const graceSeen = ({ item, template, grace }: Judging): Evidence =>
  seen(
    'grace period',
    template.spec.terminationGracePeriodSeconds === undefined ? `none set: ${defaultGrace} s` : `${grace} s`,
    item.subject,
    ...template.path,
    'terminationGracePeriodSeconds',
  )

/** Who sends to it, as evidence. */
export const reachSeen = ({ reach }: Judging): Evidence[] => {
  const [first] = reach.fronts.length > 0 ? reach.fronts : reach.services
  return first ? [seen('reached through', reach.text, first.subject, 'metadata', 'name')] : []
}

/** What a stop needs, in seconds, and where each part was read. */
export interface Needs {
  readonly wait: number
  readonly balancer: number
  readonly drain: number
  readonly sum: number
  readonly evidence: Evidence
}

/** The arithmetic of one container's stop: preStop wait + the load balancer's drain + the application's own. */
export function needsOf({ item, reach, context, grace }: Judging, { container, path }: Hook, wait: number): Needs {
  const told = ownDrain(container)
  const drain = Math.ceil(told?.seconds ?? context.settings.drainSeconds)
  const balancer = balancerDrain(reach.annotations)?.seconds ?? 0
  const sum = wait + balancer + drain
  const own = told ? `the application ${drain} s (${told.name})` : `the application ${drain} s (taken to be)`
  const text = `preStop ${wait} s + load balancer ${balancer} s + ${own} = ${sum} s of ${grace} s`
  return {
    wait,
    balancer,
    drain,
    sum,
    evidence: seen('arithmetic', text, item.subject, ...path, ...(told?.field ?? [])),
  }
}
