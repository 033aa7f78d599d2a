// HTTP/1.1 by node:http, since its agents say exactly which request shares a connection with which, and it sends nothing twice.
import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { answerOf, connectionOf, type Exchange, type Exchanges, tlsOf } from './exchanges.ts'
import type { LoadPlan } from './load.ts'
import { heldLookup } from './lookup.ts'
import { type Connection, failureOf, type RequestError } from './outcomes.ts'

export function http1Exchanges(plan: LoadPlan): Exchanges {
  const { target, method, connections, timeoutMs, body = '', keepHeaders = [], headers = {}, address } = plan
  const kept = connections === 'kept'
  const agents = {
    http: kept && new HttpAgent({ keepAlive: true }),
    https: kept && new HttpsAgent({ keepAlive: true }),
  }
  const requests = new Set<ClientRequest>()
  const established = new WeakMap<Socket, Connection>()
  const sent = { ...headers, ...(method === 'POST' && { 'content-length': Buffer.byteLength(body) }) }
  const options = { method, headers: sent, lookup: heldLookup(address) }
  const tls = tlsOf(plan)

  const start = (url: URL): ClientRequest =>
    url.protocol === 'https:'
      ? httpsRequest(url, { ...options, ...tls, agent: agents.https })
      : httpRequest(url, { ...options, agent: agents.http })

  const send = (): Promise<Exchange> =>
    new Promise((resolve) => {
      const request = start(target())
      requests.add(request)
      let [answered, late] = [false, false]
      let connection: Connection | undefined
      const deadline = setTimeout(() => {
        late = true
        request.destroy()
      }, timeoutMs)
      const end = (result: Exchange['result']): void => {
        clearTimeout(deadline)
        requests.delete(request)
        resolve({ reused: request.reusedSocket, result, ...(connection && { connection }) })
      }
      const fail = (error: RequestError): void => {
        const failure = failureOf(error, { answered, late })
        end({ failure, message: error.message, ...(error.code !== undefined && { code: error.code }) })
      }
      request.on('socket', (socket) => {
        connection = established.get(socket)
        if (connection) return
        socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
          connection = connectionOf(socket)
          established.set(socket, connection)
        })
      })
      request.on('error', fail)
      request.on('response', (response) => {
        answered = true
        response.on('error', fail)
        response.on('end', () => end(answerOf(response.statusCode ?? 0, response.headers, keepHeaders)))
        response.resume()
      })
      request.end(method === 'POST' ? body : undefined)
    })

  const close = (): void => {
    for (const request of requests) request.destroy()
    if (agents.http) agents.http.destroy()
    if (agents.https) agents.https.destroy()
  }
  return { send, close }
}
