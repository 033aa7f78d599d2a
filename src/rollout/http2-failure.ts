// How a request over HTTP/2 failed, from what became of its stream and of the connection under it.
import { constants } from 'node:http2'
import { type Failed, type Failure, failureOf, type RequestError } from './outcomes.ts'

export interface SessionEnd {
  /** GOAWAY, if one came: streams above the last one were not taken up. */
  readonly goaway: { readonly code: number; readonly lastStreamId: number } | undefined
  /** The first error of the socket or of the protocol. */
  readonly error: RequestError | undefined
  /** The connection has ended. */
  readonly closed: boolean
  /** It was established, TLS included. */
  readonly established: boolean
  /** What the server said first: HTTP/2 begins with SETTINGS. */
  readonly heard: 'settings' | 'nothing' | 'else'
}

export interface StreamEnd {
  /** Undefined if it was never opened. */
  readonly id: number | undefined
  readonly rstCode: number | undefined
  readonly error: RequestError | undefined
  readonly answered: boolean
  readonly late: boolean
}

/** Errors of HTTP/2 by their code (RFC 9113, 7). */
const names = new Map(
  Object.entries(constants).flatMap(([name, code]): [number, string][] =>
    /^NGHTTP2_(NO|PROTOCOL|INTERNAL|FLOW_CONTROL|FRAME_SIZE|COMPRESSION|CONNECT)_ERROR$|^NGHTTP2_(SETTINGS_TIMEOUT|STREAM_CLOSED|REFUSED_STREAM|CANCEL|ENHANCE_YOUR_CALM|INADEQUATE_SECURITY|HTTP_1_1_REQUIRED)$/.test(
      name,
    ) && typeof code === 'number'
      ? [[code, name.replace('NGHTTP2_', '')]]
      : [],
  ),
)
export const http2ErrorName = (code: number): string => names.get(code) ?? `0x${code.toString(16)}`

export function http2FailureOf(stream: StreamEnd, session: SessionEnd): Failed {
  const { answered, late } = stream
  if (late) return lateOf(session)
  const failed = notHttp2(session) ?? goneAway(stream, session)
  if (failed) return failed
  const { closed } = session
  const error = [session.error, stream.error].find((one) => one !== undefined && !isOfStreams(one))
  if (error) return failedWith(failureOf(error, { answered, late }), error.message, error.code)
  if (closed) return failedWith(answered ? 'cut-short' : 'closed', 'the connection was closed')
  return resetOf(stream)
}

const failedWith = (failure: Failure, message: string, code?: string): Failed => ({
  ...{ failure, message },
  ...(code !== undefined && { code }),
})

const lateOf = ({ established, heard }: SessionEnd): Failed =>
  failedWith('timed-out', `no whole answer in time${established && heard === 'nothing' ? ', and no SETTINGS' : ''}`)

function notHttp2({ error, heard }: SessionEnd): Failed | undefined {
  if (error?.code === 'NOT_HTTP2' || error?.code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
    return failedWith('not-http2', error.message)
  return heard === 'else' ? failedWith('not-http2', 'the server answered with something else than HTTP/2') : undefined
}

function goneAway({ id, answered }: StreamEnd, { goaway }: SessionEnd): Failed | undefined {
  if (!goaway) return undefined
  const code = http2ErrorName(goaway.code)
  if (id === undefined || id > goaway.lastStreamId)
    return failedWith('going-away', 'GOAWAY before the server took it up', code)
  // Node.js ends all streams at once then, also those that the server would have ended.
  return goaway.code === constants.NGHTTP2_NO_ERROR
    ? undefined
    : failedWith(answered ? 'cut-short' : 'closed', `the connection ended with GOAWAY ${code}`, code)
}

function resetOf({ rstCode = 0, answered, error }: StreamEnd): Failed {
  const code = http2ErrorName(rstCode)
  if (rstCode === constants.NGHTTP2_REFUSED_STREAM) return failedWith('stream-refused', `RST_STREAM ${code}`, code)
  if (rstCode !== 0) return failedWith(answered ? 'cut-short' : 'stream-reset', `RST_STREAM ${code}`, code)
  return failedWith(answered ? 'cut-short' : 'other', error?.message ?? 'the stream ended without an answer')
}

/** What node:http2 makes of the end of a stream or of a session by itself, and what says nothing of who ended it. */
const isOfStreams = ({ code }: RequestError): boolean =>
  code === 'ERR_HTTP2_STREAM_ERROR' || code === 'ERR_HTTP2_STREAM_CANCEL' || code === 'ERR_HTTP2_SESSION_ERROR'
