// What `roadcrew agent --once` does. Loaded only for it: runtimes are spoken to in gRPC, which takes a while to load.
import { setTimeout as sleep } from 'node:timers/promises'
import { createColors } from 'picocolors'
import { lookAround, nodeName, nodeWorld } from '../agent/round.ts'
import { type Look, look, type Memory } from '../engine/look.ts'
import { hazards } from '../hazards/index.ts'
import type { KubeletReader } from '../node/kubelet.ts'
import { machineZones } from '../node/time-zones.ts'
import { buildReport } from '../report/build.ts'
import { findingText } from '../report/details.ts'
import { jsonReport } from '../report/json.ts'
import type { Report } from '../report/schema.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import type { AgentOptions } from './agent.ts'
import { nodeApi } from './agent-api.ts'
import type { Settings } from './agent-config.ts'
import { kubeletFor } from './agent-kubelet.ts'
import { networkOf } from './agent-network.ts'
import { limitsOf, type NodeParts, nodePartsFor, rootsOf } from './agent-runtime.ts'
import { type Io, wantsColor } from './io.ts'
import { toolVersion } from './tool-version.ts'

/** How many looks it takes at least where the network is looked at: its counters tell only by how much they grow. */
const leastOfNetwork = 2

/** Seconds from round to round: three failures over 20 s within a time that a person waits. */
const everyOnce = 8

/** Looks at the node until all is well, or as often as was asked for; the text to write and the exit code. */
export async function agentOnce(
  options: AgentOptions,
  settings: Settings,
  io: Io,
): Promise<{ readonly text: string; readonly exitCode: number }> {
  const kubelet = kubeletFor(options)
  const parts = await nodePartsFor(options)
  const { runtime } = parts
  try {
    const { report, containers } = await rounds(parts, kubelet, options, settings, io)
    const text = options.output === 'json' ? jsonReport(report) : reportText(report, runtime, containers, io)
    return { text, exitCode: report.summary.exitCode }
  } finally {
    kubelet.close()
    await runtime.close()
  }
}

/** Looks until all is well, or as often as was asked for. */
async function rounds(
  parts: NodeParts,
  kubelet: KubeletReader,
  options: AgentOptions,
  settings: Settings,
  io: Io,
): Promise<{ readonly report: Report; readonly containers: number }> {
  const [began, node, zones] = [io.ticks(), options.node ?? nodeName(), machineZones(io.env.ZONEINFO)]
  const api = await nodeApi(options, node, io)
  const own = hazards.filter((hazard) => hazard.node)
  const eyes = {
    ...parts,
    roots: rootsOf(options),
    limits: limitsOf(options),
    node,
    kubelet,
    ...networkOf(options, io, 0),
  }
  let memory: Memory = new Map()
  let seen: Look | undefined
  let containers = 0
  for (let round = 1; round <= options.rounds; round++) {
    const started = io.ticks()
    const around = await lookAround(eyes)
    containers = 'unread' in around.containers ? 0 : around.containers.length
    const world = nodeWorld(node, around, await api.world())
    seen = await look({
      hazards: own,
      vantages: ['node'],
      world,
      now: io.now(),
      ticks: started,
      zones,
      memory,
      settings,
    })
    memory = seen.memory
    const isWell = seen.judged.every(({ verdict }) => verdict.verdict !== 'found')
    const isEnough = isWell && (!options.network || round >= leastOfNetwork)
    if (isEnough || round === options.rounds) break
    const why = isWell ? 'counters tell more at a second look' : 'something is wrong, looking again'
    io.err(io.errIsTerminal ? `round ${round} of ${options.rounds}: ${why}\n` : '')
    await sleep(Math.max(0, started + (options.every ?? everyOnce) * 1000 - io.ticks()), undefined, {
      signal: io.signal,
    })
  }
  await api.close()
  const report = await buildReport({
    toolVersion,
    at: io.now(),
    timeZoneData: zones.data,
    hazards: own.map(({ id }) => id),
    looked: seen ? [{ name: node, look: seen }] : [],
    broken: [],
    passedOver: 0,
    failOn: 'advice',
    ms: io.ticks() - began,
    placeOf: () => Promise.resolve(undefined),
  })
  return { report, containers }
}

const count = (containers: number): string => `${containers} ${containers === 1 ? 'container' : 'containers'}`

function reportText(
  { findings, unread, seconds, worlds }: Report,
  runtime: Runtime,
  containers: number,
  io: Io,
): string {
  const options = { color: wantsColor(io), columns: io.columns }
  const { bold, yellow, dim } = createColors(options.color)
  const head = `${worlds[0]?.name ?? ''}: ${runtime.name} at ${runtime.socket}, ${count(containers)} looked at in ${seconds.toFixed(1)} s`
  const lost = unread.map(({ what, because }) => `  ${what}: ${because}`)
  return `${[
    bold(head),
    ...(lost.length > 0 ? ['', yellow('NOT SEEN'), ...lost] : []),
    ...(findings.length === 0 && lost.length === 0 ? ['', 'All of them answer.'] : []),
    ...findings.flatMap((finding) => ['', ...findingText(finding, options)]),
    ...(findings.length > 0 ? ['', dim('Nothing was changed.')] : []),
  ].join('\n')}\n`
}
