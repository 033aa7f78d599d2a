// HTTP/2 against real servers on the loopback address, each of which fails in its own way.
import { once } from 'node:events'
import { createServer as createHttp1 } from 'node:http'
import {
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type LoadPlan, startLoad } from './load.ts'
import { isRaceForConnection, type Outcome } from './outcomes.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

async function listen(server: Server): Promise<URL> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

type Serve = (stream: ServerHttp2Stream) => void

function http2Server(serve: Serve, options: ServerOptions = {}): Http2Server {
  const server = createServer(options)
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    serve(stream)
  })
  server.on('session', (session: ServerHttp2Session) => session.on('error', () => undefined))
  return server
}

const serve = (serving: Serve, options?: ServerOptions): Promise<URL> => listen(http2Server(serving, options))

const planOf = (url: URL, over: Partial<LoadPlan> = {}): LoadPlan => ({
  ...{ arrivals: { perSecond: 100 }, target: () => url, method: 'GET', timeoutMs: 20_000 },
  ...{ protocol: 'http2', connections: 'kept' },
  ...over,
})

async function load(plan: LoadPlan, count: number): Promise<readonly Outcome[]> {
  const running = startLoad(plan, AbortSignal.timeout(30_000))
  while (running.outcomes.length < count) await sleep(5)
  return running.stop()
}

const failures = (outcomes: readonly Outcome[]) =>
  new Set(
    outcomes.map(({ result }) =>
      'failure' in result ? [result.failure, ...(result.code ? [result.code] : [])].join(' ') : result.status,
    ),
  )

const answer: Serve = (stream) => {
  stream.respond({ ':status': 200, 'x-backend': 'a' })
  stream.end('served')
}

describe('a load over HTTP/2', () => {
  it('opens one connection for each request, or keeps one', async () => {
    const sessions = new Set<unknown>()
    const url = await serve((stream) => {
      sessions.add(stream.session)
      answer(stream)
    })
    const fresh = await load(planOf(url, { connections: 'fresh' }), 10)
    expect([sessions.size, fresh.some(({ reused }) => reused)]).toEqual([fresh.length, false])
    expect(new Set(fresh.map(({ connection }) => connection?.localPort)).size).toBe(fresh.length)
    for (const { connection, sentMs, endedMs } of fresh) {
      expect(connection?.remote).toBe(url.host)
      expect(connection?.connectedMs).toBeGreaterThanOrEqual(sentMs)
      expect(connection?.connectedMs).toBeLessThanOrEqual(endedMs)
    }
    sessions.clear()
    const kept = await load(planOf(url), 10)
    expect([sessions.size, kept.filter(({ reused }) => !reused).length]).toEqual([1, 1])
    expect(kept.every(({ connection }) => (connection?.connectedMs ?? 0) >= 0)).toBe(true)
  })

  it('posts a body, sends headers, and keeps those that say who answered', async () => {
    const seen = new Set<string>()
    const server = createServer((question, response) => {
      let body = ''
      question.on('data', (part: Buffer) => {
        body += part.toString()
      })
      question.on('end', () => {
        seen.add([question.method, question.authority, question.url, question.headers['x-for'], body].join(' '))
        response.setHeader('x-backend', 'a')
        response.end()
      })
    })
    const url = await listen(server)
    const outcomes = await load(
      planOf(new URL('/a?b=1', url), {
        ...{
          method: 'POST',
          body: 'pay',
          keepHeaders: ['x-backend'],
          headers: { host: 'shop.example', 'x-for': 'test' },
        },
      }),
      3,
    )
    expect(outcomes[0]?.result).toEqual({ status: 200, headers: { 'x-backend': 'a' } })
    expect(seen).toEqual(new Set(['POST shop.example /a?b=1 test pay']))
  })

  it('opens a further connection where one takes no more streams', async () => {
    const held: ServerHttp2Stream[] = []
    const sessions = new Set<unknown>()
    const url = await serve(
      (stream) => {
        sessions.add(stream.session)
        held.push(stream)
        if (held.length === 8) for (const one of held) answer(one)
        if (held.length > 8) answer(stream)
      },
      { settings: { maxConcurrentStreams: 2 } },
    )
    // Slow enough for the settings to be there before the second.
    expect(failures(await load(planOf(url, { arrivals: { perSecond: 20 } }), 8))).toEqual(new Set([200]))
    expect(sessions.size).toBeGreaterThanOrEqual(4)
  })

  it('takes up no request on a connection that goes away', async () => {
    const sessions = new Set<unknown>()
    const url = await serve((stream) => {
      const { session } = stream
      if (session && !sessions.has(session)) setTimeout(() => session.close(), 25)
      sessions.add(session)
      setTimeout(() => answer(stream), 50)
    })
    const outcomes = await load(planOf(url, { arrivals: { perSecond: 50 } }), 12)
    // One that was on its way when GOAWAY came is lost, and told apart.
    expect(failures(outcomes.filter((one) => !isRaceForConnection(one)))).toEqual(new Set([200]))
    expect(sessions.size).toBeGreaterThan(2)
  })

  it('tells what timed out, and leaves that connection alone', async () => {
    let asked = 0
    const url = await serve((stream) => (asked++ === 0 ? undefined : answer(stream)))
    const outcomes = await load(planOf(url, { timeoutMs: 600, arrivals: { perSecond: 1 } }), 3)
    expect(
      outcomes.map(({ result, reused }) => ['failure' in result ? result.failure : result.status, reused]),
    ).toEqual([['timed-out', false], [200, false], ...outcomes.slice(2).map(() => [200, true])])
  })

  it('tells what was refused', async () => {
    const server = http2Server(answer)
    const url = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    for (const connections of ['fresh', 'kept'] as const)
      expect(failures(await load(planOf(url, { connections }), 3))).toEqual(new Set(['refused ECONNREFUSED']))
  })

  it('tells of a server that does not speak it', async () => {
    const url = await listen(createHttp1((_, response) => response.end('served')))
    expect(failures(await load(planOf(url), 3))).toEqual(new Set(['not-http2']))
  })

  it('tells of a server that says nothing at all', async () => {
    const url = await listen(createTcp((socket) => socket.on('error', () => undefined).resume()))
    const [outcome] = await load(planOf(url, { timeoutMs: 100 }), 1)
    expect(outcome?.result).toMatchObject({ failure: 'timed-out', message: expect.stringContaining('no SETTINGS') })
  })

  it('sends nothing twice', async () => {
    let asked = 0
    const url = await serve((stream) => {
      asked++
      stream.close(asked % 2 === 0 ? constants.NGHTTP2_REFUSED_STREAM : constants.NGHTTP2_CANCEL)
    })
    expect((await load(planOf(url), 10)).length).toBe(asked)
  })

  it('ends at once where it is told to', async () => {
    const url = await serve(() => undefined)
    const abort = new AbortController()
    const running = startLoad(planOf(url), abort.signal)
    await sleep(30)
    abort.abort(new Error('enough'))
    await expect(running.stop()).rejects.toThrow('enough')
  })
})
