// Runs one of the host's tools in a network namespace and waits no longer than it is told to.
import { execFile } from 'node:child_process'

export interface ToolLimits {
  /** A process in the namespace to run in; this process's own, if not told. */
  readonly within?: number
  /** How long a tool may take (ms). */
  readonly toolMs: number
}

export type Told =
  | { readonly text: string }
  | { readonly because: string }
  | { readonly absent: true; readonly because: string }

/** The command that runs another one in the namespace. */
export const inPlace = (
  { within }: ToolLimits,
  command: string,
  args: readonly string[],
): [string, readonly string[]] =>
  within === undefined ? [command, args] : ['nsenter', ['-t', String(within), '-n', '--', command, ...args]]

/** Its words are those of the C locale. Never rejects. @param env what its environment has besides ours. */
export function runTool(
  limits: ToolLimits,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const { toolMs } = limits
  const [program, all] = inPlace(limits, command, args)
  const options = { maxBuffer: 2 ** 28, env: { ...process.env, ...env, LC_ALL: 'C' } }
  return new Promise((resolve) => {
    const child = execFile(program, all, options, (error, text, complaint) => {
      clearTimeout(deadline)
      if (!error) return resolve({ text })
      const first = complaint.trim().split('\n')[0] ?? ''
      const isAbsent = error.code === 'ENOENT' || /failed to execute .*: No such file/.test(first)
      if (isAbsent) return resolve({ absent: true, because: 'it is not installed' })
      resolve({ because: first || error.message })
    })
    // A tool that waits in the kernel for a lock does not end when it is killed: nobody waits for that.
    const deadline = setTimeout(() => {
      child.kill('SIGKILL')
      child.stdout?.destroy()
      child.stderr?.destroy()
      child.unref()
      resolve({ because: `no answer within ${toolMs / 1000} s` })
    }, toolMs)
  })
}
