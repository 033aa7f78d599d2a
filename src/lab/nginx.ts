// A real nginx before applications, as the nginx of an ingress controller is: reloaded when endpoints change.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { isInPath } from './in-path.ts'
import { pause } from './pause.ts'
import { startTied, type TiedProcess } from './tied-process.ts'

/** One port that it listens on, and who serves it. `retries`: asks the next one where one fails, as it does by default. */
export interface Served {
  readonly port: number
  readonly by: readonly number[]
  readonly retries: boolean
}

/** Headers of every answer: which applications were asked, and how long each connect took (s, `-` for none). */
export const triedHeader = 'x-tried'
export const connectedHeader = 'x-connected'

/** @returns what has to be done before nginx can be started; undefined if nothing. */
export const nginxHint = (env: Readonly<Record<string, string | undefined>>): string | undefined =>
  programIn(env) === undefined ? 'nginx is not in PATH: on Debian install nginx-light' : undefined

/** Debian has it where only root looks. */
export const programIn = (env: Readonly<Record<string, string | undefined>>): string | undefined =>
  isInPath('nginx', { PATH: `${env.PATH ?? ''}:/usr/sbin` })
    ? isInPath('nginx', env)
      ? 'nginx'
      : '/usr/sbin/nginx'
    : undefined

/** Its folders for what it does not keep in memory, each of which has to be named. */
export const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** What holds for all that it serves. */
export interface NginxSettings {
  /** How long workers of an earlier configuration may go on, as nginx writes it: `2s`. Without it they may for ever. */
  readonly workerShutdownTimeout?: string | undefined
}

/**
 * `max_fails=0`: each request is tried by itself, as ingress-nginx does; else nginx leaves one out for 10 s that has failed. `random`:
 * loads that take turns would each get an application of their own.
 */
const configOf = (folder: string, served: readonly Served[], { workerShutdownTimeout }: NginxSettings): string => `
daemon off;
worker_processes 1;
${workerShutdownTimeout === undefined ? '' : `worker_shutdown_timeout ${workerShutdownTimeout};`}
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
${served
  .map(
    ({ port, by, retries }) => `
  upstream on-${port} { random; ${by.map((one) => `server 127.0.0.1:${one} max_fails=0;`).join(' ')} }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://on-${port};
      proxy_next_upstream ${retries ? 'error timeout' : 'off'};
      proxy_connect_timeout 5s;
      add_header ${triedHeader} $upstream_addr always;
      add_header ${connectedHeader} $upstream_connect_time always;
    }
  }`,
  )
  .join('\n')}
}
`

export interface Nginx {
  readonly program: TiedProcess
  /** Tells it of new endpoints. Its old workers end the requests that they have. */
  reload(served: readonly Served[], settings?: NginxSettings): void
}

/** ms: it starts in some 30 ms. */
const mostStart = 30_000

/** Starts one with its files in a folder of its own. @returns it, when it listens. @throws Error with its log. */
export async function startNginx(folder: string, served: readonly Served[], signal: AbortSignal): Promise<Nginx> {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configOf(folder, served, {}))
  const program = programIn(process.env)
  if (program === undefined) throw new Error(nginxHint(process.env))
  const log = join(folder, 'error.log')
  const started = await startTied(program, ['-p', folder, '-e', log, '-c', file])
  try {
    await untilListening(started, served[0]?.port ?? 0, log, signal)
  } catch (error) {
    await started.end()
    throw error
  }
  return {
    program: started,
    reload(now, settings = {}) {
      writeFileSync(file, configOf(folder, now, settings))
      started.kill('SIGHUP')
    },
  }
}

async function untilListening(started: TiedProcess, port: number, log: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + mostStart
  while (!(await isListening(port))) {
    if (started.ended !== undefined || performance.now() > until)
      throw new Error(`nginx ${started.ended ?? 'does not listen'}: ${readFileSync(log, 'utf8').trim()}`)
    await pause(50, signal)
  }
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    const end = (is: boolean) => (): void => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', end(true)).once('error', end(false))
  })
