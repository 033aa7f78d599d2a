import { containersIn } from './cgroups.ts'
import { isOver, type Process } from './process.ts'
import { mayBeShim, type ShimOfContainer, shimOf } from './shims.ts'

/** All processes of a node at one time, looked through once for all of its containers. */
export interface ProcessTree {
  readonly byPid: ReadonlyMap<number, Process>
  childrenOf(pid: number): readonly Process[]
  /** Those whose cgroups lie in that of this container; zombies on v2 only. */
  inCgroupOf(containerId: string): readonly Process[]
  /** Whether its cgroups lie in that of any container. */
  isContained(process: Process): boolean
  /** The shims that bear this id, a container's or a sandbox's, with their live children. */
  shimsOf(id: string): readonly ShimOfContainer[]
  /** Those with a shim's name whose command line was not read, so that nobody knows whose they are. */
  readonly unreadShims: readonly Process[]
}

/** The tree of what was read, in which a parent may be missing. */
export function processTree(processes: readonly Process[]): ProcessTree {
  const children = new Map<number, Process[]>()
  const contained = new Map<string, Process[]>()
  const containersAt = new Map<string, readonly string[]>()
  const containersOf = (path: string): readonly string[] => {
    const known = containersAt.get(path) ?? containersIn(path)
    containersAt.set(path, known)
    return known
  }
  // Most are in the same cgroup of every controller.
  const idsOf = ({ cgroups }: Process): ReadonlySet<string> =>
    new Set([...new Set(Object.values(cgroups))].flatMap(containersOf))

  for (const one of processes) {
    add(children, one.parent, one)
    for (const id of idsOf(one)) add(contained, id, one)
  }
  const childrenOf = (pid: number): readonly Process[] => children.get(pid) ?? []
  // Found once for all containers: a node has as many shims as containers.
  const shims = new Map<string, ShimOfContainer[]>()
  for (const one of processes) {
    const shim = shimOf(one)
    if (shim)
      add(shims, shim.id, { process: one, shim, children: childrenOf(one.pid).filter((child) => !isOver(child)) })
  }
  return {
    byPid: new Map(processes.map((one) => [one.pid, one])),
    childrenOf,
    inCgroupOf: (containerId) => contained.get(containerId) ?? [],
    isContained: (one) => idsOf(one).size > 0,
    shimsOf: (id) => shims.get(id) ?? [],
    unreadShims: processes.filter((one) => mayBeShim(one.name) && one.command.length === 0 && !isOver(one)),
  }
}

function add<Key, One>(lists: Map<Key, One[]>, key: Key, one: One): void {
  const list = lists.get(key)
  if (list) list.push(one)
  else lists.set(key, [one])
}
