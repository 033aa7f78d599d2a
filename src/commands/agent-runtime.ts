import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeRoots, Waits } from '../agent/containers.ts'
import type { Limits } from '../agent/round.ts'
import type { Arm } from '../contract/world.ts'
import type { RuntimeSeen } from '../linux/container.ts'
import { restartEffect } from '../linux/restart-effect.ts'
import { daemonAge, daemonPrograms } from '../node/daemon-age.ts'
import { nodeHands } from '../node/hands.ts'
import { killMode } from '../node/kill-mode.ts'
import { replaceRuleArm } from '../node/replace-rule.ts'
import { continueShimArm, endShimArm } from '../node/shim-arms.ts'
import { findRuntimes, openRuntime } from '../runtimes/find.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { throughActor } from '../runtimes/through-actor.ts'
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

/** What the agent works with on a node: by itself, which needs root, or through an actor, which needs nothing. */
export interface NodeParts {
  readonly runtime: Runtime
  /** What only root may read of processes, where it is asked of an actor. */
  readonly waits?: Waits
  readonly arms: readonly Arm[]
  /** What a restart of the daemon would do, as it was known when this was made: one that hangs does not say it any more. */
  readonly restart?: RuntimeSeen['restart']
  /** How long the runtime's daemon runs (ms), undefined if that can't be told; whether the actor of the node is paused. */
  readonly daemon: () => Promise<{ readonly upMs?: number | undefined; readonly paused?: boolean }>
}

/** The rules of the agent's own network, which is the node's, under the lock that the node's own iptables takes. */
const ruleArm = (hostRoot: string): Arm =>
  replaceRuleArm({ toolMs: callLimit, lock: join(hostRoot, 'run/xtables.lock') })

/** How long an actor is waited for (ms), which is started at the same time as the agent. */
const actorStarts = 30_000

/** @throws UsageError if there is no runtime that can be asked, or no actor that answers. */
export async function nodePartsFor(options: AgentOptions): Promise<NodeParts> {
  if (options.actor !== undefined) return withRules(await actorParts(options.actor), options)
  const [runtime, roots] = [await runtimeFor(options), rootsOf(options)]
  const hands = nodeHands({ ...roots, evidence: options.evidence })
  const restart = await restartOf(runtime, options.hostRoot)
  const parts: NodeParts = {
    runtime,
    ...(restart && { restart }),
    arms: [continueShimArm(hands), endShimArm(hands)],
    daemon: () => Promise.resolve({ upMs: daemonAge(roots.proc, runtime.socket, daemonPrograms[runtime.name]) }),
  }
  return withRules(parts, options)
}

/** Rules are the agent's own to rewrite, whoever takes the other steps: an actor knows nothing of networks. */
const withRules = (parts: NodeParts, { network, hostRoot }: AgentOptions): NodeParts =>
  network ? { ...parts, arms: [...parts.arms, ruleArm(hostRoot)] } : parts

async function actorParts(socket: string): Promise<NodeParts> {
  for (const until = performance.now() + actorStarts; ; await sleep(500)) {
    try {
      return await throughActor(socket, callLimit)
    } catch (error) {
      if (performance.now() < until) continue
      throw new UsageError(`--actor: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

const units = { docker: 'docker.service', containerd: 'containerd.service', 'cri-o': 'crio.service' } as const

/** What a restart of the daemon does to its containers, where that is proven. */
export async function restartOf(runtime: Runtime, hostRoot: string): Promise<RuntimeSeen['restart']> {
  return restartEffect(runtime.name, killMode(hostRoot, units[runtime.name]), await runtime.liveRestore?.(callLimit))
}

/** The runtime that the kubelet of this node asks. @throws UsageError if there is no runtime that can be asked. */
export async function runtimeFor({ socket, hostRoot }: Pick<AgentOptions, 'socket' | 'hostRoot'>): Promise<Runtime> {
  const found = await findRuntimes(socket === undefined ? { root: hostRoot } : { socket }, callLimit)
  // A dockerd stands on a containerd that shows the same containers: what the kubelet asks is what counts.
  const first = found.find(({ name }) => name === 'docker') ?? found[0]
  if (!first) throw new UsageError(`no runtime's socket below ${hostRoot}; --socket names one`)
  const runtime = openRuntime(first)
  if (!runtime) throw new UsageError(`${first.socket}: ${first.because ?? `${first.name} can not be asked yet`}`)
  return runtime
}
