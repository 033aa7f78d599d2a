// What the webhook's bench stands on: reviews at a steady rate, a webhook that does nothing, and a stand-in for an API server
// that only lists, since a real one with 20,000 objects would take the cores that are measured.
import { createServer } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Load {
  /** A second. */
  readonly rate: number
  readonly seconds: number
  readonly connections: number
  readonly bodyOf: (place: number) => string
}

export interface Latencies {
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Of how many, and how many had a patch. */
  readonly count: number
  readonly patched: number
  readonly failed: number
}

/** Sends each at its own time, whether those before it were answered or not; how long it took is counted from that time (ms). */
export async function send(address: string, { rate, seconds, connections, bodyOf }: Load): Promise<Latencies> {
  const [host, port] = address.split(':')
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' })
  const took: number[] = []
  let [patched, failed] = [0, 0]
  const one = (place: number, due: number): Promise<void> =>
    new Promise((resolve) => {
      const body = bodyOf(place)
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const options = { host, port, path: '/review', method: 'POST', agent, rejectUnauthorized: false, headers }
      const sent = request(options, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part) => {
          text += part
        })
        answer.on('end', () => {
          took.push(performance.now() - due)
          if (text.includes('"patch"')) patched++
          resolve()
        })
      })
      sent.on('error', () => {
        failed++
        resolve()
      })
      sent.end(body)
    })
  const all: Promise<void>[] = []
  const began = performance.now()
  for (let place = 0; place < rate * seconds; ) {
    const due = began + (place * 1000) / rate
    const wait = due - performance.now()
    if (wait > 1) await sleep(wait)
    else all.push(one(place++, due))
  }
  await Promise.all(all)
  agent.destroy()
  const sorted = took.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: at(1), count: sorted.length, patched, failed }
}

/** As little as a webhook can do: reads a review and lets it through. Run by `node -e`, with files of key and certificate. */
export const noopWebhook = `
const { createServer } = require('node:https')
const { readFileSync } = require('node:fs')
const [cert, key] = process.argv.slice(1).map((file) => readFileSync(file))
const server = createServer({ cert, key }, (incoming, outgoing) => {
  const parts = []
  incoming.on('data', (part) => parts.push(part))
  incoming.on('end', () => {
    const { uid } = JSON.parse(Buffer.concat(parts).toString()).request
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } }
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(review))
  })
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ listens: '127.0.0.1:' + server.address().port })))
`

/** Lists what it is given, in one page, and keeps watches open without a word. */
export async function startListOnlyApiServer(lists: Readonly<Record<string, readonly object[]>>) {
  const resources: Readonly<Record<string, readonly object[]>> = {
    '/api/v1': [
      { name: 'services', kind: 'Service', namespaced: true },
      { name: 'namespaces', kind: 'Namespace', namespaced: false },
      { name: 'nodes', kind: 'Node', namespaced: false },
    ],
  }
  const server = createServer((incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://x')
    const answer = (status: number, body: object): void => {
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const items = lists[pathname]
    if (pathname === '/version') answer(200, { major: '1', minor: '33', gitVersion: 'v1.33.0' })
    else if (resources[pathname]) answer(200, { resources: resources[pathname] })
    else if (!items) answer(404, { kind: 'Status', code: 404, reason: 'NotFound', message: 'not here' })
    else if (searchParams.get('watch')) outgoing.writeHead(200).flushHeaders()
    else answer(200, { metadata: { resourceVersion: '1' }, items })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const kubeconfig = JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'bench' },
    clusters: [{ name: 'bench', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'bench', user: {} }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  })
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { kubeconfig, close }
}
