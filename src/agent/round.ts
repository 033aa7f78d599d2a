// One round of looking at a node: the runtime, each of its containers, and what the kernel says of their processes.
import { hostname } from 'node:os'
import type { Item, Kind } from '../contract/hazard.ts'
import type { Batch, World } from '../contract/world.ts'
import { type ConnectsSeen, connectsSeen } from '../linux/connects.ts'
import { type ContainerSeen, containersSeen, type RuntimeSeen, runtimeSeen } from '../linux/container.ts'
import { type IpvsSeen, ipvsSeen } from '../linux/ipvs.ts'
import { type KubeletSeen, kubeletSeen } from '../linux/kubelet.ts'
import { type NetworkSeen, networkSeen } from '../linux/network.ts'
import { KeptProcesses } from '../node/kept-processes.ts'
import type { KubeletReader } from '../node/kubelet.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { containersOf, type NodeRoots, type Waits } from './containers.ts'
import { type Asked, inspectAll, isPrompt } from './inspections.ts'

export type { NodeRoots } from './containers.ts'

/** How long calls may take (ms). */
export interface Limits {
  readonly callMs: number
  readonly inspectMs: number
}

/** What a round saw; a text where it could not look. */
export interface Round {
  readonly runtime: RuntimeSeen
  readonly containers: readonly Item<ContainerSeen>[] | { readonly unread: string }
  /** Undefined where nobody asked it. */
  readonly kubelet?: KubeletSeen
  readonly network?: NetworkSeen
  readonly ipvs?: IpvsSeen
  readonly connects?: readonly ConnectsSeen[]
}

/** What a round looks with. */
export interface Eyes {
  readonly runtime: Runtime
  readonly roots: NodeRoots
  readonly limits: Limits
  /** The node's name. */
  readonly node: string
  readonly kubelet?: KubeletReader
  readonly network?: () => Promise<NetworkSeen>
  readonly ipvs?: () => Promise<IpvsSeen>
  /** What the probe saw so far, which goes on by itself. */
  readonly connects?: () => readonly ConnectsSeen[]
  /** What a restart of the daemon would do to its containers, where that is proven. */
  readonly restart?: RuntimeSeen['restart']
  /** What earlier rounds left. Without it, as right before an act, every container is asked and all is read anew. */
  readonly past?: RoundPast
  /** What only root may read of processes, where we are not root: asked of whoever is. */
  readonly waits?: Waits
}

/** What rounds leave to the next, to spare node and runtime: an object of the loop's own, and of one runtime. */
export class RoundPast {
  readonly asked = new Map<string, Asked>()
  readonly processes = new KeptProcesses()
}

export const nodeName = (): string => process.env.NODE_NAME ?? hostname()

/** Asks runtime, kernel, kubelet and network of the same moment, as far as that goes: the kernel after the runtime. */
export async function lookAround(eyes: Eyes): Promise<Round> {
  const [round, kubelet, network, ipvs] = await Promise.all([
    lookAtContainers(eyes),
    eyes.kubelet?.look(),
    eyes.network?.(),
    eyes.ipvs?.(),
  ])
  const connects = eyes.connects?.()
  return {
    ...round,
    ...(kubelet && { kubelet }),
    ...(network && { network }),
    ...(ipvs && { ipvs }),
    ...(connects && { connects }),
  }
}

async function lookAtContainers({ runtime, roots, limits, node, restart, past, waits }: Eyes): Promise<Round> {
  const answers = await runtime.answers(limits.callMs)
  const began = performance.now()
  const listed = await runtime.list(limits.callMs)
  const lists = { ms: Math.round(performance.now() - began), ...('because' in listed && { because: listed.because }) }
  const all = 'because' in listed ? [] : listed
  const running = all.filter(({ state }) => state === 'running' || state === 'unknown')
  const inspections = await inspectAll(
    runtime,
    running.map(({ id }) => id),
    limits.inspectMs,
    'because' in listed ? undefined : past?.asked,
  )
  const mute = [...inspections.values()].filter(({ answer }) => answer === 'nothing').length
  const seen: RuntimeSeen = {
    name: runtime.name,
    socket: runtime.socket,
    answers,
    lists,
    containers: all.length,
    inspected: inspections.size,
    mute,
    ...(restart && { restart }),
  }
  if ('because' in listed)
    return { runtime: seen, containers: { unread: `${runtime.name} did not list its containers: ${listed.because}` } }
  // Whatever may come to an end because of this round stands on what was read in it.
  if (![...inspections.values()].every(isPrompt)) past?.processes.forget()
  try {
    const kept = past?.processes
    const parts = { running, inspections, roots, node, ...(kept && { kept }), ...(waits && { waits }) }
    return { runtime: seen, containers: await containersOf(parts) }
  } catch (error) {
    return { runtime: seen, containers: { unread: error instanceof Error ? error.message : String(error) } }
  }
}

/** A round as a world for the engine; `api` gives what the node itself does not show, such as Pods. */
export function nodeWorld(node: string, round: Round, api?: World): World {
  return {
    name: node,
    ...(api?.version && { version: api.version }),
    async *read(kinds) {
      for (const of of kinds.filter((kind) => !kind.api)) yield batchOf(of, node, round)
      const asked = kinds.filter((kind) => kind.api)
      if (api) yield* api.read(asked)
      else for (const of of asked) yield { of, elsewhere: 'no API server was asked' }
    },
  }
}

function batchOf(of: Kind<unknown>, node: string, round: Round): Batch {
  const { runtime, containers, kubelet, network, ipvs, connects } = round
  if (of.kind === ipvsSeen.kind) {
    if (!ipvs) return { of, elsewhere: 'the network was not looked at' }
    return { of, items: [{ subject: { source: { node }, kind: of.kind, name: node }, object: ipvs }] }
  }
  if (of.kind === connectsSeen.kind) {
    if (!connects) return { of, elsewhere: 'nothing is probed' }
    const subject = (name: string) => ({ source: { node }, kind: of.kind, name })
    return { of, items: connects.map((object) => ({ subject: subject(object.target), object })) }
  }
  if (of.kind === networkSeen.kind) {
    if (!network) return { of, elsewhere: 'the network was not looked at' }
    return { of, items: [{ subject: { source: { node }, kind: of.kind, name: node }, object: network }] }
  }
  if (of.kind === kubeletSeen.kind) {
    if (!kubelet) return { of, elsewhere: 'the kubelet was not asked' }
    return { of, items: [{ subject: { source: { node }, kind: of.kind, name: node }, object: kubelet }] }
  }
  if (of.kind === runtimeSeen.kind) {
    const subject = { source: { node }, kind: of.kind, name: runtime.name }
    return { of, items: [{ subject, object: runtime }] }
  }
  if (of.kind !== containersSeen.kind) return { of, absent: `a node shows no ${of.kind}` }
  return 'unread' in containers ? { of, unread: containers.unread } : { of, items: containers }
}
