// Which processes of a node are those of one container, and whether any of it lives: by what the kernel says alone, so
// that it holds where the runtime hangs.

import { belongsTo, type CgroupAnswer } from './cgroups.ts'
import { isOver, type Process } from './process.ts'
import type { ProcessTree } from './process-tree.ts'
import { type ShimOfContainer, shimsFor } from './shims.ts'

export interface ContainerOnNode {
  /** 64 hexadecimal digits, as is `sandboxId`. */
  readonly id: string
  readonly sandboxId?: string
  /** The first process, as the runtime claims; it may be gone, and the number may be another's by now. */
  readonly pid?: number
}

export interface ContainerProcess {
  readonly process: Process
  /** Undefined where that is not known. A task frozen by v1 shows D, one by v2 shows S: neither waits for anything. */
  readonly frozen?: boolean
  /** The first process of a pid namespace that waits for the others to end: it never runs its program again. */
  readonly ending: boolean
}

/**
 * `alive`: something of it runs, or will. `no-processes`: nothing is left. `only-zombies`: what is left waits to be
 * reaped. `unknown`: what was read does not tell.
 */
export type Condition =
  | { readonly condition: 'alive' | 'no-processes' | 'only-zombies' }
  | { readonly condition: 'unknown'; readonly because: string }

export type ContainerState = Condition & {
  readonly processes: readonly ContainerProcess[]
  readonly shims: readonly ShimOfContainer[]
}

/** Programs that a shim runs for itself, as children next to the container's. */
const OCI_RUNTIMES: ReadonlySet<string> = new Set(['runc', 'docker-runc', 'crun', 'youki', 'nvidia-containe'])

/** In which a namespace's init waits until all others in it are gone (kernel/pid_namespace.c). */
const ENDING = 'zap_pid_ns_processes'

/**
 * Finds a container's processes among all of a node, and says whether it lives. They are those in its cgroup, and those
 * below its shims: only there are zombies found, which cgroup.procs leaves out and for which v1 shows no path. `cgroup`
 * is what its cgroup said, read after the processes.
 */
export function containerState(tree: ProcessTree, container: ContainerOnNode, cgroup: CgroupAnswer): ContainerState {
  const shims = shimsFor(container.id, container.sandboxId, tree)
  const { own, unclear } = attribute(tree, container, shims, cgroup)
  const processes = own.map((one) => describe(one, container.id, cgroup))
  const foreign = shims.find(({ shim }) => !shim.killable)
  if (foreign) {
    const because = `${foreign.shim.kind} runs it behind a kernel of its own, whose processes do not show here`
    return { processes, shims, condition: 'unknown', because }
  }
  const condition = conditionOf(processes, unclear, container, cgroup)
  if (condition.condition === 'alive' || shims.length > 0 || tree.unreadShims.length === 0)
    return { processes, shims, ...condition }
  const because = `the command line of ${namesOf(tree.unreadShims)} was not read, which may be its shim`
  return { processes, shims, condition: 'unknown', because }
}

interface Attributed {
  readonly own: readonly Process[]
  /** Those below a shim that serves the whole Pod, of which nothing tells whose they are. */
  readonly unclear: readonly Process[]
}

function attribute(
  tree: ProcessTree,
  container: ContainerOnNode,
  shims: readonly ShimOfContainer[],
  cgroup: CgroupAnswer,
): Attributed {
  const members = cgroup.answer === 'told' ? cgroup.members.flatMap((pid) => tree.byPid.get(pid) ?? []) : []
  const named = new Set([...tree.inCgroupOf(container.id), ...members])
  // What names another container is that one's, with all below it.
  const mayBeOwn = (one: Process): boolean => named.has(one) || !tree.isContained(one)
  const below = shims.flatMap(({ process: { pid }, shim }) =>
    tree
      .childrenOf(pid)
      .filter((child) => mayBeOwn(child) && (named.has(child) || !OCI_RUNTIMES.has(child.name)))
      .map((child) => ({ child, sure: !shim.servesPod || child.pid === container.pid })),
  )
  const childrenIn = (sure: boolean): Process[] => below.filter((one) => one.sure === sure).map(({ child }) => child)
  const own = withDescendants([...named, ...childrenIn(true)], tree, mayBeOwn)
  const unclear = withDescendants(childrenIn(false), tree, mayBeOwn)
  return {
    own: [...own].sort((a, b) => a.pid - b.pid),
    unclear: [...unclear].filter((one) => !own.has(one)),
  }
}

function withDescendants(
  roots: readonly Process[],
  tree: ProcessTree,
  mayBeOwn: (one: Process) => boolean,
): ReadonlySet<Process> {
  const found = new Set(roots)
  // A set also yields what is added to it on the way.
  for (const one of found) for (const child of tree.childrenOf(one.pid)) if (mayBeOwn(child)) found.add(child)
  return found
}

function describe(process: Process, id: string, cgroup: CgroupAnswer): ContainerProcess {
  const frozen = isFrozen(process, id, cgroup)
  return { process, ...(frozen !== undefined && { frozen }), ending: process.waitChannel === ENDING }
}

/** The freezer of a cgroup speaks for what is in it. What freezes it while it waits keeps its wait channel. */
function isFrozen(process: Process, id: string, cgroup: CgroupAnswer): boolean | undefined {
  if (isOver(process)) return false
  if (process.waitChannel === '__refrigerator' || process.waitChannel === 'do_freezer_trap') return true
  if (cgroup.answer !== 'told' || !cgroup.freezer) return undefined
  if (!belongsTo(process, id) && !cgroup.members.includes(process.pid)) return undefined
  return cgroup.freezer === 'freezing' ? undefined : cgroup.freezer === 'frozen'
}

function conditionOf(
  processes: readonly ContainerProcess[],
  unclear: readonly Process[],
  container: ContainerOnNode,
  cgroup: CgroupAnswer,
): Condition {
  const left = processes.filter(({ process }) => !isOver(process) || process.liveThreads === undefined)
  const ending = left.filter((one) => one.ending)
  // A zombie whose threads were not read: the cgroup tells whether any lives.
  const unread = left.filter(({ process }) => process.state === 'Z' || process.state === 'X').filter(threadsUnread)
  if (left.length > ending.length + unread.length) return { condition: 'alive' }
  if (cgroup.answer === 'unread') return unknown(`its cgroup was not read: ${cgroup.because}`)
  // An init that is ending is a thread that lives to the kernel, so that `populated` says nothing more.
  if (cgroup.answer === 'told' && cgroup.populated && ending.length === 0) return { condition: 'alive' }
  if (unread.length > 0 && ending.length > 0) return unknown(`the threads of ${pidsOf(unread)} were not read`)
  const live = unclear.filter((process) => !isOver(process))
  if (live.length > 0) return unknown(`${namesOf(live)} below the Pod's shim may be its own`)
  if (processes.length > 0) return { condition: 'only-zombies' }
  // With its init its pid namespace ends, and with that all zombies in it: where the claimed pid is gone, they are not its.
  if (unclear.length > 0 && container.pid === undefined)
    return unknown(`${namesOf(unclear)} below the Pod's shim may be its own`)
  return { condition: 'no-processes' }
}

const threadsUnread = ({ process }: ContainerProcess): boolean => process.liveThreads === undefined

const unknown = (because: string): Condition => ({ condition: 'unknown', because })

const pidsOf = (processes: readonly ContainerProcess[]): string =>
  processes.map(({ process }) => process.pid).join(', ')

const namesOf = (processes: readonly Process[]): string =>
  processes.map(({ pid, name }) => `${pid} (${name})`).join(', ')
