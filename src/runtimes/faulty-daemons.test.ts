// Daemons that no real part can be made to be: each is a fake, and its name says so.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttp2 } from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { containerdRuntime } from './containerd.ts'
import { crioRuntime } from './cri-o.ts'
import { dockerRuntime } from './docker.ts'
import { findRuntimes } from './find.ts'
import type { Runtime } from './runtime.ts'

const limit = 150
let folder = ''
let socket = ''
let connections: Socket[] = []
const cleanUps: (() => unknown)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-faulty-'))
  socket = join(folder, 'runtime.sock')
  connections = []
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
  for (const connection of connections) connection.destroy()
  rmSync(folder, { recursive: true })
})

async function listen(server: Server): Promise<void> {
  server.on('connection', (connection: Socket) => connections.push(connection))
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  cleanUps.push(() => server.close())
}

/** Says the same to whatever is sent. */
const fakeDaemonThatSays = (text: string, andCloses = false): Promise<void> =>
  listen(
    createServer((connection) => {
      connection.on('error', () => undefined)
      connection.on('data', () => (andCloses ? connection.end(text) : connection.write(text)))
    }),
  )

const fakeDaemonThatSaysNothing = (): Promise<void> => fakeDaemonThatSays('')

/** A message of 100 bytes is announced, and 10 come. */
const fakeDaemonOfHalfMessages = (): Promise<void> =>
  listen(
    createHttp2().on('stream', (stream) => {
      stream.on('error', () => undefined)
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      stream.write(Buffer.from([0, 0, 0, 0, 100, ...Array.from({ length: 10 }, () => 1)]))
    }),
  )

function opened(open: (socket: string) => Runtime): Runtime {
  const runtime = open(socket)
  cleanUps.unshift(() => runtime.close())
  return runtime
}

async function all(runtime: Runtime) {
  const [answers, list, inspection] = [
    await runtime.answers(limit),
    await runtime.list(limit),
    await runtime.inspect('a', limit),
  ]
  return { answers, list, inspection }
}

const because = (text: string) => ({ because: expect.stringContaining(text) })
const nothing = { answer: 'nothing', ms: expect.any(Number) }
const error = (text: string) => ({ answer: 'error', ...because(text) })

describe.each([
  ['Docker', dockerRuntime],
  ['containerd', containerdRuntime],
  ['CRI-O', crioRuntime],
])('%s', (_, open) => {
  it('that accepts and never answers', async () => {
    await fakeDaemonThatSaysNothing()
    const late = because('no whole answer in time')
    expect(await all(opened(open))).toMatchObject({ answers: late, list: late, inspection: nothing })
  })

  it('that is not there', async () => {
    const missing = because('ENOENT')
    expect(await all(opened(open))).toMatchObject({ answers: missing, list: missing, inspection: error('ENOENT') })
  })

  it('that closes without a word', async () => {
    await fakeDaemonThatSays('', true)
    const closed = { because: expect.any(String) }
    expect(await all(opened(open))).toMatchObject({ answers: closed, list: closed, inspection: { answer: 'error' } })
  })

  it.skipIf(process.getuid?.() !== 0)('that is not for this user (only root can become another one)', async () => {
    await fakeDaemonThatSaysNothing()
    chmodSync(folder, 0o755)
    chmodSync(socket, 0o600)
    process.seteuid?.(65534)
    cleanUps.unshift(() => process.seteuid?.(0))
    const denied = because('EACCES')
    expect(await all(opened(open))).toMatchObject({ answers: denied, list: denied, inspection: error('EACCES') })
  })
})

describe('Docker', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n'

  it('that gives half an answer is asked once', async () => {
    await fakeDaemonThatSays(`${head}{"State":`)
    const runtime = opened(dockerRuntime)
    expect(await runtime.inspect('a', limit)).toEqual(nothing)
    expect(await runtime.inspect('a', limit)).toEqual(nothing)
    expect(connections).toHaveLength(1)
    expect(await runtime.list(limit)).toMatchObject(because('no whole answer in time'))
  })

  it('that ends in the middle of an answer', async () => {
    await fakeDaemonThatSays(`${head}{"State":`, true)
    expect(await all(opened(dockerRuntime))).toMatchObject({ inspection: { answer: 'error' }, list: because('closed') })
  })

  it('that is another server: its 404 does not mean that a container is gone', async () => {
    await fakeDaemonThatSays('HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n404 page not found')
    expect(await all(opened(dockerRuntime))).toMatchObject({
      answers: because('404'),
      list: because('404'),
      inspection: error('page not found'),
    })
  })
})

it.each([
  ['containerd', containerdRuntime],
  ['CRI-O', crioRuntime],
])('%s that gives half a message', async (_, open) => {
  await fakeDaemonOfHalfMessages()
  const late = because('no whole answer in time')
  expect(await all(opened(open))).toMatchObject({ answers: late, list: late, inspection: nothing })
})

describe('a given socket', () => {
  it('of a mute daemon is what its path says, and nothing where that says nothing', async () => {
    await fakeDaemonThatSaysNothing()
    expect(await findRuntimes({ socket }, limit)).toEqual([
      { socket, name: undefined, ...because('no whole answer in time') },
    ])
    const usual = join(folder, 'run/docker.sock')
    expect(await findRuntimes({ socket: usual }, limit)).toEqual([
      { socket: usual, name: 'docker', ...because('ENOENT') },
    ])
  })
})
