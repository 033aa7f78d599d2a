// The kubectl that people have, as they run it.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'

const run = (args: readonly string[], input?: string) => {
  const { status, stdout, stderr, error } = spawnSync('kubectl', args, {
    encoding: 'utf8',
    ...(input !== undefined && { input }),
  })
  return { status, stdout: stdout ?? '', stderr: error?.message ?? stderr }
}

/** True, with the reason on stderr, where there is none: for describe.skipIf. */
export function kubectlOrSkip(): boolean {
  const { status, stderr } = run(['version', '--client'])
  if (status === 0) return false
  process.stderr.write(`skipped for want of kubectl (Debian: kubernetes-client): ${stderr}\n`)
  return true
}

/** @returns what it writes to stdout. @throws Error with what it says if it fails. */
export function kubectl(kubeconfig: string, args: readonly string[], input?: string): string {
  const own = ['--kubeconfig', kubeconfig, '--cache-dir', join(dirname(kubeconfig), 'kubectl-cache')]
  const { status, stdout, stderr } = run([...own, ...args], input)
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}
