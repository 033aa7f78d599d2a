import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { cronJobs } from '../objects/kinds.ts'
import { type Client, connect } from './client.ts'
import { heldWorld } from './held-world.ts'
import { type Happened, Informer, type InformerOptions } from './informer.ts'

const object = (name: string, resourceVersion: string, uid = `uid-${name}`) => ({
  metadata: { name, namespace: 'jobs', uid, resourceVersion, managedFields: [{}] },
})
const event = (type: string, of: object) => `${JSON.stringify({ type, object: of })}\n`
const gone = (code = 410, message = 'too old resource version') =>
  event('ERROR', { kind: 'Status', code, reason: 'Expired', message })

/** A fake API server that says of each list and each watch what it is told to, and keeps watches open. */
class FakeWatched {
  readonly asked: string[] = []
  list: readonly object[] = []
  version = '10'
  refuse: { status: number; message: string } | undefined
  /** Takes what is asked, and never answers. */
  mute = false
  #watch: ServerResponse | undefined
  readonly #server = createServer((request, response) => this.#answer(request, response))
  client!: Client

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()))
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    const credentials = async () => ({ headers: {}, tls: {} })
    this.client = connect({ name: 'fake', server, proxy: undefined, credentials }, { env: {}, backOffMs: 1 })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://fake')
    const json = (status: number, body: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (url.pathname === '/apis/batch/v1') {
      json(200, { resources: [{ name: 'cronjobs', kind: 'CronJob', namespaced: true }] })
      return
    }
    const version = url.searchParams.get('resourceVersion')
    this.asked.push(version === null ? 'list' : `watch from ${version}`)
    if (this.mute) return
    if (this.refuse) json(this.refuse.status, { message: this.refuse.message })
    else if (version === null) json(200, { items: this.list, metadata: { resourceVersion: this.version } })
    else {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      this.#watch = response
    }
  }

  async watched(): Promise<ServerResponse> {
    await expect.poll(() => this.#watch !== undefined, { timeout: 20_000 }).toBe(true)
    return this.#watch as ServerResponse
  }

  async end(how: (watch: ServerResponse) => void): Promise<void> {
    const watch = await this.watched()
    this.#watch = undefined
    how(watch)
  }

  async stop(): Promise<void> {
    await this.client.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe('an informer', () => {
  const abort: AbortController[] = []
  let server: FakeWatched
  let running: Promise<void> | undefined
  afterEach(async () => {
    for (const one of abort.splice(0)) one.abort()
    await running
    await server.stop()
  })

  async function started(list: readonly object[], more: Partial<InformerOptions> = {}) {
    server = new FakeWatched()
    server.list = list
    await server.start()
    const stop = new AbortController()
    abort.push(stop)
    const happened: string[] = []
    const failed: string[] = []
    const informer = new Informer({
      client: server.client,
      kind: cronJobs,
      signal: stop.signal,
      ticks: () => performance.now(),
      random: () => 0,
      firstWaitMs: 10,
      happened: ({ what, item, first }: Happened) =>
        void happened.push(`${what} ${item.subject.name}${first ? ' first' : ''}`),
      failed: (because, anew) => void failed.push(`${because}${anew ? ', anew' : ''}`),
      ...more,
    })
    running = informer.run()
    await expect.poll(() => informer.synced, { timeout: 20_000 }).toBe(true)
    const names = () => informer.items('jobs').map(({ subject }) => subject.name)
    return { informer, happened, failed, names }
  }

  it('lists, then follows what happens, and takes the managed fields off', async () => {
    const { informer, happened, names } = await started([object('a', '1'), object('b', '2')])
    const watch = await server.watched()
    watch.write(event('ADDED', object('c', '11')) + event('MODIFIED', object('a', '12')).slice(0, 20))
    watch.write(event('MODIFIED', object('a', '12')).slice(20) + event('DELETED', object('b', '13')))
    await expect.poll(names).toEqual(['a', 'c'])
    expect(happened).toEqual(['added a first', 'added b first', 'added c', 'changed a', 'gone b'])
    expect(JSON.stringify(informer.items())).not.toContain('managedFields')
    expect(informer.items()[0]?.object).toMatchObject({ apiVersion: 'batch/v1', kind: 'CronJob' })
    expect(server.asked).toEqual(['list', 'watch from 10'])
  })

  it('goes on from the last bookmark when a watch breaks off, and loses nothing meanwhile', async () => {
    const { informer, happened, failed, names } = await started([object('a', '1')])
    ;(await server.watched()).write(event('BOOKMARK', { metadata: { resourceVersion: '40' } }))
    await expect.poll(() => informer.silent.ms).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await server.end((watch) => watch.destroy())
    const next = await server.watched()
    expect(names()).toEqual(['a'])
    next.write(event('ADDED', object('b', '41')))
    await expect.poll(names).toEqual(['a', 'b'])
    expect(server.asked).toEqual(['list', 'watch from 10', 'watch from 40'])
    expect(failed).toHaveLength(1)
    expect(happened).toEqual(['added a first', 'added b'])
  })

  it.each([
    ['in the stream', (watched: FakeWatched) => watched.end((watch) => watch.end(gone()))],
    [
      'at once',
      async (watched: FakeWatched) => {
        watched.refuse = { status: 410, message: 'too old resource version' }
        await watched.end((watch) => watch.destroy())
        await expect.poll(() => watched.asked.length, { timeout: 20_000 }).toBeGreaterThan(2)
        watched.refuse = undefined
      },
    ],
    [
      'as a version of the future',
      (watched: FakeWatched) =>
        watched.end((watch) => watch.end(gone(504, 'Too large resource version: 10, current: 3'))),
    ],
  ])('lists anew when its version is refused %s, and tells only what differs', async (_, refuse) => {
    const { happened, failed, names } = await started([object('a', '1'), object('b', '2'), object('c', '3', 'old')])
    server.list = [object('a', '1'), object('c', '60', 'new'), object('d', '61')]
    server.version = '70'
    await refuse(server)
    await expect.poll(names, { timeout: 20_000 }).toEqual(['a', 'c', 'd'])
    await expect.poll(() => server.asked.at(-1), { timeout: 20_000 }).toBe('watch from 70')
    expect(happened.slice(3).toSorted()).toEqual(['added c', 'added d', 'gone b', 'gone c'])
    expect(failed.at(-1)).toMatch(/resource version.*, anew/i)
  })

  it('notices a connection that is mute', async () => {
    const { failed } = await started([], { idleMs: 200 })
    await server.watched()
    await expect.poll(() => failed.length, { timeout: 20_000 }).toBeGreaterThan(0)
    expect(failed[0]).toContain('did not finish its answer in time')
    await expect.poll(() => server.asked.slice(0, 3)).toEqual(['list', 'watch from 10', 'watch from 10'])
  })

  it('says for how long it has heard nothing, and what it holds is then not taken for what is', async () => {
    let late = 0
    const { informer } = await started([object('a', '1')], { ticks: () => performance.now() + late })
    const world = heldWorld({ name: 'fake', informers: [informer], namespace: 'jobs' })
    const read = async () => {
      for await (const batch of world.read([cronJobs])) return batch
    }
    await server.watched()
    expect(await read()).toMatchObject({ items: [{ subject: { name: 'a' } }] })
    server.refuse = { status: 403, message: 'you may not' }
    await server.end((watch) => watch.destroy())
    await expect.poll(() => informer.silent.because, { timeout: 20_000 }).toBe('you may not')
    expect(await read()).toMatchObject({ items: [{ subject: { name: 'a' } }] })
    late = 61_000
    expect(await read()).toMatchObject({ unread: expect.stringMatching(/^no word of them for 6\d s: you may not$/) })
    server.refuse = undefined
    await server.watched()
    await expect.poll(read, { timeout: 20_000 }).toMatchObject({ items: [{ subject: { name: 'a' } }] })
  })

  it('does not take a watch for open that the server does not answer', async () => {
    let late = 0
    const { informer } = await started([object('a', '1')], { ticks: () => performance.now() + late })
    await server.watched()
    await expect.poll(() => informer.silent.ms, { timeout: 20_000 }).toBe(0)
    server.mute = true
    await server.end((watch) => watch.destroy())
    const before = server.asked.length
    await expect.poll(() => server.asked.length, { timeout: 20_000 }).toBeGreaterThan(before)
    late = 61_000
    expect(informer.silent.ms).toBeGreaterThan(60_000)
  })

  it('keeps of objects only what it is told to', async () => {
    const keep = (one: unknown) => {
      const { name } = (one as { metadata: { name: string } }).metadata
      return name.startsWith('a') ? name : undefined
    }
    const { informer, happened } = await started([object('a', '1'), object('b', '2')], { keep })
    expect(informer.items().map((item) => item.object)).toEqual(['a'])
    expect([informer.size, happened]).toEqual([1, ['added a first']])
  })
})
