// The load against real servers on the loopback address, each of which fails in its own way.
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type LoadPlan, startLoad, startLoads, warmUp } from './load.ts'
import type { Outcome } from './outcomes.ts'
import { latenessOf } from './summary.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

const planOf = (url: URL, over: Partial<LoadPlan> = {}): LoadPlan => ({
  ...{ arrivals: { perSecond: 100 }, target: () => url, method: 'GET', connections: 'fresh', timeoutMs: 20_000 },
  ...over,
})

/** Sends until so many have ended. */
async function load(plan: LoadPlan, count: number): Promise<readonly Outcome[]> {
  const running = startLoad(plan, AbortSignal.timeout(30_000))
  while (running.outcomes.length < count) await sleep(5)
  return running.stop()
}

const failures = (outcomes: readonly Outcome[]) =>
  new Set(outcomes.map(({ result }) => ('failure' in result ? result.failure : result.status)))

describe('a load', () => {
  it('goes on sending while no answer comes', async () => {
    const held: (() => void)[] = []
    const url = await serve((_, answer) => {
      held.push(() => answer.end())
      // Who waits for an answer before it sends the next request never gets here.
      if (held.length === 20) for (const release of held) release()
      if (held.length > 20) answer.end()
    })
    const outcomes = await load(planOf(url), 20)
    expect(failures(outcomes)).toEqual(new Set([200]))
    const planned = outcomes.map(({ plannedMs }) => plannedMs).toSorted((a, b) => a - b)
    expect(planned.slice(0, 4)).toEqual([0, 10, 20, 30])
    expect(outcomes.every(({ plannedMs, sentMs, endedMs }) => plannedMs <= sentMs && sentMs <= endedMs)).toBe(true)
    const first = outcomes.find(({ plannedMs }) => plannedMs === 0)
    expect((first?.endedMs ?? 0) - (first?.plannedMs ?? 0)).toBeGreaterThanOrEqual(190)
  })

  it('opens one connection for each request, or keeps them', async () => {
    const ports = new Set<number | undefined>()
    const url = await serve(({ socket }, answer) => {
      ports.add(socket.remotePort)
      answer.end()
    })
    const fresh = await load(planOf(url), 10)
    expect([ports.size, fresh.some(({ reused }) => reused)]).toEqual([fresh.length, false])
    ports.clear()
    const kept = await load(planOf(url, { connections: 'kept', arrivals: { perSecond: 20 } }), 10)
    expect(ports.size).toBe(kept.filter(({ reused }) => !reused).length)
    expect(ports.size).toBeLessThan(kept.length)
  })

  it('posts a body, and keeps the headers that say who answered', async () => {
    const bodies: string[] = []
    const url = await serve((question, answer) => {
      let body = ''
      question.on('data', (part: Buffer) => {
        body += part.toString()
      })
      question.on('end', () => {
        bodies.push(`${question.method} ${body}`)
        answer.setHeader('x-backend', 'a').setHeader('x-else', 'b').end()
      })
    })
    const outcomes = await load(planOf(url, { method: 'POST', body: 'pay', keepHeaders: ['x-backend', 'x-none'] }), 3)
    expect(new Set(bodies)).toEqual(new Set(['POST pay']))
    expect(outcomes[0]).toMatchObject({ method: 'POST', result: { status: 200, headers: { 'x-backend': 'a' } } })
    expect(outcomes[0]?.result).not.toHaveProperty('headers.x-else')
  })

  it.each([
    ['reset', ({ socket }) => void socket.resetAndDestroy()],
    ['closed', ({ socket }) => void socket.end()],
    ['cut-short', (_, answer) => void answer.write('half', () => answer.socket?.destroy())],
    ['timed-out', () => undefined],
  ] as const satisfies readonly (readonly [string, RequestListener])[])('tells what was %s', async (failure, fail) => {
    const url = await serve(fail)
    const timeoutMs = failure === 'timed-out' ? 50 : 20_000
    expect(failures(await load(planOf(url, { timeoutMs }), 3))).toEqual(new Set([failure]))
  })

  it('tells what was refused', async () => {
    const url = await serve(() => undefined)
    const [server] = servers
    await new Promise((resolve) => server?.close(resolve))
    expect(failures(await load(planOf(url), 3))).toEqual(new Set(['refused']))
  })

  it('sends nothing twice', async () => {
    let asked = 0
    const url = await serve(({ socket }) => {
      asked++
      socket.resetAndDestroy()
    })
    expect((await load(planOf(url, { connections: 'kept' }), 10)).length).toBe(asked)
  })

  it('goes where it is sent at each instant', async () => {
    const [a, b] = [await serve((_, answer) => answer.end()), await serve((_, answer) => answer.writeHead(204).end())]
    let asked = 0
    const outcomes = await load(planOf(a, { target: () => (asked++ < 3 ? a : b) }), 10)
    expect(outcomes.filter(({ result }) => 'status' in result && result.status === 200)).toHaveLength(3)
  })

  it('ends at once where it is told to', async () => {
    const url = await serve(() => undefined)
    const abort = new AbortController()
    const running = startLoad(planOf(url), abort.signal)
    await sleep(30)
    abort.abort(new Error('enough'))
    await expect(running.stop()).rejects.toThrow('enough')
    expect(running.outcomes).toEqual([])
  })

  it('tells the times of several from one instant, and starts none of them if one can not be kept', async () => {
    let asked = 0
    const url = await serve((_, answer) => {
      asked++
      answer.end()
    })
    const late = planOf(url, { arrivals: { perSecond: 100, offsetMs: 50 } })
    const signal = AbortSignal.timeout(30_000)
    expect(() => startLoads([planOf(url), planOf(url, { arrivals: { perSecond: 0 } })], signal)).toThrow(RangeError)
    const { loads, sinceStartMs } = startLoads([planOf(url), late], signal)
    while (loads.some(({ outcomes }) => outcomes.length < 2)) await sleep(5)
    const ended = await Promise.all(loads.map((load) => load.stop()))
    expect(ended.map((outcomes) => Math.min(...outcomes.map(({ plannedMs }) => plannedMs)))).toEqual([0, 50])
    expect(Math.max(...ended.flat().map(({ endedMs }) => endedMs))).toBeLessThanOrEqual(sinceStartMs())
    expect(asked).toBe(ended.flat().length)
  })

  it('warms up with requests that have all ended when it counts', async () => {
    let [asked, answered] = [0, 0]
    const url = await serve((_, answer) => {
      asked++
      setTimeout(() => answer.end(() => answered++), 50)
    })
    await warmUp([planOf(url)], AbortSignal.timeout(30_000))
    expect(asked).toBeGreaterThan(1)
    await expect.poll(() => answered).toBe(asked)
  })

  it('reads answers also where it can not send as fast as it is asked to', async () => {
    const url = await serve((_, answer) => answer.end())
    const busy = (): URL => {
      const until = performance.now() + 2
      while (performance.now() < until);
      return url
    }
    const outcomes = await load(planOf(url, { arrivals: { perSecond: 1000 }, target: busy }), 10)
    expect(failures(outcomes)).toEqual(new Set([200]))
    expect(latenessOf(outcomes).spoilt).toBe(true)
  })

  it('refuses a rate that it can not keep', () => {
    const plan = planOf(new URL('http://127.0.0.1:1/'), { arrivals: { perSecond: 5000 } })
    expect(() => startLoad(plan, AbortSignal.timeout(1))).toThrow('at most 2000')
  })
})
