// Control groups as mount tables, /proc/<pid>/cgroup and their own files show them: cgroups(7), and
// Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of the kernel.

import type { Process } from './process.ts'

/** Controllers on v1, all on v2, or controllers on v1 next to a v2 tree that holds none. */
export type CgroupLayout = 'v1' | 'v2' | 'hybrid'

export interface CgroupEvents {
  /** Whether it, or a cgroup below it, holds a thread that lives. Zombies do not count. */
  readonly populated?: boolean
  /** Whether all of it is frozen; since Linux 5.2. */
  readonly frozen?: boolean
}

/** Of a whole cgroup. `freezing`: some of it does not come to rest, or has not yet. */
export type Freezer = 'thawed' | 'freezing' | 'frozen'

/** The layout from /proc/<pid>/mounts or mountinfo; undefined where no cgroups are mounted. */
export function cgroupLayout(mounts: string): CgroupLayout | undefined {
  const types = new Set(mounts.split('\n').map(fileSystemOf))
  if (types.has('cgroup')) return types.has('cgroup2') ? 'hybrid' : 'v1'
  return types.has('cgroup2') ? 'v2' : undefined
}

/** In mountinfo after a dash of its own, since the fields before it vary in number; else the third (proc(5)). */
function fileSystemOf(line: string): string | undefined {
  const [, afterDash] = line.split(' - ')
  return afterDash === undefined ? line.split(' ')[2] : afterDash.split(' ')[0]
}

/** cgroup.events of v2: `populated 1`, `frozen 0`. A line that is missing is undefined. */
export function parseCgroupEvents(text: string): CgroupEvents {
  const flag = (name: string): boolean | undefined => {
    const digit = new RegExp(`^${name} ([01])$`, 'm').exec(text)?.[1]
    return digit === undefined ? undefined : digit === '1'
  }
  const populated = flag('populated')
  const frozen = flag('frozen')
  return { ...(populated !== undefined && { populated }), ...(frozen !== undefined && { frozen }) }
}

/** freezer.state of v1: THAWED, FREEZING or FROZEN; undefined for anything else. */
export function parseFreezerState(text: string): Freezer | undefined {
  switch (text.trim()) {
    case 'THAWED':
      return 'thawed'
    case 'FREEZING':
      return 'freezing'
    case 'FROZEN':
      return 'frozen'
    default:
      return undefined
  }
}

/** cgroup.procs, cgroup.threads or tasks: one number a line. 0 is one of another pid namespace, and left out. */
export const parseMembers = (text: string): number[] => text.split('\n').map(Number).filter(Boolean)

// As runtimes name them: docker, containerd and podman with the cgroupfs driver the bare id (CRI-O: crio-<id>), with the
// systemd driver a scope, and containerd with cgroupfs below a kubelet with systemd <slice>:cri-containerd:<id>.
// conmon's own, crio-conmon-<id>.scope, is none.
const CONTAINER =
  /^(?:(?:docker|cri-containerd|crio|libpod|nerdctl)-|[^:]*:(?:docker|cri-containerd|crio|libpod|nerdctl):)?([0-9a-f]{64})(?:\.scope)?$/

/** The id of the container whose cgroup has this name (the last element of a path), else undefined. */
export const containerOf = (name: string): string | undefined => CONTAINER.exec(name)?.[1]

/** Containers whose cgroups a path lies in, outermost first; more than one where a container runs containers. */
export const containersIn = (path: string): string[] =>
  path.split('/').flatMap((element) => {
    const id = containerOf(element)
    return id === undefined ? [] : [id]
  })

/**
 * Whether a process belongs to a container (64 hexadecimal digits), by any of its cgroups. A zombie says so on v2 only:
 * on v1 the kernel shows `/` for it.
 */
export const belongsTo = ({ cgroups }: Pick<Process, 'cgroups'>, containerId: string): boolean =>
  Object.values(cgroups).some((path) => containersIn(path).includes(containerId))

/** What the cgroup of one container said, with the cgroups below it. */
export type CgroupAnswer =
  | {
      readonly answer: 'told'
      /** Whether a thread lives in it: on v2 from cgroup.events, on v1 since `tasks` lists only such. */
      readonly populated: boolean
      /** Pids of processes with a thread that lives; zombies are not among them. */
      readonly members: readonly number[]
      /** Undefined where the kernel or the tree has no freezer. */
      readonly freezer?: Freezer
    }
  /** The tree was read, and there is no cgroup of this container: nothing of it lives, since such a one can't be removed. */
  | { readonly answer: 'gone' }
  | { readonly answer: 'unread'; readonly because: string }
