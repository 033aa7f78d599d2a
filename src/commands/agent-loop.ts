// What `roadcrew agent` does until it is stopped. Loaded only for it.
import { pino } from 'pino'
import { loop } from '../acting/loop.ts'
import { serve } from '../acting/serve.ts'
import { ChangesOfFindings } from '../agent/changes.ts'
import { AgentMetrics } from '../agent/metrics.ts'
import { lookAround, nodeName, nodeWorld, RoundPast } from '../agent/round.ts'
import { look, type Memory } from '../engine/look.ts'
import { subjectText } from '../engine/subjects.ts'
import { hazards } from '../hazards/index.ts'
import { machineZones } from '../node/time-zones.ts'
import type { AgentOptions } from './agent.ts'
import { agentActs } from './agent-acting.ts'
import { nodeApi } from './agent-api.ts'
import type { Settings } from './agent-config.ts'
import { kubeletFor } from './agent-kubelet.ts'
import { networkOf, sparing } from './agent-network.ts'
import { probeOf } from './agent-probe.ts'
import { limitsOf, nodePartsFor, rootsOf } from './agent-runtime.ts'
import type { Io } from './io.ts'
import { toolVersion } from './tool-version.ts'

/** Seconds from round to round: a mute container is condemned after 30 s, and a node of 250 pays 2 % of a core. */
const everyRound = 15

/**
 * While a finding is young the next look comes sooner (ms), so that a minute suffices from the first mute inspection to the cure: two
 * of these are more than the 20 s over which it has to fail.
 */
const hurried = 11_000
const hurriesFor = 90_000

/** So many intervals without a whole round, and the agent calls itself unhealthy. */
const mostMissed = 6

/**
 * Looks at the node round by round, tells what changed as JSON lines, and Prometheus the rest, until the signal is aborted.
 * @throws UsageError if there is no runtime that can be asked, Error if the address can't be listened on.
 */
export async function agentLoop(options: AgentOptions, settings: Settings, io: Io): Promise<void> {
  const own = hazards.filter((hazard) => hazard.node)
  const kubelet = kubeletFor(options)
  const parts = await nodePartsFor(options)
  const { runtime } = parts
  const metrics = new AgentMetrics(own)
  const changes = new ChangesOfFindings()
  const node = options.node ?? nodeName()
  const api = await nodeApi(options, node, io)
  const { client } = api
  const log = pino({ base: { node }, timestamp: pino.stdTimeFunctions.isoTime }, { write: io.out })
  const zones = machineZones(io.env.ZONEINFO)
  const eyes = {
    ...parts,
    roots: rootsOf(options),
    limits: limitsOf(options),
    node,
    kubelet,
    past: new RoundPast(),
    ...networkOf(options, io, sparing),
  }
  const every = options.every ?? everyRound
  const everyMs = every * 1000
  let [memory, last, hurryUntil]: [Memory, number, number] = [new Map(), io.ticks(), 0]
  const health = (): string | undefined => {
    const silent = io.ticks() - last
    return silent > mostMissed * everyMs + limitsOf(options).callMs
      ? `no round has ended for ${Math.round(silent / 1000)} s`
      : undefined
  }
  const server = await serve(options.listen, metrics.registry, health)
  log.info(
    {
      version: toolVersion,
      runtime: runtime.name,
      socket: runtime.socket,
      listens: server.address,
      every,
    },
    client ? 'started' : 'started; looks only, since no API server is known',
  )
  const acts = client && (await agentActs({ ...parts, options, settings, io, node, api, client, log, metrics }))
  const { seen: connects, ended } = probeOf(options, io, metrics.probe, log)
  await loop({
    everyMs: () => (io.ticks() < hurryUntil ? Math.min(hurried, everyMs) : everyMs),
    signal: io.signal,
    random: Math.random,
    failed: (error) => log.error({ because: error instanceof Error ? error.message : String(error) }, 'a round failed'),
    async round() {
      const began = io.ticks()
      const round = await lookAround({ ...eyes, ...(connects && { connects }) })
      const seen = await look({
        hazards: own,
        vantages: ['node'],
        world: nodeWorld(node, round, await api.world()),
        now: io.now(),
        ticks: began,
        zones,
        memory,
        settings,
      })
      memory = seen.memory
      last = io.ticks()
      metrics.observe(round, seen, last - began, io.now())
      for (const { is, hazard, subject, finding } of changes.next(seen)) {
        const line = { hazard, reason: finding.reason, subject: subjectText(subject), severity: finding.severity }
        if (is === 'found') hurryUntil = io.ticks() + hurriesFor
        if (is === 'ended') log.info(line, 'ended')
        else log.warn({ ...line, is }, finding.fact)
      }
      // Whoever was asked less and less often is asked at once whether it helped.
      if (await acts?.round(seen, round, memory)) {
        eyes.past.asked.clear()
        eyes.forgetRules()
      }
    },
  })
  log.info('stopping')
  await Promise.all([acts?.close(), ended])
  await server.close()
  await runtime.close()
  kubelet.close()
  await api.close()
}
