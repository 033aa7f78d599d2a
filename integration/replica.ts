import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'

export interface ReplicaOf {
  readonly kubeconfig: string
  readonly namespace: string
  /** Beside that of the test itself. */
  readonly env?: Readonly<Record<string, string>>
}

/** One replica of the controller as a process of its own, and its log. */
export class Replica {
  readonly #process: ChildProcess
  readonly #gone: Promise<number>
  readonly name: string
  #text = ''

  constructor(name: string, { kubeconfig, namespace, env }: ReplicaOf, ...more: readonly string[]) {
    this.name = name
    const args = [
      'controller',
      '--kubeconfig',
      kubeconfig,
      '--namespace',
      namespace,
      '--identity',
      name,
      '--listen',
      '127.0.0.1:0',
    ]
    this.#process = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js'), ...args, ...more], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    })
    this.#process.stdout?.on('data', (part) => {
      this.#text += part
    })
    this.#gone = new Promise((resolve) => this.#process.once('exit', () => resolve(Date.now())))
  }

  get lines(): readonly Record<string, unknown>[] {
    return this.#text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  said(message: string): Record<string, unknown> | undefined {
    return this.lines.find(({ msg }) => msg === message)
  }

  async says(message: string, timeout = 60_000): Promise<Record<string, unknown>> {
    await expect
      .poll(() => this.said(message), { timeout, interval: 50, message: `${this.name}: ${message}` })
      .toBeTruthy()
    return this.said(message) ?? {}
  }

  get(path: string): Promise<Response> {
    return fetch(`http://${this.said('started')?.listens}${path}`)
  }

  async metric(name: string): Promise<readonly string[]> {
    return (await (await this.get('/metrics')).text()).split('\n').filter((line) => line.startsWith(name))
  }

  /** @returns when it was gone, ms UTC. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.#process.kill(signal)
    return this.#gone
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }
}
