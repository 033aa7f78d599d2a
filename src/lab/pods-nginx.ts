// A real nginx before Pods with addresses of their own. The bridge of Pods is in a network beside the machine's, and loads come from the
// machine: so what it listens on is opened here, and handed to an nginx that lives in the network of Pods (nginx takes sockets over by the
// environment variable `NGINX`, as it does when its own program is replaced).
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { readProcess, readProcesses } from '../node/processes.ts'
import type { Invocation } from './enclosure.ts'
import { connectedHeader, nginxHint, programIn, temporary, triedHeader } from './nginx.ts'
import { pause } from './pause.ts'
import { startTied, type TiedProcess } from './tied-process.ts'
import type { Upstream } from './upstreams.ts'

export type Upstreams = ReadonlyMap<string, readonly Upstream[]>

export interface PodsNginx {
  readonly program: TiedProcess
  /** Where a Service is served, by its name; `retries`: it asks the next Pod where one fails, as nginx does by default. */
  urlOf(service: string, retries: boolean): URL
  /** Tells it of new endpoints, and waits until only its new worker takes connections. The old one ends the requests that it has. */
  reload(upstreams: Upstreams): Promise<void>
}

/** What it answers itself while it serves nobody. */
const nobody = 404
/** ms: it starts in some 30 ms, on a busy machine in seconds. */
const mostStart = 30_000

/** @param among how to start a program in the network of Pods. @returns it, when it answers. @throws Error with its log. */
export async function startPodsNginx(
  folder: string,
  among: (invocation: Invocation) => Invocation,
  signal: AbortSignal,
): Promise<PodsNginx> {
  const nginx = programIn(process.env)
  if (nginx === undefined) throw new Error(nginxHint(process.env))
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'nginx.conf')
  const servers = await Promise.all([listening(), listening()])
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  const write = (upstreams: Upstreams): void => writeFileSync(file, configOf(folder, ports, upstreams))
  write(new Map())
  const [program, args] = among([nginx, ['-p', folder, '-e', join(folder, 'error.log'), '-c', file]])
  const files = servers.map(fileOf)
  const started = await startTied(program, args, {
    files,
    env: { NGINX: files.map((_, place) => `${place + 4};`).join('') },
  })
  for (const server of servers) server.close()
  const urlOf = (service: string, retries: boolean): URL =>
    new URL(`http://127.0.0.1:${ports[retries ? 0 : 1]}/${service}/`)
  try {
    await untilAnswering(started, urlOf('none', true), signal)
  } catch (error) {
    await started.end()
    throw error
  }
  return {
    program: started,
    urlOf,
    async reload(upstreams) {
      write(upstreams)
      const old = workersOf(started.pid)
      started.kill('SIGHUP')
      await untilLeaving(old, started)
    },
  }
}

const workersOf = (master: number): readonly number[] =>
  readProcesses('/proc')
    .filter(({ parent }) => parent === master)
    .map(({ pid }) => pid)

/** A worker that was told to go closes what it listens on, and says so in its title. */
async function untilLeaving(workers: readonly number[], { ended }: TiedProcess): Promise<void> {
  const takes = (pid: number): boolean => {
    const command = readProcess('/proc', pid)?.command.join(' ') ?? ''
    return command.includes('worker process') && !command.includes('shutting down')
  }
  const until = performance.now() + mostStart
  while (ended === undefined && workers.some(takes) && performance.now() < until) await pause(20)
}

const listening = (): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })

/** Node.js has no public name for it. */
function fileOf(server: Server): number {
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle
  return fd
}

async function untilAnswering(started: TiedProcess, url: URL, signal: AbortSignal): Promise<void> {
  const until = performance.now() + mostStart
  for (;;) {
    const status = await fetch(url, { signal: AbortSignal.timeout(1000) }).then(
      (response) => response.status,
      () => undefined,
    )
    if (status === nobody) return
    if (started.ended !== undefined || performance.now() > until)
      throw new Error(`nginx ${started.ended ?? 'does not answer'}: ${status ?? 'no connection'}`)
    await pause(50, signal)
  }
}

/** As of nginx.ts, by path: `/<service>/`; a Service without Pods has 503, as of an ingress controller. */
const configOf = (folder: string, ports: readonly number[], upstreams: Upstreams): string => `
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
${[...upstreams]
  .filter(([, pods]) => pods.length > 0)
  .map(
    ([service, pods]) =>
      `  upstream ${service} { random; ${pods.map(({ address }) => `server ${address} max_fails=0;`).join(' ')} }`,
  )
  .join('\n')}
${ports.map((port, place) => serverOf(port, place === 0, upstreams)).join('\n')}
}
`

const serverOf = (port: number, retries: boolean, upstreams: Upstreams): string => `
  server {
    listen 127.0.0.1:${port};
    proxy_next_upstream ${retries ? 'error timeout' : 'off'};
    proxy_connect_timeout 5s;
    add_header ${triedHeader} $upstream_addr always;
    add_header ${connectedHeader} $upstream_connect_time always;
    location / { return ${nobody}; }
${[...upstreams]
  .map(
    ([service, pods]) =>
      `    location /${service}/ { ${pods.length > 0 ? `proxy_pass http://${service}` : 'return 503'}; }`,
  )
  .join('\n')}
  }`
