// HTTP/2 by node:http2, which sends nothing twice either.
import { constants } from 'node:http2'
import { answerOf, type Exchange, type Exchanges, tlsOf } from './exchanges.ts'
import { http2FailureOf, type StreamEnd } from './http2-failure.ts'
import type { LoadPlan } from './load.ts'
import { heldLookup } from './lookup.ts'
import { Session } from './session.ts'

export function http2Exchanges(plan: LoadPlan): Exchanges {
  const { target, method, connections, timeoutMs, body = '', keepHeaders = [], headers = {}, address } = plan
  const { host, ...others } = headers
  const connecting = { ...tlsOf(plan), lookup: heldLookup(address), host }
  const sessions = new Set<Session>()
  const gone = (session: Session): void => void sessions.delete(session)
  const kept = connections === 'kept'

  const open = (url: URL): Session => {
    const session = new Session(url, connecting, gone)
    sessions.add(session)
    return session
  }

  const sessionTo = (url: URL): Session => {
    if (kept) for (const session of sessions) if (session.takes(url)) return session
    return open(url)
  }

  const send = (): Promise<Exchange> =>
    new Promise((resolve) => {
      const url = target()
      const session = sessionTo(url)
      const reused = session.carried > 0
      const seen: Seen = { answered: false, late: false, error: undefined }
      let status: Parameters<typeof answerOf> | undefined
      const stream = session.request(
        {
          [constants.HTTP2_HEADER_METHOD]: method,
          [constants.HTTP2_HEADER_PATH]: `${url.pathname}${url.search}`,
          [constants.HTTP2_HEADER_AUTHORITY]: host ?? url.host,
          [constants.HTTP2_HEADER_SCHEME]: url.protocol.slice(0, -1),
          ...(method === 'POST' && { [constants.HTTP2_HEADER_CONTENT_LENGTH]: Buffer.byteLength(body) }),
          ...others,
        },
        method === 'POST' ? body : undefined,
      )
      const deadline = setTimeout(() => {
        seen.late = true
        session.retire()
        // One that waits for its connection would wait for it to be closed, too.
        if (stream.pending) stream.destroy()
        else stream.close(constants.NGHTTP2_CANCEL)
      }, timeoutMs)
      stream.on('response', (answer) => {
        seen.answered = true
        status = [Number(answer[constants.HTTP2_HEADER_STATUS]), answer, keepHeaders]
      })
      stream.on('error', (error) => {
        seen.error = error
      })
      stream.on('close', () => {
        clearTimeout(deadline)
        const whole = status !== undefined && !seen.late && stream.rstCode === constants.NGHTTP2_NO_ERROR && !seen.error
        const result =
          whole && status
            ? answerOf(...status)
            : http2FailureOf({ id: stream.id, rstCode: stream.rstCode, ...seen }, session.end())
        session.ended()
        if (!kept) session.close()
        resolve({ reused, result, ...(session.connection && { connection: session.connection }) })
      })
      stream.resume()
    })

  const close = (): void => {
    for (const session of sessions) session.destroy()
  }
  return { send, close }
}

type Seen = { -readonly [key in 'answered' | 'late' | 'error']: StreamEnd[key] }
