// The privileged part behind a socket of its own: what it tells and does, as HTTP. See docs/decisions/.
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { RuntimeSeen } from '../linux/container.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import type { Actor, Outcome } from './act.ts'
import type { ShimStep } from './guard.ts'
import { stepOf } from './step-document.ts'

export interface Told {
  readonly step: ShimStep
  readonly outcome: Outcome | { readonly failed: string }
}

export interface ServeOptions {
  readonly runtime: Runtime
  readonly actor: Actor
  /** How long the runtime's daemon runs (ms); undefined if that can't be told. */
  readonly daemonAge: () => number | undefined
  /** What a restart of that daemon would do to its containers, where that is proven. */
  readonly restart?: RuntimeSeen['restart']
  /** What only root may read of processes: see `waitOf`. */
  readonly waitOf: (pid: number) => unknown
  /** Told of each step. */
  readonly told: (told: Told) => void
}

/** A step is 10 KB at most: 500 containers end with it. */
const mostBytes = 1 << 18
/** What a caller may wait for the runtime (ms). */
const longestLimit = 60_000

/**
 * Serves until `close`. Whoever may open the socket may ask: it is made for its owner and group only.
 * @param path of the socket; one that is left over is replaced.
 * @throws Error if it can't be made.
 */
export async function serveActor(path: string, options: ServeOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(request, options).then(
      ({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      (error: unknown) =>
        response
          .writeHead(500, { 'content-type': 'application/json' })
          .end(JSON.stringify({ failed: messageOf(error) })),
    )
  })
  rmSync(path, { force: true })
  const before = process.umask(0o117) // there must be no moment in which others may open it
  try {
    await listening(server, path)
  } finally {
    process.umask(before)
  }
  chmodSync(path, 0o660)
  return { close: () => closed(server) }
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function answer(
  request: IncomingMessage,
  { runtime, actor, daemonAge, restart, waitOf, told }: ServeOptions,
): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://actor')
  const limitMs = Math.min(Number(url.searchParams.get('limit')) || longestLimit, longestLimit)
  const [, version, what, id, ...more] = url.pathname.split('/')
  if (version !== 'v1' || more.length > 0) return none
  if (request.method === 'POST') return what === 'step' ? takeStep(await bodyOf(request), actor, told) : none
  if (request.method !== 'GET') return none
  if (what === 'runtime') {
    const age = daemonAge()
    return ok({
      name: runtime.name,
      socket: runtime.socket,
      paused: actor.isPaused(),
      ...(restart && { restart }),
      ...(age !== undefined && { upMs: age }),
    })
  }
  if (what === 'answers') return ok(await runtime.answers(limitMs))
  if (what === 'containers') return ok(await (id ? runtime.inspect(id, limitMs) : runtime.list(limitMs)))
  if (what === 'waits') {
    const pids = (url.searchParams.get('pids') ?? '').split(',').map(Number).filter(Number.isSafeInteger)
    return ok(Object.fromEntries(pids.map((pid) => [pid, waitOf(pid)])))
  }
  return none
}

const ok = (body: unknown): Answer => ({ status: 200, body })
const none: Answer = { status: 404, body: { failed: 'there is no such thing' } }

async function takeStep(text: string | undefined, actor: Actor, told: ServeOptions['told']): Promise<Answer> {
  const read = text === undefined ? { wrong: `a step has at most ${mostBytes} bytes` } : stepOf(parsed(text))
  if ('wrong' in read) return { status: 400, body: { failed: read.wrong } }
  const { step } = read
  try {
    const outcome = await actor.apply(step)
    told({ step, outcome })
    return ok({ outcome })
  } catch (error) {
    told({ step, outcome: { failed: messageOf(error) } })
    throw error
  }
}

/** Undefined if it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > mostBytes) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const listening = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
