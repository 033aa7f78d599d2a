// How requests over HTTP/2 end, byte for byte: a real server does not send each of these when it is told to.
import { once } from 'node:events'
import { constants } from 'node:http2'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { http2ErrorName, http2FailureOf } from './http2-failure.ts'
import { type LoadPlan, startLoad } from './load.ts'
import type { Outcome } from './outcomes.ts'

const servers: Server[] = []
const sockets = new Set<Socket>()
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  for (const server of servers.splice(0)) server.close()
})

const type = { data: 0, headers: 1, rst: 3, settings: 4, goaway: 7 }
const flags = { none: 0, endStream: 1, endHeaders: 4, both: 5 }
const preface = 24

function frame(kind: number, flag: number, id: number, ...words: (number | Buffer)[]): Buffer {
  const payload = Buffer.concat(
    words.map((word) =>
      typeof word === 'number' ? Buffer.from([0, 8, 16, 24].map((bits) => (word >>> (24 - bits)) & 255)) : word,
    ),
  )
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(kind, 3)
  head.writeUInt8(flag, 4)
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

/** `:status: 200` is entry 8 of HPACK's static table. */
const status200 = (id: number, flag: number): Buffer => frame(type.headers, flag, id, Buffer.from([0x88]))
const rst = (id: number, code: number): Buffer => frame(type.rst, flags.none, id, code)
const goaway = (last: number, code: number): Buffer => frame(type.goaway, flags.none, 0, last, code)

/** The stream before this one: a client's are odd. */
const before = (id: number): number => Math.max(0, id - 2)

type Reply = (socket: Socket, id: number) => void
const answer: Reply = (socket, id) => void socket.write(status200(id, flags.both))

/** A fake server: it greets, and replies to each HEADERS as it is told. */
async function fakeServer(reply: Reply): Promise<URL> {
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.write(frame(type.settings, flags.none, 0))
    let heard = Buffer.alloc(0)
    let skipped = false
    socket.on('data', (part: Buffer) => {
      heard = Buffer.concat([heard, part])
      if (!skipped && heard.length >= preface) {
        heard = heard.subarray(preface)
        skipped = true
      }
      while (skipped && heard.length >= 9 && heard.length >= 9 + heard.readUIntBE(0, 3)) {
        const [kind, id] = [heard.readUInt8(3), heard.readUInt32BE(5)]
        heard = heard.subarray(9 + heard.readUIntBE(0, 3))
        if (kind === type.headers) reply(socket, id)
      }
    })
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

async function load(url: URL, connections: LoadPlan['connections'], count: number): Promise<readonly Outcome[]> {
  const plan = { arrivals: { perSecond: 50 }, target: () => url, method: 'GET', timeoutMs: 20_000 } as const
  const running = startLoad({ ...plan, protocol: 'http2', connections }, AbortSignal.timeout(25_000))
  while (running.outcomes.length < count) await sleep(5)
  return running.stop()
}

const endOf = ({ result }: Outcome): string | number =>
  'failure' in result ? [result.failure, ...(result.code ? [result.code] : [])].join(' ') : result.status

const half = (id: number): Buffer =>
  Buffer.concat([status200(id, flags.endHeaders), frame(type.data, flags.none, id, Buffer.from('half'))])

const replies: readonly (readonly [string, Reply])[] = [
  ['stream-refused REFUSED_STREAM', (to, id) => to.write(rst(id, constants.NGHTTP2_REFUSED_STREAM))],
  ['stream-reset CANCEL', (to, id) => to.write(rst(id, constants.NGHTTP2_CANCEL))],
  ['stream-reset ENHANCE_YOUR_CALM', (to, id) => to.write(rst(id, constants.NGHTTP2_ENHANCE_YOUR_CALM))],
  ['going-away NO_ERROR', (to, id) => to.write(goaway(before(id), 0))],
  ['going-away NO_ERROR', (to, id) => to.end(goaway(before(id), 0))],
  ['going-away ENHANCE_YOUR_CALM', (to, id) => to.write(goaway(before(id), constants.NGHTTP2_ENHANCE_YOUR_CALM))],
  ['closed INTERNAL_ERROR', (to, id) => to.write(goaway(id, constants.NGHTTP2_INTERNAL_ERROR))],
  ['closed', (to, id) => to.end(goaway(id, 0))],
  ['closed', (to) => to.end()],
  ['reset ECONNRESET', (to) => to.resetAndDestroy()],
  [
    'cut-short INTERNAL_ERROR',
    (to, id) => to.write(Buffer.concat([half(id), rst(id, constants.NGHTTP2_INTERNAL_ERROR)])),
  ],
  ['cut-short CANCEL', (to, id) => to.write(Buffer.concat([half(id), rst(id, constants.NGHTTP2_CANCEL)]))],
  ['cut-short', (to, id) => to.end(half(id))],
  ['200', (to, id) => to.write(Buffer.concat([goaway(id, 0), status200(id, flags.both)]))],
]

describe('a request over HTTP/2 ends with', () => {
  it.each(replies)('%s on a fresh connection (%#)', async (end, reply) => {
    const outcomes = await load(await fakeServer(reply), 'fresh', 3)
    expect(new Set(outcomes.map((one) => String(endOf(one))))).toEqual(new Set([end]))
  })

  it.each(replies)('%s on one that is kept (%#)', async (end, reply) => {
    const greeted = new WeakSet<Socket>()
    const url = await fakeServer((socket, id) => {
      if (greeted.has(socket)) reply(socket, id)
      else answer(socket, id)
      greeted.add(socket)
    })
    const outcomes = await load(url, 'kept', 6)
    expect(new Set(outcomes.filter(({ reused }) => !reused).map(endOf))).toEqual(new Set([200]))
    // What is sent while that end is on its way may meet another one.
    const first = new Map(
      outcomes
        .filter(({ reused }) => reused)
        .toSorted((a, b) => b.plannedMs - a.plannedMs)
        .map((one) => [one.connection?.localPort, String(endOf(one))]),
    )
    expect(new Set(first.values())).toEqual(new Set([end]))
  })
})

describe('the end of a stream', () => {
  const code = fc.nat({ max: 14 })
  const streams = fc.record({
    id: fc.option(
      fc.nat().map((n) => 2 * n + 1),
      { nil: undefined },
    ),
    rstCode: code,
    error: fc.constant(undefined),
    answered: fc.boolean(),
    late: fc.boolean(),
  })
  const sessions = fc.record({
    goaway: fc.option(fc.record({ code, lastStreamId: fc.nat() }), { nil: undefined }),
    error: fc.option(fc.record({ code: fc.constantFrom('ECONNRESET', 'ECONNREFUSED'), message: fc.string() }), {
      nil: undefined,
    }),
    closed: fc.boolean(),
    established: fc.boolean(),
    heard: fc.constantFrom('settings' as const, 'nothing' as const, 'else' as const),
  })

  it('is never taken for one that the server did not take up, unless it said so', () =>
    fc.assert(
      fc.property(streams, sessions, (stream, session) => {
        const { failure } = http2FailureOf(stream, session)
        if (failure === 'stream-refused') expect(stream.rstCode).toBe(constants.NGHTTP2_REFUSED_STREAM)
        if (failure === 'going-away')
          expect(stream.id ?? Number.POSITIVE_INFINITY).toBeGreaterThan(
            session.goaway?.lastStreamId ?? Number.POSITIVE_INFINITY,
          )
        if (stream.late) expect(failure).toBe('timed-out')
      }),
    ))

  it('has a name', () => {
    expect(Array.from({ length: 14 }, (_, at) => http2ErrorName(at)).filter((name) => name.startsWith('0x'))).toEqual(
      [],
    )
    expect([0, 2, 7, 11, 0x4242].map(http2ErrorName)).toEqual([
      ...['NO_ERROR', 'INTERNAL_ERROR', 'REFUSED_STREAM', 'ENHANCE_YOUR_CALM', '0x4242'],
    ])
  })
})
