// What tests of the webhook on a real API server share: its process, and a door in front of it that can be as bad as a network.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Pod } from 'kubernetes-types/core/v1.js'
import type { Lab } from '../src/lab/lab.ts'
import { waitFor } from '../src/lab/wait-for.ts'
import { create } from './create.ts'

export const labels = { app: 'shop' }
export const container = { name: 'app', image: 'registry.example.com/app:1' }
/** What a Pod gets on an API server of 1.20. */
export const hook = { preStop: { exec: { command: ['sleep', '5'] } } }
export const optedIn = { 'roadcrew.dev/admission': 'enabled' }

/** `roadcrew webhook` as a process of its own. */
export class WebhookProcess {
  readonly #process: ChildProcess
  readonly gone: Promise<void>
  #text = ''

  constructor(...args: readonly string[]) {
    const own = ['webhook', '--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0', ...args]
    this.#process = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js'), ...own], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process.stdout?.on('data', (part) => {
      this.#text += part
    })
    this.gone = new Promise((resolve) => this.#process.once('exit', () => resolve()))
  }

  logged(message: string): readonly Record<string, unknown>[] {
    const lines = this.#text.split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === message)
  }

  /** Where it listens, once it is ready. @throws Error with its log if it never is. */
  async ready(): Promise<string> {
    const { signal } = new AbortController()
    const isReady = async () => {
      if (this.logged('started').length === 0) return undefined
      return (await fetch(`http://${this.#where.metrics}/readyz`)).ok || undefined
    }
    await waitFor(signal, 60, isReady).catch((error: unknown) => {
      throw new Error(`the webhook is not ready: ${this.#text}`, { cause: error })
    })
    return this.listens
  }

  get listens(): string {
    return String(this.#where.listens)
  }

  get #where(): Record<string, unknown> {
    return this.logged('started')[0] ?? {}
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://${this.#where.metrics}/metrics`)).text()
    return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)`, 'm').exec(text)?.[1])
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#process.kill(signal)
    await this.gone
  }
}

export type Manner = 'open' | 'hung' | 'down' | { readonly slowMs: number }

/** Takes connections for the replicas behind it, one after the other, as a Service does. */
export class Door {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  #behind: readonly string[] = []
  #manner: Manner = 'open'
  #turn = 0
  port = 0

  constructor() {
    this.#server = createServer((socket) => this.#take(socket))
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve))
    const address = this.#server.address()
    this.port = address !== null && typeof address === 'object' ? address.port : 0
    return this
  }

  /** host:port of each; connections that are open stay. */
  leadsTo(...behind: readonly string[]): void {
    this.#behind = behind
  }

  /** Breaks what is open: an API server would keep its connections. */
  becomes(manner: Manner): void {
    this.#manner = manner
    for (const socket of this.#open) socket.destroy()
  }

  close(): void {
    this.becomes('down')
    this.#server.close()
  }

  #take(socket: Socket): void {
    const manner = this.#manner
    socket.on('error', () => {})
    this.#open.add(socket)
    socket.on('close', () => this.#open.delete(socket))
    const behind = this.#behind[this.#turn++ % Math.max(this.#behind.length, 1)]
    if (manner === 'hung') socket.resume()
    else if (manner === 'down' || behind === undefined) socket.destroy()
    else setTimeout(() => this.#lead(socket, behind), typeof manner === 'object' ? manner.slowMs : 0)
  }

  #lead(socket: Socket, behind: string): void {
    const [host = '', port] = behind.split(':')
    const to = dial(Number(port), host)
    to.on('error', () => socket.destroy())
    socket.on('close', () => to.destroy())
    to.on('close', () => socket.destroy())
    socket.pipe(to).pipe(socket)
  }
}

/** A certificate for 127.0.0.1 which is its own authority. @returns it in base64, as a caBundle. */
export function makeCertificate(folder: string, name = 'tls'): string {
  const out = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)]
  const as = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...as, ...out], {
    stdio: 'ignore',
  })
  return readFileSync(join(folder, `${name}.crt`)).toString('base64')
}

export const configurationPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

export interface Registered {
  readonly name: string
  readonly clientConfig: { readonly caBundle?: string; readonly service?: object; readonly url?: string }
}

/** The webhooks of a configuration. */
export const webhooksOf = async (lab: Lab, name: string): Promise<readonly Registered[]> =>
  ((await lab.send('GET', `${configurationPath}/${name}`)) as { webhooks: readonly Registered[] }).webhooks

/** Changes whom and where the API server asks. */
export async function redirect(lab: Lab, name: string, change: Partial<Registered['clientConfig']>): Promise<void> {
  const webhooks = await webhooksOf(lab, name)
  const changed = webhooks.map((one) => ({ ...one, clientConfig: { ...one.clientConfig, ...change } }))
  await lab.send('PATCH', `${configurationPath}/${name}`, { webhooks: changed })
}

/** A namespace that is opted in, with a Service that selects what the tests make. */
export async function space(lab: Lab, name: string): Promise<void> {
  await create(lab, { kind: 'Namespace', metadata: { name, labels: optedIn } } as never)
  const spec = { selector: labels, ports: [{ port: 80 }] }
  await create(lab, { kind: 'Service', metadata: { name: 'shop', namespace: name }, spec } as never)
}

const bare = (namespace: string, name: string, more: object) =>
  ({ kind: 'Pod', metadata: { name, namespace, labels }, spec: { containers: [container], ...more } }) as never

/** What becomes of a Pod that is made; with `earnest` it stays. */
export const madePod = async (lab: Lab, namespace: string, earnest = '', more: object = {}): Promise<Pod> =>
  (await create(lab, bare(namespace, earnest || 'tried', more), earnest ? '' : '?dryRun=All')) as Pod

export const isPatched = (pod: Pod): boolean =>
  (pod.spec?.containers ?? []).every(({ lifecycle }) => lifecycle?.preStop !== undefined)
