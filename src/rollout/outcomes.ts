// What became of a request, and how it failed.

/**
 * `refused`: nobody listens. `reset`: the connection was torn down. `closed`: it was closed without an answer. `cut-short`: the
 * answer had begun. `timed-out`: no whole answer in time. `unreachable`: no way to it, or no such name.
 */
export type Failure = 'refused' | 'reset' | 'closed' | 'cut-short' | 'timed-out' | 'unreachable' | 'other'

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
  readonly result: Answer | Failed
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
}

/** What Node.js tells of a failed request. */
export interface RequestError {
  readonly code?: string | undefined
  readonly syscall?: string | undefined
  readonly message: string
}

const unreachable = ['EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL']

/** @param answered whether the answer had begun. @param late whether it was given up since its time had passed. */
export function failureOf(
  { code, syscall }: RequestError,
  { answered, late }: { readonly answered: boolean; readonly late: boolean },
): Failure {
  if (late || code === 'ETIMEDOUT') return 'timed-out'
  if (code === 'ECONNREFUSED') return 'refused'
  if (answered) return 'cut-short'
  // Node.js calls both ends of a connection ECONNRESET; only one that the system told of has a system call.
  if (code === 'ECONNRESET') return syscall === undefined ? 'closed' : 'reset'
  if (code === 'EPIPE' || code === 'ECONNABORTED') return 'reset'
  return code !== undefined && unreachable.includes(code) ? 'unreachable' : 'other'
}

/** What those who stand before an application answer when they got no answer from it. */
const ofProxies = [502, 503, 504]

/** Whether nobody served it: a failure, or the answer of a proxy that had none. A 500 is an answer of the application. */
export const isLost = ({ result }: Outcome): boolean => 'failure' in result || ofProxies.includes(result.status)

/**
 * A connection that was kept is closed by its server at any time, and what is sent at that instant gets no answer. Clients send it
 * again (RFC 9110, 9.2.2, where the method allows it), so it is told apart.
 */
export const isRaceForConnection = ({ reused, result }: Outcome): boolean =>
  reused && 'failure' in result && (result.failure === 'closed' || result.failure === 'reset')
