import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerOf, parseReview } from './document.ts'
import type { Request, Reviewed } from './review.ts'

/** etcd takes objects of 1.5 MiB; a review holds two, and what is not ASCII may be escaped (bytes). */
const mostBytes = 8 * 2 ** 20
/** A body that takes so long (ms) has no API server behind it: that one waits for two seconds. */
const bodyMs = 5_000
/** How often that is looked after (ms). */
const bodiesLookedAtEvery = 1_000
/**
 * A connection without a request stays for so long (ms): longer than an API server keeps one (90 s, IdleConnTimeout of Go's
 * DefaultTransport), so that it never sends a review on one that is just being closed; it would not send it again.
 */
const idleMs = 120_000
/** Who goes says so with each answer for so long (ms), before it closes what is idle, for the same reason. */
const leavesFor = 1_000
/** Then what is under way may still end (ms); an API server waits no longer. */
const endsWithin = 3_000

/** What clients say when they break off a handshake since they do not trust the certificate (RFC 8446, 6.2), as OpenSSL calls it. */
const refusals: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'unknown authority',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'bad certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'certificate expired',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'certificate unknown',
}

export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface ReviewServerOptions {
  readonly host: string
  /** 0 takes any. */
  readonly port: number
  readonly certificate: Certificate
  readonly review: (request: Request) => Promise<Reviewed>
  /** Told how long each took (ms), and what became of it. */
  readonly reviewed: (request: Request, reviewed: Reviewed, ms: number) => void
  /** What could not be answered, or not be judged: why. */
  readonly failed: (because: string) => void
  /** A request that is no review: of another path or method. */
  readonly strayed: () => void
  /** A client that would not take the certificate: why, in its own word. */
  readonly distrusted: (because: string) => void
  /** ms on a clock that only goes forward. */
  readonly ticks: () => number
}

export interface ReviewServer {
  readonly address: string
  /** Connections from now on get another certificate. @throws Error if it can't be used. */
  renew(certificate: Certificate): void
  /** Answers what is under way, for a few seconds at most. */
  close(): Promise<void>
}

/** Answers reviews at /review over TLS, and nothing else. @throws Error if it can't listen, or the certificate can't be used. */
export async function reviewServer(options: ReviewServerOptions): Promise<ReviewServer> {
  const { host, port, certificate } = options
  const timing = { requestTimeout: bodyMs, connectionsCheckingInterval: bodiesLookedAtEvery, keepAliveTimeout: idleMs }
  let isLeaving = false
  const server = createServer({ ...certificate, ...timing }, (incoming, outgoing) => {
    if (isLeaving) outgoing.setHeader('connection', 'close')
    void answer(options, incoming, outgoing)
  })
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    const because = refusals[error.code ?? '']
    if (because !== undefined) options.distrusted(because)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { address, port: own } = server.address() as AddressInfo
  return {
    address: `${address}:${own}`,
    renew: (next) => server.setSecureContext(next),
    async close() {
      isLeaving = true
      if (open.size > 0) await sleep(leavesFor)
      const isClosed = closed(server)
      await Promise.race([isClosed, sleep(endsWithin, undefined, { ref: false })])
      for (const socket of open) socket.destroy() // whoever is still there would keep the process
      await isClosed
    },
  }
}

async function answer(
  options: ReviewServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { review, reviewed, failed, strayed, ticks } = options
  const began = ticks()
  const say = (status: number, text: string): void => {
    outgoing.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`${text}\n`)
  }
  if (incoming.method !== 'POST' || incoming.url?.split('?')[0] !== '/review') {
    strayed()
    return say(404, 'there is POST /review')
  }
  const refuse = (status: number, because: string): void => {
    failed(because)
    say(status, because)
  }
  const text = await bodyOf(incoming).catch(() => undefined)
  if (text === undefined) return refuse(400, 'the body broke off')
  if (text === 'too large') return refuse(413, `a review of more than ${mostBytes} bytes`)
  const parsed = parseReview(text)
  if ('wrong' in parsed) return refuse(400, parsed.wrong)
  const { uid, request } = parsed
  let result: Reviewed
  try {
    result = await review(request)
    reviewed(request, result, ticks() - began)
  } catch (error) {
    // An object that could not be judged is let through as it is.
    result = { patch: [], warnings: [] }
    failed(error instanceof Error ? error.message : String(error))
  }
  outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answerOf(uid, result)))
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of incoming as AsyncIterable<Buffer>) {
    length += part.length
    if (length > mostBytes) return 'too large'
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
