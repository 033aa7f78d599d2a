// One HTTP/2 connection, and what became of it: only that tells what became of its streams, since Node.js calls most ends of one CANCEL.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { type SecureContext, connect as tlsConnect } from 'node:tls'
import { connectionOf } from './exchanges.ts'
import type { SessionEnd } from './http2-failure.ts'
import type { Connection, RequestError } from './outcomes.ts'

export interface Connecting {
  readonly lookup: LookupFunction
  readonly secureContext: SecureContext
  readonly rejectUnauthorized: boolean
  /** The name that TLS asks for, if it is not that of the URL. */
  readonly host: string | undefined
}

/** Streams that are opened before the server said how many it takes: what RFC 9113 (6.5.2) wants it to take at least. */
const streamsUntilTold = 100

export class Session {
  /** Requests that it was given so far. */
  carried = 0
  connection: Connection | undefined
  readonly #origin: string
  readonly #session: ClientHttp2Session
  readonly #socket: Socket
  #most = streamsUntilTold
  #open = 0
  #retired = false
  #heardSettings = false
  #goaway: SessionEnd['goaway']
  #error: RequestError | undefined
  #closed = false

  /** @param gone told when it has ended. */
  constructor(url: URL, connecting: Connecting, gone: (session: Session) => void) {
    this.#origin = url.origin
    // Before node:http2 hears of the socket: its own listeners run after these, and end the streams.
    this.#socket = socketTo(url, connecting)
    this.#socket.once('error', (error) => {
      this.#error ??= error
    })
    this.#socket.once('close', () => {
      this.#closed = true
    })
    this.#socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => this.#established())
    this.#session = connectHttp2(url, { createConnection: () => this.#socket })
    this.#session.on('error', (error) => {
      this.#error ??= error
    })
    this.#session.on('goaway', (code, lastStreamId) => {
      this.#goaway ??= { code, lastStreamId }
    })
    this.#session.on('remoteSettings', ({ maxConcurrentStreams = Number.POSITIVE_INFINITY }) => {
      this.#heardSettings = true
      this.#most = maxConcurrentStreams
    })
    this.#session.once('close', () => gone(this))
  }

  /** Whether a further request can go over it. */
  takes(url: URL): boolean {
    return !this.#retired && this.#isOpen() && this.#open < this.#most && url.origin === this.#origin
  }

  /** @param body undefined for none. @throws Error if it has ended. */
  request(headers: OutgoingHttpHeaders, body: string | undefined): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream: body === undefined })
    this.carried++
    this.#open++
    if (body !== undefined) stream.end(body)
    return stream
  }

  /** A stream of it has ended. */
  ended(): void {
    this.#open--
    if (this.#retired && this.#open === 0) this.close()
  }

  /** It takes no further requests, and ends when it has none. */
  retire(): void {
    this.#retired = true
  }

  /** What is known of its end when one of its streams ended without a whole answer. */
  end(): SessionEnd {
    return {
      goaway: this.#goaway,
      error: this.#error,
      closed: this.#closed,
      established: this.connection !== undefined,
      heard: this.#heardSettings ? 'settings' : this.#socket.bytesRead > 0 && this.connection ? 'else' : 'nothing',
    }
  }

  /** Lets what is under way end. */
  close(): void {
    // Closing waits for a connect that may never end.
    if (this.connection) this.#session.close()
    else this.destroy()
  }

  destroy(): void {
    this.#session.destroy()
    this.#socket.destroy()
  }

  #isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed && !this.#socket.destroyed
  }

  #established(): void {
    this.connection = connectionOf(this.#socket)
    const alpn = 'alpnProtocol' in this.#socket ? this.#socket.alpnProtocol : 'h2'
    if (alpn === 'h2') return
    const error = Object.assign(new Error('the server did not choose h2 by ALPN'), { code: 'NOT_HTTP2' })
    this.#error ??= error
    this.#session.destroy(error)
  }
}

function socketTo(url: URL, { host, ...options }: Connecting): Socket {
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'https:'
  const where = { host: name, port: Number(url.port) || (secure ? 443 : 80), lookup: options.lookup }
  if (!secure) return connect({ ...where, noDelay: true })
  const asked = host === undefined ? name : new URL(`https://${host}`).hostname
  const servername = isIP(asked) === 0 ? { servername: asked } : {}
  return tlsConnect({ ...options, ...where, ...servername, ALPNProtocols: ['h2'] }).setNoDelay(true)
}
