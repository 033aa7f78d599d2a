import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeAuthority, opensslOrSkip } from '../kubernetes/fixtures/fake-api-server.ts'
import { hasAnswered, type KubeletSeen } from '../linux/kubelet.ts'
import { type KubeletAddress, type KubeletReader, kubeletReader } from './kubelet.ts'
import { isLoopback } from './kubelet-page.ts'

// A busy machine takes its time, also for answers that come at once.
const limits = { healthMs: 1_000, pageMs: 1_000, statsEveryMs: 60_000 }
const cleanUps: (() => unknown)[] = []
let folder = ''
let asked: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-kubelet-'))
  asked = []
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  rmSync(folder, { recursive: true })
})

type Fake = Readonly<Record<string, (response: ServerResponse, request: IncomingMessage) => unknown>>

/** Answers by path; what is not named is 404, as with a kubelet. */
async function fakeKubelet(pages: Fake, tls?: { readonly cert: string; readonly key: string }): Promise<string> {
  const listener: RequestListener = (request, response) => {
    const path = new URL(request.url ?? '/', 'http://fake').pathname
    asked.push(path)
    const page = pages[path]
    if (page) void page(response, request)
    else response.writeHead(404).end('404 page not found\n')
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => server.closeAllConnections(),
  )
  return `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const says =
  (text: string, status = 200) =>
  (response: ServerResponse): unknown =>
    response.writeHead(status).end(text)
const hangs = (): void => undefined

function reading(address: KubeletAddress, more = {}): KubeletReader {
  const reader = kubeletReader(address, { ...limits, ...more })
  cleanUps.push(() => reader.close())
  return reader
}

const look = (address: KubeletAddress): Promise<KubeletSeen> => reading(address).look()

const metrics = `# TYPE kubelet_pleg_last_seen_seconds gauge
kubelet_pleg_last_seen_seconds 1.6e+09
kubernetes_build_info{build_date="2021",git_version="v1.20.2",major="1"} 1
other_metric{very="long"} 1
kubelet_evented_pleg_connection_success_count 0
`

describe('a kubelet that is well', () => {
  it('answers all of it, with its figures', async () => {
    const well = {
      '/healthz': says('ok'),
      '/metrics': says(metrics),
      '/metrics/resource': says(''),
      '/stats/summary': says('{}'),
    }
    const url = await fakeKubelet(well)
    const before = Date.now()
    const seen = await look({ url, healthz: `${url}/healthz` })
    expect([seen.healthz, seen.metrics, seen.resource, seen.summary].map(hasAnswered)).toEqual([true, true, true, true])
    expect(seen.version).toBe('v1.20.2')
    expect(seen.pleg).toEqual({ at: expect.any(Number), lastSeen: 1.6e12 })
    expect(seen.pleg?.at).toBeGreaterThanOrEqual(before)
  })

  it('of 1.20 tells its version and its relists', async () => {
    const real = readFileSync(join(import.meta.dirname, '../linux/fixtures/kubelet-1.20.metrics'), 'utf8')
    const seen = await look({ url: await fakeKubelet({ '/metrics': says(real) }) })
    expect(seen.version).toBe('v1.20.2')
    expect(seen.pleg).toMatchObject({ duration: { count: 19 }, interval: { count: 18 } })
    expect(seen.pleg?.evented).toBeUndefined()
  })

  it('is asked for its statistics once in a while, and for the rest each time', async () => {
    const url = await fakeKubelet({
      '/metrics': says(metrics),
      '/metrics/resource': says(''),
      '/stats/summary': says('{}'),
    })
    const reader = reading({ url: `${url}/` })
    await reader.look()
    expect(hasAnswered((await reader.look()).summary)).toBe(true)
    expect(asked.toSorted()).toEqual(['/metrics', '/metrics', '/metrics/resource', '/stats/summary'])
  })

  it('may take its events from the runtime', async () => {
    const url = await fakeKubelet({ '/metrics': says('kubelet_evented_pleg_connection_success_total 2\n') })
    expect((await look({ url })).pleg?.evented).toBe(true)
  })

  it('is not asked for what nobody wants', async () => {
    const { healthz, summary } = await look({})
    expect([healthz, summary]).toEqual(Array(2).fill({ how: 'unasked', because: 'it was not asked for', ms: 0 }))
  })
})

describe('a page that hangs', () => {
  it('holds up no other, is asked for once, and is told with how long it has hung', async () => {
    const url = await fakeKubelet({ '/metrics': says(metrics), '/stats/summary': hangs })
    const reader = reading({ url })
    const first = await reader.look()
    expect(hasAnswered(first.metrics)).toBe(true)
    expect(first.summary).toMatchObject({ how: 'mute', because: expect.stringContaining('no whole answer for ') })
    await sleep(100)
    const second = await reader.look()
    expect(second.summary.ms).toBeGreaterThan(first.summary.ms + 90)
    expect(asked.filter((path) => path === '/stats/summary')).toHaveLength(1)
  })

  it('is asked for anew once it has answered, however late', async () => {
    let answer = (): void => undefined
    const url = await fakeKubelet({
      '/stats/summary': (response) => {
        answer = () => says('{}')(response) as undefined
      },
    })
    const reader = reading({ url })
    expect((await reader.look()).summary).toMatchObject({ how: 'mute' })
    await sleep(50)
    answer()
    await sleep(50)
    expect((await reader.look()).summary).toMatchObject({ how: 'mute' })
    expect(asked.filter((path) => path === '/stats/summary')).toHaveLength(2)
  })

  it('half way is mute as well', async () => {
    const half = (response: ServerResponse): unknown => response.writeHead(200).write('kubelet_pleg_last_seen_sec')
    const seen = await look({ url: await fakeKubelet({ '/metrics': half }) })
    expect(seen.metrics).toMatchObject({ how: 'mute' })
    expect(seen.pleg).toBeUndefined()
  })

  it('keeps nobody from leaving', async () => {
    const url = await fakeKubelet({ '/metrics': hangs })
    const reader = reading({ url }, { pageMs: 10_000 })
    const looked = reader.look()
    await sleep(30)
    reader.close()
    expect((await looked).metrics).toMatchObject({ how: 'mute', because: 'no whole answer' })
  })
})

describe('what says nothing of a page', () => {
  it.each([
    [401, 'unread', 'status 401: Unauthorized'],
    [403, 'unread', 'status 403: Forbidden (user=x'],
    [302, 'unread', 'status 302'],
    [404, 'missing', 'status 404'],
    [500, 'fails', 'status 500: Internal Error: failed to list pod stats'],
  ])('status %i', async (status, how, because) => {
    const text = {
      401: 'Unauthorized',
      403: 'Forbidden (user=x, verb=get)',
      500: 'Internal Error: failed to list pod stats',
    }
    const url = await fakeKubelet({ '/stats/summary': says(text[status as 401] ?? '', status) })
    expect((await look({ url })).summary).toMatchObject({ how, because: expect.stringContaining(because) })
  })

  it('nobody there', async () => {
    const { healthz } = await look({ healthz: 'http://127.0.0.1:1/healthz' })
    expect(healthz).toMatchObject({ how: 'unread', because: expect.stringContaining('ECONNREFUSED') })
  })

  it('an answer that breaks off', async () => {
    const url = await fakeKubelet({
      '/metrics': (response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('half')
        setTimeout(() => response.destroy(), 20)
      },
    })
    expect((await look({ url })).metrics).toMatchObject({ how: 'unread', because: expect.stringContaining('aborted') })
  })

  it('metrics that are none', async () => {
    const url = await fakeKubelet({ '/metrics': says('kubelet_pleg_last_seen_seconds now\n') })
    const seen = await look({ url })
    expect(seen.metrics).toMatchObject({ how: 'unread', because: expect.stringContaining('not a sample') })
  })
})

describe('a large answer', () => {
  it('is read as far as is wanted, and no line of it is kept that is not', async () => {
    const endless = async (response: ServerResponse): Promise<void> => {
      response.writeHead(200).write(metrics)
      const filler = `${'x'.repeat(100_000)}\n`
      while (!response.destroyed) {
        if (!response.write(filler))
          await Promise.race([sleep(5), new Promise((resolve) => response.once('drain', resolve))])
      }
    }
    const url = await fakeKubelet({ '/metrics': endless })
    const seen = await reading({ url }, { pageMs: 20_000 }).look()
    expect(hasAnswered(seen.metrics)).toBe(true)
    expect(seen.pleg?.lastSeen).toBe(1.6e12)
  })
})

describe.skipIf(opensslOrSkip())('over TLS', () => {
  const authority = makeAuthority()

  it('a loopback address is trusted, and gets the token as the file has it now', async () => {
    const tokens: (string | undefined)[] = []
    const page = (response: ServerResponse, request: IncomingMessage): void => {
      tokens.push(request.headers.authorization)
      says('')(response)
    }
    const url = await fakeKubelet({ '/metrics': page }, authority.server)
    const tokenFile = join(folder, 'token')
    const reader = reading({ url, tokenFile })
    for (const token of ['first\n', 'second']) {
      writeFileSync(tokenFile, token)
      expect(hasAnswered((await reader.look()).metrics)).toBe(true)
    }
    rmSync(tokenFile)
    await reader.look()
    expect(tokens).toEqual(['Bearer first', 'Bearer second', undefined])
  })

  it('any other address is not, and gets no token', async () => {
    const url = await fakeKubelet({ '/metrics': says('') }, authority.server)
    const tokenFile = join(folder, 'token')
    const caFile = join(folder, 'ca.crt')
    writeFileSync(tokenFile, 'secret')
    writeFileSync(caFile, authority.ca)
    // Linux takes it for this machine; to us it is an address as any other.
    const elsewhere = url.replace('127.0.0.1', '0.0.0.0')
    for (const more of [{}, { caFile }]) {
      const { metrics: page } = await look({ url: elsewhere, tokenFile, ...more })
      expect(page).toMatchObject({ how: 'unread', because: expect.stringContaining("certificate can't be verified") })
    }
    expect(asked).toEqual([])
  })

  it('without it there is no token', async () => {
    let token: string | undefined = 'none yet'
    const url = await fakeKubelet({
      '/metrics': (response, request) => {
        token = request.headers.authorization
        says('')(response)
      },
    })
    writeFileSync(join(folder, 'token'), 'secret')
    await look({ url, tokenFile: join(folder, 'token') })
    expect(token).toBeUndefined()
  })
})

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.8.0.1', true],
  ['[::1]', true],
  ['127.0.0.1.example.com', false],
  ['10.0.0.1', false],
  ['0.0.0.0', false],
])('%s is a loopback address: %s', (hostname, expected) => expect(isLoopback(hostname)).toBe(expected))
