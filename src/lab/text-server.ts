// Serves a text as it is at each request: what a program tells Prometheus, for those who ask over the network of this machine.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'

export interface TextServer {
  readonly address: string
  readonly port: number
  close(): Promise<void>
}

/** An API server's proxy refuses loopback addresses. @throws Error if the machine has no other one. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? [])
  const own = all.find(
    ({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'),
  )
  if (own) return own.address
  throw new Error('this machine has no IPv4 address but loopback: an API server asks no Pod there')
}

/** Starts one at a free port of the machine's own address. `pathname`: everything else is not found. */
export async function serveText(pathname: string, text: () => string): Promise<TextServer> {
  const server = createServer((question, answer) => {
    const found = question.url === pathname
    answer.writeHead(found ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    answer.end(found ? text() : '404 page not found\n')
  })
  const address = ownAddress()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, address, resolve)
  })
  return {
    address,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
