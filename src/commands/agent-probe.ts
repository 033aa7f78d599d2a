// The targets of the agent's probe: how they are told, and what becomes of them.
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { ProbeMetrics } from '../agent/probe-metrics.ts'
import { probeSteadily } from '../agent/steady-probe.ts'
import { isInNodesNetwork } from '../node/nodes-network.ts'
import type { AgentOptions } from './agent.ts'
import type { Io } from './io.ts'

/** Starts to probe, if there is anything to probe: spread into what a round looks with. */
export function probeOf(
  { probe: targets, probeRate: perSecond, hostRoot }: AgentOptions,
  { signal, ticks }: Io,
  metrics: ProbeMetrics,
  log: Logger,
): Partial<ReturnType<typeof probeSteadily>> {
  if (targets.length === 0) return {}
  const nodes = isInNodesNetwork(join(hostRoot, 'proc'))
  const from = nodes === undefined ? undefined : nodes ? 'node' : 'pod'
  log.info({ targets: targets.map(({ text }) => text), perSecond, network: from ?? 'unknown' }, 'probing')
  return probeSteadily({
    targets,
    perSecond,
    ...(from && { from }),
    signal,
    ticks,
    random: Math.random,
    told: (target, connected, lost) => metrics.observe(target, connected, lost),
    resolved: (target, address) =>
      typeof address === 'string'
        ? log.info({ target, address }, 'probed at this address')
        : log.warn({ target, because: address.because }, 'a target of the probe has no address; asked again'),
  })
}
