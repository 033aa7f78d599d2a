// The thread that sends, against real servers on the loopback address.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { startLoadThread, type ThreadPlan } from './load-thread.ts'
import type { Outcome } from './outcomes.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const counted = { asked: 0 }
async function serve(): Promise<string> {
  counted.asked = 0
  const server = createServer((_, answer) => {
    counted.asked++
    answer.setHeader('x-pod', 'a').end()
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const planOf = (url: string, over: Partial<ThreadPlan> = {}): ThreadPlan => ({
  ...{ url, arrivals: { perSecond: 100 }, method: 'GET', connections: 'kept', timeoutMs: 20_000 },
  ...over,
})
const signal = () => AbortSignal.timeout(25_000)

it('sends while the thread that asked for it is busy, and tells all', async () => {
  const url = await serve()
  const told: [number, Outcome][] = []
  const plans = [
    planOf(url, { keepHeaders: ['x-pod'] }),
    planOf(url, { arrivals: { perSecond: 50 }, connections: 'fresh' }),
  ]
  const { loads, sinceStartMs } = await startLoadThread(plans, signal(), {
    warmUp: false,
    serverOf: ({ result }) => ('status' in result ? result.headers['x-pod'] : undefined),
    onEnd: (outcome, place) => told.push([place, outcome]),
  })
  while (loads.some(({ log }) => log.counts().sent < 10)) await sleep(20)
  await Promise.all(loads.map((load) => load.stop()))
  const [kept, fresh] = loads.map(({ log }) => log.counts())
  expect((kept?.sent ?? 0) + (fresh?.sent ?? 0)).toBe(counted.asked)
  expect(told.length).toBe(counted.asked)
  expect(loads.map((load) => load.underWay())).toEqual([
    { sent: kept?.sent, waiting: 0 },
    { sent: fresh?.sent, waiting: 0 },
  ])
  expect(told.every(([place, { reused }]) => place === 0 || !reused)).toBe(true)
  expect(told.every(([, { plannedMs, sentMs, endedMs }]) => plannedMs <= sentMs && sentMs <= endedMs)).toBe(true)
  expect(Math.max(...told.map(([, { endedMs }]) => endedMs))).toBeLessThanOrEqual(sinceStartMs())
  expect([...(loads[0]?.log.servers().keys() ?? [])]).toEqual(['a'])
})

it('warms up with what nobody counts', async () => {
  const { loads } = await startLoadThread([planOf(await serve())], signal())
  await loads[0]?.stop()
  expect(counted.asked).toBeGreaterThan(loads[0]?.log.counts().sent ?? 0)
})

it('ends at once where it is told to', async () => {
  const abort = new AbortController()
  const { loads } = await startLoadThread([planOf(await serve())], abort.signal, { warmUp: false })
  abort.abort(new Error('enough'))
  await expect(loads[0]?.stop()).rejects.toThrow('enough')
})

it('refuses what can not be sent', async () => {
  const url = await serve()
  await expect(startLoadThread([planOf(url, { arrivals: { perSecond: 0 } })], signal())).rejects.toThrow(RangeError)
  await expect(startLoadThread([planOf('nowhere')], signal())).rejects.toThrow('is no URL')
  await expect(startLoadThread([planOf(url, { ca: 'none' })], signal())).rejects.toThrow('PEM')
  await expect(startLoadThread([planOf(url, { headers: { 'a b': 'c' } })], signal())).rejects.toThrow('a b')
})
