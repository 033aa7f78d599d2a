// The Docker Engine API over its unix socket. https://docs.docker.com/engine/api/v1.41/ : the paths used are in every
// version since 1.12, and without a version in the path the daemon takes its own.
import { Agent } from 'undici'
import { type Answer, messageOf, OpenQuestions } from './open-questions.ts'
import { podIdentity } from './pod-identity.ts'
import type { Runtime, RuntimeContainer } from './runtime.ts'

interface Listed {
  readonly Id: string
  readonly Names?: readonly string[]
  readonly State?: string
  readonly Labels?: Readonly<Record<string, string>> | null
  /** s UTC. */
  readonly Created?: number
}

interface Inspected {
  readonly State: { readonly Status?: string; readonly Pid?: number }
}

interface Reply {
  readonly status: number
  readonly text: string
  readonly json: object | undefined
}

/** Nothing is sent before the first question. @param socket the path of its unix socket. */
export function dockerRuntime(socket: string): Runtime {
  // A connection carries one request at a time, so one that hangs holds up no other.
  const agent = new Agent({ connect: { socketPath: socket }, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  const questions = new OpenQuestions()

  const get = async (path: string, limitMs?: number): Promise<Reply> => {
    const signal = limitMs === undefined ? undefined : AbortSignal.timeout(limitMs)
    const { statusCode, body } = await agent.request({
      origin: 'http://docker',
      path,
      method: 'GET',
      ...(signal && { signal }),
    })
    const text = await body.text()
    return { status: statusCode, text, json: parsed(text) }
  }

  return {
    name: 'docker',
    socket,
    async answers(limitMs) {
      const began = performance.now()
      const because = await get('/_ping', limitMs).then(pinged, reason(socket))
      const ms = performance.now() - began
      return because === undefined ? { ms } : { because, ms }
    },
    async list(limitMs) {
      return get('/containers/json?all=1', limitMs).then(
        (reply) => listed(reply, socket),
        (error: unknown) => ({ because: reason(socket)(error) }),
      )
    },
    // The request has no deadline of its own: to abort it would free nothing in the daemon, and hide that it hangs.
    inspect: (id, limitMs) =>
      questions.ask(id, limitMs, () =>
        get(`/containers/${encodeURIComponent(id)}/json`).then(told, (error: unknown) => ({
          answer: 'error',
          because: reason(socket)(error),
        })),
      ),
    liveRestore: (limitMs) =>
      get('/info', limitMs).then(
        ({ json }) => (json && 'LiveRestoreEnabled' in json ? json.LiveRestoreEnabled === true : undefined),
        () => undefined,
      ),
    async close() {
      await agent.destroy()
    },
  }
}

/** Every answer used is an object or a list; a page or a half one is neither. */
function parsed(text: string): object | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? json : undefined
  } catch {
    return undefined
  }
}

function failure({ status, json, text }: Reply): string | undefined {
  if (status === 200) return json ? undefined : `its answer is no JSON: ${JSON.stringify(text.slice(0, 60))}`
  return `it answered with status ${status}: ${messageIn(json) ?? text.slice(0, 200)}`
}

const messageIn = (json: object | undefined): string | undefined =>
  json && 'message' in json && typeof json.message === 'string' ? json.message : undefined

const pinged = (reply: Reply): string | undefined =>
  reply.status === 200 && reply.text === 'OK' ? undefined : (failure(reply) ?? 'its answer to a ping is not OK')

const reason =
  (socket: string) =>
  (error: unknown): string =>
    error instanceof Error && error.name === 'TimeoutError'
      ? `${socket}: no whole answer in time`
      : `${socket}: ${messageOf(error)}`

function listed(reply: Reply, socket: string): readonly RuntimeContainer[] | { readonly because: string } {
  const because =
    failure(reply) ?? (Array.isArray(reply.json) ? undefined : 'it answered with something else than a list')
  return because === undefined ? (reply.json as readonly Listed[]).map(container) : { because: `${socket}: ${because}` }
}

function container({ Id: id, Names, State, Labels, Created }: Listed): RuntimeContainer {
  const labels = Labels ?? {}
  const sandbox = labels['io.kubernetes.docker.type'] === 'podsandbox'
  const sandboxId = labels['io.kubernetes.sandbox.id']
  const pod = podIdentity(labels, sandbox)
  return {
    id,
    name: Names?.[0]?.replace(/^\//, '') ?? id,
    state: stateOf(State),
    sandbox,
    ...(sandboxId && !sandbox && { sandboxId }),
    ...(Created !== undefined && { createdAt: Created * 1000 }),
    ...(pod && { pod }),
  }
}

function told(reply: Reply): Answer {
  // Another server's 404 speaks of a path. Podman writes it small.
  if (reply.status === 404 && /no such container/i.test(messageIn(reply.json) ?? '')) return { answer: 'gone' }
  const because = failure(reply)
  if (because !== undefined) return { answer: 'error', because }
  const { State: state } = reply.json as Inspected
  const pid = state?.Pid
  // The pid is 0 where nothing runs.
  return { answer: 'told', state: stateOf(state?.Status), ...(pid && { pid }) }
}

/** `restarting`, `removing` and `dead` have no process either. */
function stateOf(status: string | undefined): RuntimeContainer['state'] {
  switch (status) {
    case 'created':
    case 'running':
    case 'paused':
      return status
    case 'restarting':
    case 'removing':
    case 'exited':
    case 'dead':
      return 'exited'
    default:
      return 'unknown'
  }
}
