import { join } from 'node:path'
import type { Limits, NodeRoots } from '../agent/round.ts'
import { findRuntimes, openRuntime } from '../runtimes/find.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import type { AgentOptions } from './agent.ts'
import { UsageError } from './io.ts'

/** How long the daemon itself may take to answer (ms); more than a frozen shim takes of containerd's own time (2 s). */
const callLimit = 10_000

export const limitsOf = ({ inspectLimit }: AgentOptions): Limits => ({
  callMs: callLimit,
  inspectMs: inspectLimit * 1000,
})

export const rootsOf = ({ hostRoot }: AgentOptions): NodeRoots => ({
  proc: join(hostRoot, 'proc'),
  cgroup: join(hostRoot, 'sys/fs/cgroup'),
})

/** The runtime that the kubelet of this node asks. @throws UsageError if there is no runtime that can be asked. */
export async function runtimeFor({ socket, hostRoot }: AgentOptions): Promise<Runtime> {
  const found = await findRuntimes(socket === undefined ? { root: hostRoot } : { socket }, callLimit)
  // A dockerd stands on a containerd that shows the same containers: what the kubelet asks is what counts.
  const first = found.find(({ name }) => name === 'docker') ?? found[0]
  if (!first) throw new UsageError(`no runtime's socket below ${hostRoot}; --socket names one`)
  const runtime = openRuntime(first)
  if (!runtime) throw new UsageError(`${first.socket}: ${first.because ?? `${first.name} can not be asked yet`}`)
  return runtime
}
