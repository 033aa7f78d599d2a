// CRI-O over the Container Runtime Interface, which is all that it offers.
//
// Which call asks for one container, changes nothing, and waits where CRI-O waits? CRI-O has a lock per container (opLock), held
// while runc does something to it, and from the first moment of a stop to the end of the last process
// (internal/oci/runtime_oci.go, StopLoopForContainer). By CRI-O's source and issues:
// - ListContainers, ListPodSandbox and a plain ContainerStatus take no lock (server/container_status.go, cri-o#3457).
// - ContainerStatus with verbose adds the pid. For that it waited for the lock until the middle of 2023 (1.25 to 1.27, fixed by
//   cri-o#6925): cri-o#6865 and #2584 are nodes where it hung. It is what `crictl inspect` asks, and this file too. Since then it is
//   answered from memory, like everything else that asks for one container: newer CRI-O is never mute for one container, and
//   what is wrong with it shows in its processes and its conmon alone.
// - ContainerStats waits for it to this day, but inside a lock around the figures of all containers (internal/lib/stats,
//   StatsForContainer). One mute container would make all mute, and the question itself would blind the kubelet.
// - ExecSync runs something in the container, UpdateContainerResources and ReopenContainerLog change something.
// Nothing asks a conmon: CRI-O waits for the exit file that it writes. While a conmon is stopped, or once it was killed,
// CRI-O goes on claiming that its container runs, whatever became of it, until somebody stops it.
import { criCalls, criFiles } from './cri.ts'
import { type Failure, grpcCaller } from './grpc.ts'
import { type Answer, OpenQuestions } from './open-questions.ts'
import { podIdentity } from './pod-identity.ts'
import type { Runtime, RuntimeContainer } from './runtime.ts'

type Labels = Readonly<Record<string, string>>
type Info = Readonly<Record<string, string>>

/** These three as cri.proto says. */
interface Container {
  readonly id: string
  readonly podSandboxId: string
  readonly metadata: { readonly name: string } | null
  readonly state: string
  readonly createdAt: number
  readonly labels: Labels
}

interface Sandbox {
  readonly id: string
  readonly state: string
  readonly createdAt: number
  readonly labels: Labels
}

interface Status {
  readonly status: { readonly state: string } | null
  readonly info: Info
}

/** Connects with the first question. @param socket the path of its unix socket. @param versions of CRI, in the order in which they are tried. */
export function crioRuntime(socket: string, versions?: readonly string[]): Runtime {
  const caller = grpcCaller(socket, criFiles)
  const call = criCalls(caller, versions)
  const questions = new OpenQuestions()
  /** Those of the last list: an id alone does not tell. */
  let sandboxes: ReadonlySet<string> = new Set()
  /** Those that turned out to have no container of their own: they are no containers to count, nor to ask for again. */
  const bare = new Set<string>()
  return {
    name: 'cri-o',
    socket,
    async answers(limitMs) {
      const began = performance.now()
      const reply = await call('Version', {}, Date.now() + limitMs)
      const ms = performance.now() - began
      return 'value' in reply ? { ms } : { because: becauseOf(socket, reply.failure), ms }
    },
    async list(limitMs) {
      const until = Date.now() + limitMs
      const pods = await call<{ items: readonly Sandbox[] }>('ListPodSandbox', {}, until)
      if ('failure' in pods) return { because: becauseOf(socket, pods.failure) }
      const own = await call<{ containers: readonly Container[] }>('ListContainers', {}, until)
      if ('failure' in own) return { because: becauseOf(socket, own.failure) }
      sandboxes = new Set(pods.value.items.map(({ id }) => id))
      for (const id of bare) if (!sandboxes.has(id)) bare.delete(id)
      const withContainer = pods.value.items.filter(({ id }) => !bare.has(id))
      return [...withContainer.map(ofSandbox), ...own.value.containers.map(ofContainer)]
    },
    // Without a deadline: the goroutine that waits for the lock does not notice that nobody waits for it any more.
    inspect: (id, limitMs) =>
      questions.ask(id, limitMs, async () => {
        const sandbox = sandboxes.has(id)
        const reply = await (sandbox
          ? call<Status>('PodSandboxStatus', { podSandboxId: id, verbose: true }, Number.POSITIVE_INFINITY)
          : call<Status>('ContainerStatus', { containerId: id, verbose: true }, Number.POSITIVE_INFINITY))
        if ('failure' in reply) return failed(socket, reply.failure)
        const info = parsedInfo(reply.value.info)
        // A sandbox without a container, which with drop_infra_ctr, the default of newer CRI-O, is all but those whose
        // containers share a pid namespace, has no pid in its info (server/sandbox_status.go, createSandboxInfo).
        if (!sandbox || !info || 'pid' in info) return told(reply.value, info)
        bare.add(id)
        return { answer: 'gone' }
      }),
    async close() {
      caller.close()
    },
  }
}

const becauseOf = (socket: string, { because }: Failure): string => `${socket}: ${because}`

function failed(socket: string, failure: Failure): Answer {
  if (failure.status === 'NOT_FOUND') return { answer: 'gone' }
  return failure.status === 'DEADLINE_EXCEEDED'
    ? { answer: 'nothing' }
    : { answer: 'error', because: becauseOf(socket, failure) }
}

function told({ status }: Status, info: object | undefined): Answer {
  const state = states[status?.state ?? ''] ?? 'unknown'
  const pid = info && 'pid' in info ? info.pid : undefined
  // It is the first process's and stays after its end.
  return {
    answer: 'told',
    state,
    fromMemory: true,
    ...(state === 'running' && typeof pid === 'number' && pid > 0 && { pid }),
  }
}

/** JSON of CRI-O's own making; undefined where there is none, as before 1.18. */
function parsedInfo({ info }: Info): object | undefined {
  try {
    const json: unknown = JSON.parse(info ?? '')
    return typeof json === 'object' && json !== null ? json : undefined
  } catch {
    return undefined
  }
}

/** CRI knows no paused containers: they run. */
const states: Readonly<Record<string, RuntimeContainer['state']>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  SANDBOX_READY: 'running',
  SANDBOX_NOTREADY: 'exited',
}

/** Of ns to ms: as a double it is good to some 0.1 µs. */
const msOf = (createdAt: number): { createdAt?: number } =>
  createdAt > 0 ? { createdAt: Math.floor(createdAt / 1e6) } : {}

function ofContainer({ id, podSandboxId, metadata, state, createdAt, labels }: Container): RuntimeContainer {
  const pod = podIdentity(labels, false)
  return {
    id,
    name: pod?.container ?? metadata?.name ?? id,
    state: states[state] ?? 'unknown',
    sandbox: false,
    ...(podSandboxId && { sandboxId: podSandboxId }),
    ...msOf(createdAt),
    ...(pod && { pod }),
  }
}

function ofSandbox({ id, state, createdAt, labels }: Sandbox): RuntimeContainer {
  const pod = podIdentity(labels, true)
  return {
    id,
    name: pod?.name ?? id,
    state: states[state] ?? 'unknown',
    sandbox: true,
    ...msOf(createdAt),
    ...(pod && { pod }),
  }
}
