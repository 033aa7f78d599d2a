// What the load asks of a protocol: one request and its whole answer, over connections that are its own.
import { X509Certificate } from 'node:crypto'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { LoadPlan } from './load.ts'
import type { Answer, Connection, Outcome } from './outcomes.ts'

/** Times are those of `performance.now()`. */
export type Exchange = Pick<Outcome, 'reused' | 'result' | 'connection'>

export interface Exchanges {
  /** Sends one now. How it failed is its result. @throws only what Node.js does not take at all. */
  send(): Promise<Exchange>
  /** Ends all that is under way, and every connection. */
  close(): void
}

/** @throws Error for headers that can't be sent, or authorities that can't be read. */
export function expectSendable({ headers = {}, ca }: Pick<LoadPlan, 'headers' | 'ca'>): void {
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }
  if (ca === undefined) return
  try {
    new X509Certificate(ca)
  } catch (cause) {
    throw new Error('the certificates of the authorities can not be read: they have to be PEM', { cause })
  }
}

/** How TLS is spoken. Made once: to read an authority's certificates takes longer than to send a request. */
export const tlsOf = ({ ca, insecure = false }: Pick<LoadPlan, 'ca' | 'insecure'>) => ({
  secureContext: createSecureContext(ca === undefined ? {} : { ca }),
  rejectUnauthorized: !insecure,
})

/** What never began, since Node.js does not take it. */
export const unsent = (error: unknown): Exchange => ({
  reused: false,
  result: { failure: 'other', message: error instanceof Error ? error.message : String(error) },
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
