// A runtime, and the hands to act, through the privileged part of the agent: whoever asks needs no privilege of its own.
import { Agent } from 'undici'
import type { Step } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import type { RuntimeSeen } from '../linux/container.ts'
import { messageOf } from './open-questions.ts'
import type { Inspection, Runtime, RuntimeContainer } from './runtime.ts'

/** What only root may read of a process. */
export interface Wait {
  readonly tracer?: number
  readonly waitChannel?: string
  /** Kernel functions of its threads, innermost first. */
  readonly stack?: string
}

export interface ThroughActor {
  readonly runtime: Runtime
  readonly arms: readonly Arm[]
  /** What a restart of the runtime's daemon would do to its containers, where that is proven. */
  readonly restart?: RuntimeSeen['restart']
  /** How long the runtime's daemon runs (ms), undefined if that can't be told; whether a file on the node says pause. */
  daemon(): Promise<{ readonly upMs?: number; readonly paused?: boolean }>
  /** By pid; empty where the actor does not answer. */
  waits(pids: readonly number[]): Promise<ReadonlyMap<number, Wait>>
}

/** ms on top of what the runtime gets: the actor answers itself in a few. */
const slack = 2000
/** How long a step may take (ms): two looks at the runtime, and processes that take their time to die. */
const stepLimit = 60_000

/**
 * @param socket the actor's.
 * @throws Error if it does not answer, naming the socket.
 */
export async function throughActor(socket: string, limitMs: number): Promise<ThroughActor> {
  const agent = new Agent({ connect: { socketPath: socket }, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  const ask = async <T>(path: string, limit: number, body?: unknown): Promise<T> => {
    const { statusCode, body: reply } = await agent.request({
      origin: 'http://actor',
      path,
      method: body === undefined ? 'GET' : 'POST',
      signal: AbortSignal.timeout(limit + slack),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer = (await reply.json()) as T & { readonly failed?: string }
    if (statusCode !== 200) throw new Error(`${socket}: ${answer.failed ?? `status ${statusCode}`}`)
    return answer
  }
  const because = (error: unknown): string => `${socket}: ${messageOf(error)}`
  interface Named {
    readonly name: Runtime['name']
    readonly socket: string
    readonly upMs?: number
    readonly paused: boolean
    readonly restart?: RuntimeSeen['restart']
  }
  const named = () => ask<Named>('/v1/runtime', limitMs)
  const first = await named().catch((error: unknown) => {
    void agent.destroy()
    throw new Error(`the actor does not answer: ${because(error)}`)
  })
  const runtime: Runtime = {
    name: first.name,
    socket: first.socket,
    async answers(limit) {
      const began = performance.now()
      return ask<Awaited<ReturnType<Runtime['answers']>>>(`/v1/answers?limit=${limit}`, limit).catch(
        (error: unknown) => ({
          because: because(error),
          ms: performance.now() - began,
        }),
      )
    },
    list: (limit) =>
      ask<readonly RuntimeContainer[] | { because: string }>(`/v1/containers?limit=${limit}`, limit).catch(
        (error: unknown) => ({ because: because(error) }),
      ),
    async inspect(id, limit) {
      const began = performance.now()
      return ask<Inspection>(`/v1/containers/${id}?limit=${limit}`, limit).catch((error: unknown) => ({
        answer: 'error',
        because: because(error),
        ms: performance.now() - began,
      }))
    },
    close: () => agent.destroy(),
  }
  const apply = async (step: Step) =>
    (await ask<{ outcome: 'done' | { held: string } }>('/v1/step', stepLimit, step)).outcome
  return {
    runtime,
    ...(first.restart && { restart: first.restart }),
    arms: (['continue-shim', 'end-shim'] as const).map((does): Arm => ({ does, apply })),
    daemon: () => named().catch(() => ({})),
    async waits(pids) {
      if (pids.length === 0) return new Map()
      const waits = await ask<Record<string, Wait>>(`/v1/waits?pids=${pids.join()}`, limitMs).catch(() => ({}))
      return new Map(Object.entries(waits).map(([pid, wait]) => [Number(pid), wait]))
    },
  }
}
