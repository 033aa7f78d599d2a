// What the agent wants of a container runtime, whichever it is.

/** The Pod of a container, from the labels that the kubelet gives to the runtime. */
export interface PodIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** The container's name in the Pod; undefined for the sandbox (pause) itself. */
  readonly container?: string
}

export interface RuntimeContainer {
  /** 64 hexadecimal digits on all three runtimes. */
  readonly id: string
  readonly name: string
  /** What the runtime claims without asking anybody; `unknown` where it has no such claim. */
  readonly state: 'created' | 'running' | 'paused' | 'exited' | 'unknown'
  /** Its sandbox is no container of its own to a person, but its processes are real. */
  readonly sandbox: boolean
  /** The sandbox that it belongs to, where the runtime has such a thing. */
  readonly sandboxId?: string
  /** ms UTC. */
  readonly createdAt?: number
  readonly pod?: PodIdentity
}

/** What came of asking a runtime for one container. `ms`: how long the answer took, or until nobody waited any more. */
export type Inspection =
  | { readonly answer: 'told'; readonly ms: number; readonly state: RuntimeContainer['state']; readonly pid?: number }
  /** The runtime says that there is no such container (any more). */
  | { readonly answer: 'gone'; readonly ms: number }
  | { readonly answer: 'nothing'; readonly ms: number }
  | { readonly answer: 'error'; readonly ms: number; readonly because: string }

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
  close(): Promise<void>
}
