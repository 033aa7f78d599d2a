// What `roadcrew rollout` looks at, made to fail on purpose: objects on a real API server, and servers in this process that answer for
// the Pods, since no kubelet runs any here.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '../src/lab/lab.ts'
import type { RolloutReport } from '../src/report/rollout-schema.ts'
import { create } from './create.ts'

const main = join(import.meta.dirname, '../dist/main.js')

/** Answers for a Pod, or for what stands before it. */
export class Answering {
  /** How it answers now. */
  how: (answer: ServerResponse) => void = (answer) => void answer.end('served')
  asked = 0
  readonly #server: Server
  port = 0

  constructor() {
    this.#server = createServer((question, answer) => {
      question.resume()
      this.asked++
      this.how(answer)
    })
  }

  async listen(): Promise<this> {
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  /** As a process that ends: nobody listens, and what is open is torn down. */
  end(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

const template = (node: string, grace: number, sleepSeconds?: number) => ({
  metadata: { labels: { app: 'shop' } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: grace,
    containers: [
      {
        ...{ name: 'app', image: 'registry.example.com/shop:1', ports: [{ containerPort: 8080 }] },
        ...(sleepSeconds !== undefined && {
          lifecycle: { preStop: { exec: { command: ['sleep', String(sleepSeconds)] } } },
        }),
      },
    ],
  },
})

/** One namespace with a workload that has a Service and two Pods. */
export class Shop {
  readonly #lab: Lab
  readonly #address: number
  /** Of its own: one that nobody tells of is taken for dead after a minute, and its Pods for unready. */
  readonly #node: string
  readonly namespace: string

  constructor(lab: Lab, number: number) {
    this.#lab = lab
    this.#address = number
    this.#node = `node-${number}`
    this.namespace = `shop-${number}`
  }

  async open({
    grace = 30,
    sleepSeconds,
  }: {
    readonly grace?: number
    readonly sleepSeconds?: number
  } = {}): Promise<this> {
    const { namespace } = this
    await create(this.#lab, { kind: 'Node', metadata: { name: this.#node } })
    await create(this.#lab, { kind: 'Namespace', metadata: { name: namespace } })
    await this.#lab.send('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
      metadata: { name: 'shop' },
      // None of its own: what runs is made by hand here.
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'shop' } },
        template: template(this.#node, grace, sleepSeconds),
      },
    })
    await this.#lab.send('POST', `/api/v1/namespaces/${namespace}/services`, {
      metadata: { name: 'shop' },
      spec: { selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 8080 }] },
    })
    await this.pod('old', { grace, sleepSeconds })
    await this.pod('other', { grace, sleepSeconds })
    await this.#untilEndpoints(2)
    return this
  }

  async pod(
    name: string,
    { grace = 30, sleepSeconds }: { readonly grace?: number; readonly sleepSeconds?: number | undefined } = {},
  ) {
    await this.#lab.send('POST', `/api/v1/namespaces/${this.namespace}/pods`, {
      metadata: { name, labels: { app: 'shop' } },
      spec: template(this.#node, grace, sleepSeconds).spec,
    })
    const podIP = `10.${this.#address}.0.${name.length + name.charCodeAt(0)}`
    const running = { name: 'app', image: 'shop:1', imageID: '', ready: true, restartCount: 0 }
    await this.status(name, {
      ...{ phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [{ type: 'Ready', status: 'True' }] },
      containerStatuses: [
        { ...running, state: { running: { startedAt: new Date().toISOString().replace(/\.\d+/, '') } } },
      ],
    })
  }

  status(name: string, status: object): Promise<unknown> {
    return this.#lab.send('PATCH', `/api/v1/namespaces/${this.namespace}/pods/${name}/status`, { status })
  }

  delete(name: string): Promise<unknown> {
    return this.#lab.send('DELETE', `/api/v1/namespaces/${this.namespace}/pods/${name}`)
  }

  /** As the kubelet tells of a container that has ended; `restarts`: it was started again since. */
  ended(name: string, exitCode: number, restarts = 0): Promise<unknown> {
    const now = new Date().toISOString().replace(/\.\d+/, '')
    const terminated = { exitCode, reason: 'Error', startedAt: now, finishedAt: now }
    const status = { name: 'app', image: 'shop:1', imageID: '', ready: false, restartCount: restarts }
    const state =
      restarts > 0 ? { state: { running: { startedAt: now } }, lastState: { terminated } } : { state: { terminated } }
    return this.status(name, { containerStatuses: [{ ...status, ...state }] })
  }

  unready(name: string): Promise<unknown> {
    return this.status(name, { conditions: [{ type: 'Ready', status: 'False' }] })
  }

  async #untilEndpoints(count: number): Promise<void> {
    const path = `/apis/discovery.k8s.io/v1beta1/namespaces/${this.namespace}/endpointslices`
    for (let tries = 0; tries < 200; tries++) {
      const slices = await this.#lab.list<{ endpoints?: readonly unknown[] }>(path)
      if (slices.flatMap(({ endpoints }) => endpoints ?? []).length >= count) return
      await sleep(100)
    }
    throw new Error(`${this.namespace}: no ${count} endpoints within 20 s`)
  }
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Running {
  /** From now on it counts. @throws Error if it ended before. */
  readonly begun: Promise<void>
  readonly ended: Promise<Ran>
  stop(signal: NodeJS.Signals): void
}

/** `roadcrew rollout` as a process of its own. */
export function startRollout({ kubeconfig }: Pick<Lab, 'kubeconfig'>, args: readonly string[]): Running {
  const child = spawn(process.execPath, [main, 'rollout', ...args, '--kubeconfig', kubeconfig], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString()
  })
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString()
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, out, err }))
  const begun = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', () => /^roadcrew: watching/m.test(err) && resolve())
    void ended.then(() => reject(new Error(`it ended before it had begun: ${err}`)))
  })
  begun.catch(() => undefined)
  return { begun, ended, stop: (signal) => void child.kill(signal) }
}

export const runRollout = (lab: Lab, args: readonly string[]): Promise<Ran> => startRollout(lab, args).ended

export const reportIn = ({ out, err }: Ran): RolloutReport => {
  if (out === '') throw new Error(err)
  return JSON.parse(out) as RolloutReport
}
