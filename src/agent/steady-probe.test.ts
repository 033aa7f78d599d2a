import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import type { Connected } from '../node/connect-probe.ts'
import { probeSteadily } from './steady-probe.ts'

async function listening(): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => undefined).end())
  server.listen(0, 'localhost')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

it('connects to each of its targets until it is stopped, and tells what came of each connect', async () => {
  const port = await listening()
  const stop = new AbortController()
  const told: [string, Connected, boolean][] = []
  const resolved: [string, unknown][] = []
  const { seen, ended } = probeSteadily({
    targets: [
      { text: 'here', host: 'localhost', port },
      { text: 'refuses', host: '127.0.0.1', port: 1 },
    ],
    perSecond: 50,
    from: 'node',
    signal: stop.signal,
    ticks: () => performance.now(),
    random: () => 0,
    told: (...one) => void told.push(one),
    resolved: (...one) => void resolved.push(one),
  })
  const of = (text: string) => told.filter(([target]) => target === text).map(([, connected]) => connected)
  await expect.poll(() => [of('here').length > 4, of('refuses').length > 4]).toEqual([true, true])
  const [here, refuses] = seen()
  stop.abort()
  await ended
  expect(here).toMatchObject({ target: 'here', from: 'node', lost: 0, failed: 0 })
  expect(here?.connects).toBeGreaterThan(4)
  expect(refuses).toMatchObject({ target: 'refuses', connects: 0 })
  expect(of('here').every((connected) => 'ms' in connected && connected.ms < 900)).toBe(true)
  expect(of('refuses')[0]).toEqual({ because: 'ECONNREFUSED' })
  // Once for each, not for each connect.
  expect(resolved.toSorted()).toEqual([
    ['here', expect.stringMatching(/^(127\.0\.0\.1|::1)$/)],
    ['refuses', '127.0.0.1'],
  ])
  const count = told.length
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(told).toHaveLength(count)
})

it('says of a name without an address why, and counts it as failed', async () => {
  const stop = new AbortController()
  const told: Connected[] = []
  const resolved: unknown[] = []
  const { seen, ended } = probeSteadily({
    // RFC 6761, 6.4: never an address. This one is no name at all, so that no DNS server is asked.
    targets: [{ text: 'x', host: `${'x'.repeat(64)}.invalid`, port: 1 }],
    perSecond: 50,
    signal: stop.signal,
    ticks: () => performance.now(),
    random: () => 0,
    told: (_, connected) => void told.push(connected),
    resolved: (_, address) => void resolved.push(address),
  })
  await expect.poll(() => told.length, { timeout: 10_000 }).toBeGreaterThan(2)
  expect(seen()[0]?.failed).toBeGreaterThan(2)
  stop.abort()
  await ended
  expect(resolved).toEqual([{ because: expect.stringMatching(/^E/) }])
  expect(told[0]).toEqual(resolved[0])
})
