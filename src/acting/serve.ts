import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

/** Whether it does its work, or can begin to: why not, if not. */
export type Health = () => string | undefined

/**
 * Serves /metrics, /healthz and, where something has to be ready, /readyz; and nothing else.
 * @param listen `host:port`; port 0 takes any.
 * @returns the address that it listens on, and how to stop.
 * @throws Error if the address is taken or is none.
 */
export async function serve(
  listen: string,
  registry: Registry,
  health: Health,
  ready?: Health,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const match = /^(.*):(\d+)$/.exec(listen)
  if (!match) throw new Error(`--listen: "${listen}" is no host:port, such as 127.0.0.1:9842`)
  const asked: Readonly<Record<string, Health>> = { '/healthz': health, ...(ready && { '/readyz': ready }) }
  const known = `there are ${['/metrics', ...Object.keys(asked)].join(' and ')}\n`
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, text: string): void => {
      response.writeHead(status, { 'content-type': type }).end(request.method === 'HEAD' ? undefined : text)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, 'text/plain', 'only GET\n')
    else if (request.url === '/metrics') void registry.metrics().then((text) => answer(200, registry.contentType, text))
    else {
      const how = asked[request.url ?? '']
      const wrong = how?.()
      if (!how) answer(404, 'text/plain', known)
      else answer(wrong === undefined ? 200 : 503, 'text/plain', `${wrong ?? 'ok'}\n`)
    }
  })
  await listening(server, Number(match[2]), match[1] ?? '')
  const { address, port } = server.address() as AddressInfo
  return { address: `${address}:${port}`, close: () => closed(server) }
}

const listening = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
