// What became of a request, and how it failed.

/**
 * `dns`: its name has no address. `unreachable`: no way to it. `refused`: nobody listens. `tls`: no trust, or no common TLS.
 * `not-http2`: the server speaks another protocol. `reset`: the connection was torn down. `closed`: it was closed without an answer.
 * `cut-short`: the answer had begun. `timed-out`: no whole answer in time.
 *
 * HTTP/2 only: `going-away`: GOAWAY, before the server took it up. `stream-refused`: RST_STREAM with REFUSED_STREAM, not taken up
 * either. `stream-reset`: RST_STREAM with another code.
 *
 * `exhausted`: the machine that sends had no source port or no file left, which says nothing of who is asked.
 */
export type Failure =
  | 'dns'
  | 'unreachable'
  | 'refused'
  | 'tls'
  | 'not-http2'
  | 'reset'
  | 'closed'
  | 'cut-short'
  | 'timed-out'
  | 'going-away'
  | 'stream-refused'
  | 'stream-reset'
  | 'exhausted'
  | 'other'

export type Method = 'GET' | 'POST'

/** One request; all times are ms from the start of its load. */
export interface Outcome {
  readonly method: Method
  /** When it was due. Latency counts from here, so that it holds what a late generator or a queue made it wait. */
  readonly plannedMs: number
  readonly sentMs: number
  readonly endedMs: number
  /** It went over a connection that had carried another one before. */
  readonly reused: boolean
  /** The connection that carried it; absent if none was established. */
  readonly connection?: Connection
  readonly result: Answer | Failed
}

export interface Connection {
  /** When it was established, TLS included, ms from the start of the load: of a fresh one after `sentMs`. */
  readonly connectedMs: number
  /** Address and port of the other end, as `10.1.2.3:8080`. */
  readonly remote: string
  readonly localPort: number
}

/** `headers`: those that were asked to be kept; an absent one is not there. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

export interface Failed {
  readonly failure: Failure
  /** As the system said it. */
  readonly message: string
  /** The name of the system's error, or of HTTP/2's (`CANCEL`), where there is one. */
  readonly code?: string
}

/** What Node.js tells of a failed request. */
export interface RequestError {
  readonly code?: string | undefined
  readonly syscall?: string | undefined
  readonly message: string
}

const kinds: Readonly<Record<string, Failure>> = {
  ETIMEDOUT: 'timed-out',
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'exhausted',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
}

/** Node.js has a code of its own for each way in which OpenSSL does not trust a certificate. */
const ofTls = /^(ERR_TLS_|ERR_SSL_|EPROTO$)|CERT|CRL|_CA$|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH|SIGNATURE/

/** @param answered whether the answer had begun. @param late whether it was given up since its time had passed. */
export function failureOf(
  { code, syscall }: RequestError,
  { answered, late }: { readonly answered: boolean; readonly late: boolean },
): Failure {
  if (late) return 'timed-out'
  if (code === undefined) return answered ? 'cut-short' : 'other'
  const kind = kinds[code]
  if (kind) return kind
  if (answered) return 'cut-short'
  // Node.js calls both ends of a connection ECONNRESET; only one that the system told of has a system call.
  if (code === 'ECONNRESET') return syscall === undefined ? 'closed' : 'reset'
  if (code === 'EPIPE' || code === 'ECONNABORTED') return 'reset'
  return ofTls.test(code) ? 'tls' : 'other'
}

/** What those who stand before an application answer when they got no answer from it. */
const ofProxies = [502, 503, 504]

/** Whether nobody served it: a failure, or the answer of a proxy that had none. A 500 is an answer of the application. */
export const isLost = ({ result }: Outcome): boolean => 'failure' in result || ofProxies.includes(result.status)

const races: readonly Failure[] = ['closed', 'reset', 'going-away', 'stream-refused']

/**
 * A connection that was kept is closed by its server at any time, and what is sent at that instant gets no answer. Clients send it
 * again (RFC 9110, 9.2.2, where the method allows it; what GOAWAY or REFUSED_STREAM left untouched always, RFC 9113, 8.7), so it is
 * told apart.
 */
export const isRaceForConnection = ({ reused, result }: Outcome): boolean =>
  reused && 'failure' in result && races.includes(result.failure)
