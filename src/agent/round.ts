// One round of looking at a node: the runtime, each of its containers, and what the kernel says of their processes.
import { hostname } from 'node:os'
import type { Item, Kind, Subject } from '../contract/hazard.ts'
import type { Batch, World } from '../contract/world.ts'
import {
  type ContainerSeen,
  containersSeen,
  type Inspection,
  type RuntimeSeen,
  runtimeSeen,
  type ShimSeen,
} from '../linux/container.ts'
import { type ContainerState, containerState } from '../linux/container-processes.ts'
import { type KubeletSeen, kubeletSeen } from '../linux/kubelet.ts'
import type { Process } from '../linux/process.ts'
import { type ProcessTree, processTree } from '../linux/process-tree.ts'
import { mayBeShim } from '../linux/shims.ts'
import { type ContainerCgroups, containerCgroups, readCgroupLayout } from '../node/cgroup-state.ts'
import { readKernelStacks } from '../node/kernel-stack.ts'
import type { KubeletReader } from '../node/kubelet.ts'
import { readProcesses } from '../node/processes.ts'
import type { Runtime, RuntimeContainer } from '../runtimes/runtime.ts'
import { inspectAll } from './inspections.ts'

/** Where the node shows itself: the host's /proc and /sys/fs/cgroup, wherever they are mounted. */
export interface NodeRoots {
  readonly proc: string
  readonly cgroup: string
}

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
}

export const nodeName = (): string => process.env.NODE_NAME ?? hostname()

/** Asks runtime, kernel and kubelet of the same moment, as far as that goes: the kernel after the runtime. */
export async function lookAround(
  runtime: Runtime,
  roots: NodeRoots,
  limits: Limits,
  node: string,
  kubelet?: KubeletReader,
): Promise<Round> {
  const [round, asked] = await Promise.all([lookAtContainers(runtime, roots, limits, node), kubelet?.look()])
  return asked ? { ...round, kubelet: asked } : round
}

async function lookAtContainers(runtime: Runtime, roots: NodeRoots, limits: Limits, node: string): Promise<Round> {
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
  }
  if ('because' in listed)
    return { runtime: seen, containers: { unread: `${runtime.name} did not list its containers: ${listed.because}` } }
  try {
    return { runtime: seen, containers: containersOf(running, inspections, roots, node) }
  } catch (error) {
    return { runtime: seen, containers: { unread: error instanceof Error ? error.message : String(error) } }
  }
}

/** Of which it has to be known who traces them and what they wait for. */
const isTelling = ({ state, name }: Pick<Process, 'state' | 'name'>): boolean =>
  /^[DTt]$/.test(state) || mayBeShim(name)

/** @throws Error naming the path if the node can't be read. */
function containersOf(
  running: readonly RuntimeContainer[],
  inspections: ReadonlyMap<string, Inspection>,
  roots: NodeRoots,
  node: string,
): Item<ContainerSeen>[] {
  const tree = processTree(
    readProcesses(roots.proc, { waiting: isTelling, command: ({ state, name }) => state !== 'D' || mayBeShim(name) }),
  )
  const layout = readCgroupLayout(roots.proc)
  if (layout === undefined) throw new Error(`no cgroups are mounted, by the mount table below "${roots.proc}"`)
  const cgroups = containerCgroups(roots.cgroup, layout)
  const looked = running.map((container) => look(container, inspections.get(container.id), tree, cgroups))
  return looked.map((one) => ({ subject: subjectOf(one.container, node), object: seenOf(one, looked, roots) }))
}

interface Looked {
  readonly container: RuntimeContainer
  readonly inspection: Inspection
  readonly state: ContainerState
}

function look(
  container: RuntimeContainer,
  inspection: Inspection = { answer: 'nothing', ms: 0 },
  tree: ProcessTree,
  cgroups: ContainerCgroups,
): Looked {
  const { id, sandboxId } = container
  const pid = inspection.answer === 'told' ? inspection.pid : undefined
  const state = containerState(
    tree,
    { id, ...(sandboxId && { sandboxId }), ...(pid !== undefined && { pid }) },
    cgroups.read(id),
  )
  return { container, inspection, state }
}

/** `Container ads/bidder-7/app`, told apart by its id. */
function subjectOf({ id, name, pod }: RuntimeContainer, node: string): Subject {
  const named = pod
    ? { namespace: pod.namespace, pod: pod.name, name: pod.container ?? 'sandbox' }
    : { name: name || id.slice(0, 12) }
  return { source: { node }, kind: containersSeen.kind, ...named, uid: id }
}

function seenOf({ container, inspection, state }: Looked, all: readonly Looked[], { proc }: NodeRoots): ContainerSeen {
  const { id, name, sandbox, pod } = container
  const shims = state.shims.map(
    ({ process, shim, children }): ShimSeen => ({
      self: process,
      program: shim.kind,
      killable: shim.killable,
      liveChildren: children.map((child) => child.pid),
    }),
  )
  const pids = new Set(state.shims.filter(({ shim }) => shim.servesPod).map(({ process }) => process.pid))
  const mates = all.filter(
    (one) => one.container.id !== id && one.state.shims.some(({ process }) => pids.has(process.pid)),
  )
  const processes = state.processes.map(({ process }) => process)
  const frozen = state.processes.some((one) => one.frozen)
  return {
    id,
    name,
    claims: container.state,
    sandbox,
    ...(pod && { pod }),
    inspection: { ...inspection, ms: Math.round(inspection.ms) },
    condition: state.condition === 'unknown' ? { is: 'unknown', because: state.because } : { is: state.condition },
    processes,
    shims,
    podmates: mates.map((one) => ({ id: one.container.id, name: one.container.pod?.container ?? one.container.name })),
    ...(frozen && { frozen }),
    stacks: stacksOf([...processes, ...shims.map(({ self }) => self)], proc),
  }
}

/** Of what waits in the kernel only: a stack that stays the same is how one that never ends is told. */
function stacksOf(processes: readonly Process[], proc: string): Record<string, string> {
  const waiting = processes.filter(({ state }) => state === 'D')
  return Object.fromEntries(
    waiting.flatMap(({ pid }) => {
      const stacks = readKernelStacks(proc, pid, { threads: 4, frames: 8 })
      return 'because' in stacks ? [] : [[String(pid), stacks.map(({ frames }) => frames.join(' ')).join('; ')]]
    }),
  )
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

function batchOf(of: Kind<unknown>, node: string, { runtime, containers, kubelet }: Round): Batch {
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
