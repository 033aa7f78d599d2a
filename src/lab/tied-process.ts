// Processes that end with this one, however it ends: no SIGKILL leaves them behind, and it takes no right to tie them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/**
 * They are a process group of their own, which Ctrl-C does not reach. Its shell waits on a pipe that only this process holds: as soon as
 * that is closed it ends the group, with all that the program has started.
 */
const tie = `exec 3<&0 2>&1
"$@" 3<&- &
started=$!
echo "pid $started"
{ read -r _ <&3; kill -KILL 0; } &
wait $started
echo "ended with $?"
wait`

export interface TiedProcess {
  readonly pid: number
  /** How it ended by itself or by a signal; undefined while it runs. */
  readonly ended: string | undefined
  /** Waits for a line of its output, also one that was before. @returns the match. @throws Error if it ends first. */
  said(line: RegExp, signal: AbortSignal): Promise<RegExpExecArray>
  /** Sends it a signal, unless it has ended. */
  kill(signal: NodeJS.Signals): void
  /** Waits until it has ended. */
  gone(): Promise<void>
  /** Ends it and all that it has started by SIGKILL, as a kubelet does when the grace period is over; returns when they are gone. */
  end(): Promise<void>
}

interface Given {
  /** Open files of this process that it gets, from 4 on: what listens, for one. */
  readonly files?: readonly number[]
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a program that is tied to this process. @throws Error if the shell can't be started. */
export async function startTied(
  command: string,
  args: readonly string[],
  { files = [], env = {} }: Given = {},
): Promise<TiedProcess> {
  const shell = spawn('sh', ['-c', tie, 'sh', command, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore', 'ignore', ...files],
    env: { ...process.env, ...env },
  })
  const { stdin, stdout } = shell
  if (!stdin || !stdout) throw new Error('no pipes')
  stdin.on('error', () => undefined) // it may be gone when its pipe is closed
  const exited = once(shell, 'exit')
  const lines: string[] = []
  let ended: string | undefined
  const wakers = new Set<() => void>()
  const hear = (line: string): void => {
    lines.push(line)
    ended ??= /^ended with .*/.exec(line)?.[0]
    for (const wake of wakers) wake()
  }
  createInterface(stdout).on('line', hear)
  exited.then(
    () => hear('ended with its group'),
    (error: unknown) => hear(`ended with ${String(error)}`),
  )
  const said = async (line: RegExp, signal?: AbortSignal): Promise<RegExpExecArray> => {
    for (;;) {
      signal?.throwIfAborted()
      const match = lines.map((one) => line.exec(one)).find((one) => one !== null)
      if (match) return match
      if (ended !== undefined) throw new Error(`${command} ${ended}: ${lines.slice(-8).join('\n')}`)
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          wakers.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        wakers.add(wake)
        signal?.addEventListener('abort', wake, { once: true })
      })
    }
  }
  const pid = Number((await said(/^pid (\d+)$/))[1])
  return {
    pid,
    get ended() {
      return ended
    },
    said,
    kill(signal) {
      if (ended === undefined) process.kill(pid, signal)
    },
    gone: async () => void (await said(/^ended with/)),
    async end() {
      stdin.destroy()
      await exited
    },
  }
}
