import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Time from SIGTERM to SIGKILL, ms: kube-apiserver drains its connections in between. */
const patience = 5_000

/** A start takes seconds; on a busy machine of two cores up to a minute was seen (ms). */
const mostStartTime = 90_000

export interface Daemon {
  readonly pid: number
  readonly running: boolean
  /** Waits until the test holds. @throws Error with the end of the log if the daemon ends first, or after 90 s. */
  until(test: () => Promise<boolean> | boolean): Promise<void>
  /** Whether its log holds a text. */
  logged(text: string): boolean
  /** SIGTERM, then SIGKILL after 5 s; returns when it is gone. */
  stop(): Promise<void>
}

interface Start {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** The path of its log; a second start of the same name begins it anew. */
  readonly log: string
  readonly signal: AbortSignal | undefined
  /** Beside that of this process. */
  readonly env?: Readonly<Record<string, string>>
}

const alive = new Set<ChildProcess>()

// Whatever ends this process must not leave daemons behind.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** Starts a daemon with its output in a log. It is in no terminal's process group, so Ctrl-C reaches it only through stop. */
export function startDaemon({ name, command, args, log, signal, env }: Start): Daemon {
  const output = openSync(log, 'w')
  const child = spawn(command, args, {
    stdio: ['ignore', output, output],
    detached: true,
    env: { ...process.env, ...env },
  })
  closeSync(output)
  alive.add(child)
  let ended: string | undefined
  const gone = new Promise<void>((resolve) => {
    const over = (how: string): void => {
      ended = how
      alive.delete(child)
      resolve()
    }
    child.once('error', (error) => over(error.message))
    child.once('exit', (code, by) => over(by ? `ended by ${by}` : `ended with ${code}`))
  })
  const logText = (): string => readFileSync(log, 'utf8')
  return {
    pid: child.pid ?? 0,
    get running() {
      return ended === undefined
    },
    logged: (text) => logText().includes(text),
    async until(test) {
      const began = performance.now()
      while (!(await test())) {
        signal?.throwIfAborted()
        const late = performance.now() - began > mostStartTime
        if (ended !== undefined || late) {
          const end = logText().trimEnd().split('\n').slice(-8).join('\n')
          throw new Error(
            `${name} ${ended ?? `was not ready after ${mostStartTime / 1000} s`}; its log ends with:\n${end}`,
          )
        }
        await sleep(100)
      }
    },
    async stop() {
      if (ended !== undefined) return
      child.kill('SIGTERM')
      await Promise.race([gone, sleep(patience, undefined, { ref: false })])
      if (ended === undefined) child.kill('SIGKILL')
      await gone
    },
  }
}

/** Ports of the loopback address that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
