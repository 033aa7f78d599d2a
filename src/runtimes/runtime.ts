// What the agent wants of a container runtime, whichever it is.
import type { ContainerState, Inspection, PodIdentity } from '../linux/container.ts'

export type { Inspection, PodIdentity } from '../linux/container.ts'

export interface RuntimeContainer {
  /** 64 hexadecimal digits on all three runtimes. */
  readonly id: string
  readonly name: string
  /** What the runtime claims without asking anybody; `unknown` where it has no such claim. */
  readonly state: ContainerState
  /** Its sandbox is no container of its own to a person, but its processes are real. */
  readonly sandbox: boolean
  /** The sandbox that it belongs to, where the runtime has such a thing. */
  readonly sandboxId?: string
  /** ms UTC. */
  readonly createdAt?: number
  readonly pod?: PodIdentity
}

/** One runtime behind its socket. Nothing here throws for what the runtime does; only a bug does. */
export interface Runtime {
  readonly name: 'docker' | 'containerd' | 'cri-o'
  readonly socket: string
  /** Whether the daemon itself answers, by a call that asks no shim. */
  answers(limitMs: number): Promise<{ readonly ms: number } | { readonly because: string; readonly ms: number }>
  /** All containers by a call that asks no shim. */
  list(limitMs: number): Promise<readonly RuntimeContainer[] | { readonly because: string }>
  /** Asks for one container in the way that hangs when its shim does; at most one such question per container is open. */
  inspect(id: string, limitMs: number): Promise<Inspection>
  /** Whether its configuration has containers live on while the daemon is away; undefined if it does not say. Docker's alone. */
  liveRestore?(limitMs: number): Promise<boolean | undefined>
  close(): Promise<void>
}
