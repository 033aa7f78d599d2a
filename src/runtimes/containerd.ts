// containerd's own services, not its CRI plugin: CRI answers ContainerStatus from memory and never notices a mute shim.
import { type Caller, type Failure, grpcCaller } from './grpc.ts'
import { type Answer, OpenQuestions } from './open-questions.ts'
import { podIdentity } from './pod-identity.ts'
import type { Runtime, RuntimeContainer } from './runtime.ts'

/** As containers.proto says. */
interface Container {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: { readonly value: Buffer } | null
  readonly createdAt: { readonly seconds: number; readonly nanos: number } | null
  /** Empty before 1.7. */
  readonly sandbox: string
}

/** As tasks.proto says. */
interface Task {
  readonly process: { readonly pid: number; readonly status: string } | null
}

/** The kubelet's containers, and Docker's where it stands on this containerd. */
const usualNamespaces = ['k8s.io', 'moby']

/** ms that the call's own deadline may be late before the one around it counts. */
const slack = 100

/** Connects with the first question. @param socket the path of its unix socket. @param namespaces containerd's own. */
export function containerdRuntime(socket: string, namespaces: readonly string[] = usualNamespaces): Runtime {
  const caller = grpcCaller(socket, ['version.proto', 'containers.proto', 'tasks.proto'])
  const questions = new OpenQuestions()
  return {
    name: 'containerd',
    socket,
    async answers(limitMs) {
      const began = performance.now()
      const reply = await caller.call('containerd.services.version.v1.Version.Version', {}, Date.now() + limitMs)
      const ms = performance.now() - began
      return 'value' in reply ? { ms } : { because: becauseOf(socket, reply.failure), ms }
    },
    // The Containers service is a database. The Tasks service also lists, but asks every shim, one after the other, and
    // each mute one costs it 2 s.
    async list(limitMs) {
      const until = Date.now() + limitMs
      const listed: RuntimeContainer[] = []
      for (const namespace of namespaces) {
        const reply = await caller.call<{ containers: readonly Container[] }>(
          'containerd.services.containers.v1.Containers.List',
          {},
          until,
          headers(namespace),
        )
        if ('failure' in reply) return { because: becauseOf(socket, reply.failure) }
        listed.push(...reply.value.containers.map(runtimeContainer))
      }
      return listed
    },
    inspect: (id, limitMs) =>
      questions.ask(id, limitMs + slack, () => inspected(caller, socket, id, namespaces, Date.now() + limitMs)),
    async close() {
      caller.close()
    },
  }
}

const headers = (namespace: string): Record<string, string> => ({ 'containerd-namespace': namespace })

const becauseOf = (socket: string, { because }: Failure): string => `${socket}: ${because}`

/** Tasks.Get asks the shim of the one container. */
async function inspected(
  caller: Caller,
  socket: string,
  id: string,
  namespaces: readonly string[],
  until: number,
): Promise<Answer> {
  for (const namespace of namespaces) {
    const request = { containerId: id }
    const reply = await caller.call<Task>('containerd.services.tasks.v1.Tasks.Get', request, until, headers(namespace))
    if ('value' in reply) return taskAnswer(reply.value)
    if (reply.failure.status !== 'NOT_FOUND') return failed(socket, reply.failure)
  }
  // A record without a task: it has ended and its task was deleted, or was never started. Nothing of it runs either way.
  for (const namespace of namespaces) {
    const method = 'containerd.services.containers.v1.Containers.Get'
    const reply = await caller.call(method, { id }, until, headers(namespace))
    if ('value' in reply) return { answer: 'told', state: 'exited' }
    if (reply.failure.status !== 'NOT_FOUND') return failed(socket, reply.failure)
  }
  return { answer: 'gone' }
}

const failed = (socket: string, failure: Failure): Answer =>
  failure.status === 'DEADLINE_EXCEEDED'
    ? { answer: 'nothing' }
    : { answer: 'error', because: becauseOf(socket, failure) }

/**
 * A mute shim does not make the call fail: containerd gives up after its own time-out (io.containerd.timeout.task.state,
 * 2 s), logs it and answers with a status of UNKNOWN, which no shim says by itself (services/tasks/local.go).
 */
function taskAnswer({ process }: Task): Answer {
  const state = states[process?.status ?? ''] ?? 'unknown'
  if (state === 'unknown') return { answer: 'nothing' }
  const running = state !== 'exited' && process?.pid
  return { answer: 'told', state, ...(running && { pid: running }) }
}

const states: Readonly<Record<string, RuntimeContainer['state']>> = {
  CREATED: 'created',
  RUNNING: 'running',
  STOPPED: 'exited',
  PAUSING: 'paused',
  PAUSED: 'paused',
}

function runtimeContainer({ id, labels, spec, createdAt, sandbox: ofSandbox }: Container): RuntimeContainer {
  const sandbox = labels['io.cri-containerd.kind'] === 'sandbox'
  const pod = podIdentity(labels, sandbox)
  const sandboxId = sandbox ? undefined : ofSandbox || sandboxInSpec(spec?.value)
  return {
    id,
    name: pod?.container ?? pod?.name ?? id,
    state: 'unknown',
    sandbox,
    ...(sandboxId && { sandboxId }),
    // A time that is not set is of the year 1.
    ...(createdAt &&
      createdAt.seconds > 0 && { createdAt: createdAt.seconds * 1000 + Math.floor(createdAt.nanos / 1e6) }),
    ...(pod && { pod }),
  }
}

const sandboxKey = '"io.kubernetes.cri.sandbox-id":"'

/**
 * The spec is JSON of the OCI in an Any; CRI notes the sandbox among its annotations, as Go writes JSON: without blanks. Parsing
 * some 10 KB of each container in each round for 64 characters would be half of what a round costs.
 */
function sandboxInSpec(value: Buffer | undefined): string | undefined {
  const at = value?.indexOf(sandboxKey) ?? -1
  if (!value || at < 0) return undefined
  const from = at + sandboxKey.length
  const to = value.indexOf('"', from)
  return to < 0 ? undefined : value.toString('latin1', from, to)
}
