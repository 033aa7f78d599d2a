// Each container of a round: what the runtime answered for it, and what the kernel says of its processes and its shim.
import type { Item, Subject } from '../contract/hazard.ts'
import type { CgroupAnswer } from '../linux/cgroups.ts'
import { type ContainerSeen, containersSeen, type Inspection, type ShimSeen } from '../linux/container.ts'
import { type ContainerState, containerState } from '../linux/container-processes.ts'
import { isOver, type Process } from '../linux/process.ts'
import { type ProcessTree, processTree } from '../linux/process-tree.ts'
import { mayBeShim } from '../linux/shims.ts'
import { type ContainerCgroups, containerCgroups, readCgroupLayout } from '../node/cgroup-state.ts'
import type { KeptProcesses } from '../node/kept-processes.ts'
import { readProcesses } from '../node/processes.ts'
import { stackText } from '../node/wait.ts'
import type { RuntimeContainer } from '../runtimes/runtime.ts'
import type { Wait } from '../runtimes/through-actor.ts'
import { isPrompt } from './inspections.ts'

/** Where the node shows itself: the host's /proc and /sys/fs/cgroup, wherever they are mounted. */
export interface NodeRoots {
  readonly proc: string
  readonly cgroup: string
}

/** What only root may read of processes, by pid: asked of whoever is. */
export type Waits = (pids: readonly number[]) => Promise<ReadonlyMap<number, Wait>>

export interface Parts {
  readonly running: readonly RuntimeContainer[]
  readonly inspections: ReadonlyMap<string, Inspection>
  readonly roots: NodeRoots
  /** The node's name. */
  readonly node: string
  readonly kept?: KeptProcesses
  /** Without it, it is read here. */
  readonly waits?: Waits
}

/** Of which it has to be known who traces them and what they wait for. */
const isTelling = ({ state }: Pick<Process, 'state'>): boolean => state === 'D' || state === 'T' || state === 't'

/** What the kernel says of the processes of each container that may run. @throws Error naming the path if the node can't be read. */
export async function containersOf({
  running,
  inspections,
  roots,
  node,
  kept,
  waits,
}: Parts): Promise<Item<ContainerSeen>[]> {
  const command = ({ state, name }: Pick<Process, 'state' | 'name'>) => state !== 'D' || mayBeShim(name)
  const processes = readProcesses(roots.proc, { waiting: isTelling, command, ...(kept && { kept }) })
  const told = await waits?.(processes.filter(isTelling).map(({ pid }) => pid))
  const tree = processTree(told ? processes.map((one) => withWait(one, told.get(one.pid))) : processes)
  const layout = readCgroupLayout(roots.proc)
  if (layout === undefined) throw new Error(`no cgroups are mounted, by the mount table below "${roots.proc}"`)
  const cgroups = containerCgroups(roots.cgroup, layout)
  const looked = running.map((container) => look(container, inspections.get(container.id), tree, cgroups))
  const behind = byPodShim(looked)
  return looked.map((one) => ({ subject: subjectOf(one.container, node), object: seenOf(one, behind, roots, told) }))
}

function withWait(process: Process, { tracer, waitChannel }: Wait = {}): Process {
  return { ...process, ...(tracer !== undefined && { tracer }), ...(waitChannel !== undefined && { waitChannel }) }
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
    isPlainlyWell(inspection, tree.inCgroupOf(id)) ? lives : cgroups.read(id),
  )
  return { container, inspection, state }
}

const lives: CgroupAnswer = { answer: 'told', populated: true, members: [] }

/** It answered at once, and what the process list shows of it lives, neither waiting nor stopped: its cgroup could say no more. */
const isPlainlyWell = (inspection: Inspection, own: readonly Process[]): boolean =>
  isPrompt(inspection) && own.some((one) => !isOver(one)) && !own.some(isTelling)

/** Those behind each shim that serves a whole Pod, by its pid. */
function byPodShim(looked: readonly Looked[]): ReadonlyMap<number, readonly Looked[]> {
  const behind = new Map<number, Looked[]>()
  for (const one of looked) {
    for (const { process, shim } of one.state.shims) {
      if (shim.servesPod) behind.set(process.pid, [...(behind.get(process.pid) ?? []), one])
    }
  }
  return behind
}

/** `Container ads/bidder-7/app`, told apart by its id. */
function subjectOf({ id, name, pod }: RuntimeContainer, node: string): Subject {
  const named = pod
    ? { namespace: pod.namespace, pod: pod.name, name: pod.container ?? 'sandbox' }
    : { name: name || id.slice(0, 12) }
  return { source: { node }, kind: containersSeen.kind, ...named, uid: id }
}

function seenOf(
  { container, inspection, state }: Looked,
  behind: ReadonlyMap<number, readonly Looked[]>,
  { proc }: NodeRoots,
  told: ReadonlyMap<number, Wait> | undefined,
): ContainerSeen {
  const { id, name, sandbox, pod } = container
  const shims = state.shims.map(
    ({ process, shim, children }): ShimSeen => ({
      self: process,
      program: shim.kind,
      killable: shim.killable,
      liveChildren: children.map((child) => child.pid),
    }),
  )
  const podmates = new Set(state.shims.flatMap(({ process }) => behind.get(process.pid) ?? []))
  const mates = [...podmates].filter((one) => one.container.id !== id)
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
    stacks: stacksOf(
      [...processes, ...shims.map(({ self }) => self)],
      told ? (pid) => stackOf(told.get(pid)) : (pid) => stackText(proc, pid),
    ),
  }
}

/** Of what waits in the kernel only: a stack that stays the same is how one that never ends is told. */
function stacksOf(processes: readonly Process[], read: (pid: number) => string | undefined): Record<string, string> {
  const waiting = processes.filter(({ state }) => state === 'D')
  return Object.fromEntries(
    waiting.flatMap(({ pid }) => {
      const stack = read(pid)
      return stack === undefined ? [] : [[String(pid), stack]]
    }),
  )
}

/** Where the whole stack may not be read, its innermost function is the next best: two waits in one place look alike by it. */
const stackOf = ({ stack, waitChannel }: Wait = {}): string | undefined => stack ?? waitChannel
