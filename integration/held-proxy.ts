// Stands between a controller and a real API server, so that a request can be stopped on its way. Passes everything else on.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Target } from '../src/kubernetes/kubeconfig.ts'

export interface HeldProxy {
  /** A kubeconfig for it, as JSON, which is YAML. */
  readonly kubeconfig: string
  /** What is asked before each request; the promise that it gives is waited for, and `drop` never answers. */
  before: (method: string, path: string) => Promise<'pass' | 'drop'> | 'pass' | 'drop'
  /** Breaks all connections that are open. */
  cut(): void
  stop(): Promise<void>
}

export async function heldProxy(target: Target): Promise<HeldProxy> {
  const { headers, tls } = await target.credentials()
  const agent = new Agent({ ...tls, keepAlive: true })
  const to = new URL(target.server)
  const proxy: { before: HeldProxy['before'] } = { before: () => 'pass' }
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = incoming
    if ((await proxy.before(method, url)) === 'drop') return
    const { host: _, connection: __, ...kept } = incoming.headers
    const options = { host: to.hostname, port: to.port, path: url, method, agent, headers: { ...kept, ...headers } }
    const passed = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed)
  }
  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'held',
    clusters: [{ name: 'held', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'held', user: {} }],
    contexts: [{ name: 'held', context: { cluster: 'held', user: 'held' } }],
  }
  return Object.assign(proxy, {
    kubeconfig: JSON.stringify(config),
    cut: () => server.closeAllConnections(),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      agent.destroy()
    },
  })
}
