// Loads over TLS, by name and by address, against real servers whose certificate is made here.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type LoadPlan, tryOnce } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'roadcrew-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))
let [key, cert] = ['', '']
beforeAll(() => {
  const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const name = ['-subj', '/CN=shop', '-addext', 'subjectAltName=DNS:shop.example,IP:127.0.0.1']
  execFileSync('openssl', [...made, ...files, ...name], { stdio: 'ignore' })
  key = readFileSync(join(folder, 'key'), 'utf8')
  cert = readFileSync(join(folder, 'cert'), 'utf8')
})

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

async function portOf(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** It speaks both, and answers with who it was asked for. */
const both = () =>
  portOf(
    createSecureServer({ key, cert, allowHTTP1: true }, (question, answer) => {
      const asked = question.httpVersion === '2.0' ? question.authority : question.headers.host
      answer.setHeader('x-asked', `${question.httpVersion} ${asked ?? ''}`)
      answer.end()
    }),
  )

async function endOf(url: string, over: Partial<LoadPlan>): Promise<unknown> {
  const target = new URL(url)
  const plan = { arrivals: { perSecond: 1 }, target: () => target, method: 'GET', timeoutMs: 20_000 } as const
  const all = { ...plan, connections: 'fresh', keepHeaders: ['x-asked'], ...over } as const
  const { result } = await tryOnce(all, AbortSignal.timeout(25_000))
  return 'failure' in result ? result.failure : result.headers['x-asked']
}

const protocols = [
  ['http1', '1.1'],
  ['http2', '2.0'],
] as const

describe.each(protocols)('over TLS, %s', (protocol, version) => {
  it.each(['fresh', 'kept'] as const)('trusts the authority that it is given (%s)', async (connections) => {
    const port = await both()
    const asked = `${version} 127.0.0.1:${port}`
    expect(await endOf(`https://127.0.0.1:${port}/`, { protocol, connections, ca: cert })).toBe(asked)
  })

  it('trusts nobody else, unless it is told to trust all', async () => {
    const url = `https://127.0.0.1:${await both()}/`
    expect(await endOf(url, { protocol })).toBe('tls')
    expect(await endOf(url, { protocol, insecure: true })).toContain(version)
  })

  it('wants the name that it asked for', async () => {
    const port = await both()
    const there = { protocol, ca: cert, address: '127.0.0.1' }
    expect(await endOf(`https://shop.example:${port}/`, there)).toBe(`${version} shop.example:${port}`)
    expect(await endOf(`https://else.example:${port}/`, there)).toBe('tls')
    const headers = { host: 'shop.example' }
    expect(await endOf(`https://127.0.0.1:${port}/`, { protocol, ca: cert, headers })).toBe(`${version} shop.example`)
  })

  it('tells of a server that speaks no TLS', async () => {
    const port = await portOf(createTcp((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 no\r\n\r\n')))
    expect(await endOf(`https://127.0.0.1:${port}/`, { protocol })).toBe('tls')
  })

  it.each(['fresh', 'kept'] as const)('gives up a connection that is never established (%s)', async (connections) => {
    const port = await portOf(createTcp((socket) => socket.on('error', () => undefined).resume()))
    expect(await endOf(`https://127.0.0.1:${port}/`, { protocol, connections, timeoutMs: 50 })).toBe('timed-out')
  })

  it('tells of a name that has no address', async () => {
    expect(await endOf('http://nothing.invalid/', { protocol })).toBe('dns')
  })
})

it('tells of a server that does not choose HTTP/2', async () => {
  const port = await portOf(createServer({ key, cert }, (_, answer) => answer.end()))
  expect(await endOf(`https://127.0.0.1:${port}/`, { protocol: 'http2', ca: cert })).toBe('not-http2')
  const mute = await portOf(createServer({ key, cert, ALPNProtocols: [] }, (_, answer) => answer.end()))
  expect(await endOf(`https://127.0.0.1:${mute}/`, { protocol: 'http2', ca: cert })).toBe('not-http2')
})
