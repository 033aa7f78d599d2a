// What one round of looking at a node saw of its containers and their runtime.
import { kind } from '../contract/reads.ts'
import type { Process } from './process.ts'

/** The Pod of a container, from the labels that the kubelet gives to the runtime. */
export interface PodIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** The container's name in the Pod; undefined for the sandbox (pause) itself. */
  readonly container?: string
}

export type ContainerState = 'created' | 'running' | 'paused' | 'exited' | 'unknown'

/**
 * What came of asking a runtime for one container. `ms`: how long the answer took, or until nobody waited any more.
 * `earlier`: it failed so often that it was not asked this time, and this is what came of it when it last was: neither one
 * more failure nor a sign of health.
 */
export type Inspection =
  | {
      readonly answer: 'told'
      readonly ms: number
      readonly state: ContainerState
      readonly pid?: number
      /** The runtime did not ask anybody: that it answers says nothing of the container. */
      readonly fromMemory?: true
    }
  /** The runtime says that there is no such container (any more). */
  | { readonly answer: 'gone'; readonly ms: number }
  | { readonly answer: 'nothing'; readonly ms: number; readonly earlier?: true }
  | { readonly answer: 'error'; readonly ms: number; readonly because: string; readonly earlier?: true }

/** What is left of a container's processes. Of `alive` at least one thread runs. */
export type Condition =
  | { readonly is: 'alive' | 'no-processes' | 'only-zombies' }
  | { readonly is: 'unknown'; readonly because: string }

/** A process that supervises a container for its runtime. */
export interface ShimSeen {
  readonly self: Process
  /** Its program, such as `containerd-shim-runc-v2` or `conmon`. */
  readonly program: string
  /** False for those that stand for a whole virtual machine or sandbox of its own (kata, gVisor). */
  readonly killable: boolean
  /** Pids of its children that are not over. */
  readonly liveChildren: readonly number[]
}

export interface ContainerSeen {
  readonly id: string
  readonly name: string
  /** What the runtime claims by its list. */
  readonly claims: ContainerState
  readonly sandbox: boolean
  readonly pod?: PodIdentity
  readonly inspection: Inspection
  readonly condition: Condition
  /** Its own processes, zombies included. */
  readonly processes: readonly Process[]
  /** All that name it; more than one where leftovers are around. */
  readonly shims: readonly ShimSeen[]
  /** The other containers behind the same shim. */
  readonly podmates: readonly { readonly id: string; readonly name: string }[]
  /** Its cgroup is frozen, by whomever: its tasks show D and are not stuck. */
  readonly frozen?: true
  /** Kernel stacks of processes in D, by pid, where they may be read. */
  readonly stacks?: Readonly<Record<string, string>>
}

/** How a call ended: what it took (ms), and why it failed if it did. */
export interface Call {
  readonly ms: number
  readonly because?: string
}

export interface RuntimeSeen {
  readonly name: string
  readonly socket: string
  /** A call that asks nothing but the daemon itself. */
  readonly answers: Call
  /** Listing all containers, which asks no shim. */
  readonly lists: Call
  readonly containers: number
  /** Of how many containers an inspection is known, mostly of this round, and of how many of them it gave no answer. */
  readonly inspected: number
  readonly mute: number
  /** What a restart of the daemon does to containers, where that is proven by its configuration (live-restore, KillMode). */
  readonly restart?: 'keeps-containers' | 'ends-containers'
}

/** The containers that a runtime claims, one by one. */
export const containersSeen = kind<ContainerSeen>('Container')
/** The runtime that they are of. */
export const runtimeSeen = kind<RuntimeSeen>('Runtime')
