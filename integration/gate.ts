// A way to a real API server on which one request can be held, so that whoever sent it can be ended in the middle.
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** A request that writes. */
export interface Write {
  readonly method: string
  readonly path: string
  readonly body: string
}

export interface Held extends Write {
  /** Lets it go on to the API server, whether anybody waits for the answer or not. @returns the answer's status. */
  release(): Promise<number>
}

interface Waiting {
  readonly matches: (write: Write) => boolean
  readonly resolve: (held: Held) => void
}

export class Gate {
  readonly #server = createServer((question, answer) => void this.#pass(question, answer).catch(() => answer.destroy()))
  readonly #agent: Agent
  readonly #target: URL
  readonly #token: string
  readonly #waiting: Waiting[] = []
  readonly #writes: Write[] = []
  readonly #file: string

  /** @param kubeconfig a file of the lab. @param folder for the kubeconfig that leads through the gate. */
  constructor(kubeconfig: string, folder: string) {
    const config = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
      clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }]
      users: [{ user: { token: string } }]
    }
    const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster
    this.#target = new URL(server)
    this.#token = config.users[0].user.token
    this.#agent = new Agent({ ca: Buffer.from(ca, 'base64'), keepAlive: true })
    this.#file = join(folder, `gate-${Math.random().toString(36).slice(2)}.kubeconfig`)
  }

  /** @returns the path of a kubeconfig that leads through it. */
  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const { port } = this.#server.address() as AddressInfo
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'lab' },
      clusters: [{ name: 'lab', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'gate', user: {} }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'gate' } }],
    }
    writeFileSync(this.#file, JSON.stringify(config))
    return this.#file
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
    this.#agent.destroy()
    rmSync(this.#file, { force: true })
  }

  /** What was written through it so far, leases left out. */
  get writes(): readonly Write[] {
    return this.#writes.filter(({ path }) => !path.includes('/leases'))
  }

  /** The next write that matches: it goes no further until it is released. */
  hold(matches: Waiting['matches']): Promise<Held> {
    return new Promise((resolve) => this.#waiting.push({ matches, resolve }))
  }

  async #pass(question: IncomingMessage, answer: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of question) parts.push(part as Buffer)
    const { method = 'GET', url: path = '/' } = question
    const write: Write = { method, path, body: Buffer.concat(parts).toString() }
    const place = method === 'GET' ? -1 : this.#waiting.findIndex(({ matches }) => matches(write))
    const [waiting] = place < 0 ? [] : this.#waiting.splice(place, 1)
    if (!waiting) {
      if (method !== 'GET') this.#writes.push(write)
      await this.#forward(write, question, answer)
      return
    }
    waiting.resolve({
      ...write,
      release: () => {
        this.#writes.push(write)
        return this.#forward(write, question, answer)
      },
    })
  }

  #forward({ method, path, body }: Write, question: IncomingMessage, answer: ServerResponse): Promise<number> {
    return new Promise((resolve, reject) => {
      const { host: _, connection: __, ...headers } = question.headers
      const onward = request(
        new URL(path, this.#target),
        { method, agent: this.#agent, headers: { ...headers, authorization: `Bearer ${this.#token}` } },
        (response) => {
          answer.writeHead(response.statusCode ?? 502, response.headers)
          answer.flushHeaders()
          response.pipe(answer)
          response.on('error', () => answer.destroy())
          answer.on('close', () => response.destroy())
          resolve(response.statusCode ?? 502)
        },
      )
      onward.on('error', (error) => {
        answer.destroy()
        reject(error)
      })
      onward.end(body)
    })
  }
}
