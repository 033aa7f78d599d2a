// Requests that take long: what keeps an old worker of a proxy alive.
import { createConnection, type Socket } from 'node:net'

export interface HeldRequests {
  /** Sends one more, and goes on without its answer. */
  add(): void
  readonly open: number
  /** How many the other side has closed. */
  readonly cut: number
  close(): void
}

/** Requests to a port of this machine that are answered late, or never. */
export function heldRequests(port: number, path: string): HeldRequests {
  const open = new Set<Socket>()
  let cut = 0
  return {
    add() {
      const socket = createConnection(port, '127.0.0.1')
      open.add(socket)
      socket.on('error', () => undefined) // it closes then
      socket.once('close', () => {
        if (open.delete(socket)) cut++
      })
      socket.resume().write(`GET ${path} HTTP/1.1\r\nHost: lab\r\n\r\n`)
    },
    get open() {
      return open.size
    },
    get cut() {
      return cut
    },
    close() {
      const all = [...open]
      open.clear()
      for (const socket of all) socket.destroy()
    },
  }
}
