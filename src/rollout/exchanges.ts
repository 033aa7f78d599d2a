// What the load asks of a protocol: one request and its whole answer, over connections that are its own.
import type { Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { LoadPlan } from './load.ts'
import type { Answer, Connection, Outcome } from './outcomes.ts'

/** Times are those of `performance.now()`. */
export type Exchange = Pick<Outcome, 'reused' | 'result' | 'connection'>

export interface Exchanges {
  /** Sends one now. It never throws: how it failed is its result. */
  send(): Promise<Exchange>
  /** Ends all that is under way, and every connection. */
  close(): void
}

/** How TLS is spoken. Made once: to read an authority's certificates takes longer than to send a request. */
export const tlsOf = ({ ca, insecure = false }: LoadPlan) => ({
  secureContext: createSecureContext(ca === undefined ? {} : { ca }),
  rejectUnauthorized: !insecure,
})

/** Asked right after it was established: a socket that has ended does not know any more. */
export const connectionOf = ({ remoteAddress = '', remotePort = 0, localPort = 0 }: Socket): Connection => ({
  connectedMs: performance.now(),
  remote: `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`,
  localPort,
})

export const answerOf = (
  status: number,
  headers: Readonly<Record<string, string | string[] | number | undefined>>,
  kept: readonly string[],
): Answer => ({
  status,
  headers: Object.fromEntries(
    kept.flatMap((name) => {
      const value = headers[name]
      return value === undefined ? [] : [[name, String(value)]]
    }),
  ),
})
