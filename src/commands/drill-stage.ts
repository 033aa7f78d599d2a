import type { Act, ClusterPlace, Cured, Stage } from '../contract/drill.ts'
import type { Finding, Hazard, Step } from '../contract/hazard.ts'
import { act } from '../engine/act.ts'
import { type LookOptions, look } from '../engine/look.ts'
import type { Client } from '../kubernetes/client.ts'
import { machineZones } from '../node/time-zones.ts'
import type { Io } from './io.ts'
import { NodeStage } from './node-stage.ts'

/** What a drill works with: the same look and the same steps that a scan and a cure use. */
export function openStage(
  hazard: Hazard,
  io: Io,
  { runtime, progress }: { readonly runtime: 'containerd' | 'docker'; readonly progress: (act: Act) => void },
): Stage & { restore(): Promise<readonly string[]> } {
  const restores: (() => Promise<void>)[] = []

  const at = async <T>(
    { kubeconfig, timeZone, zoneinfo = io.env.ZONEINFO }: ClusterPlace,
    use: (options: LookOptions, client: Client) => Promise<T>,
  ): Promise<T> => {
    // A drill of a node needs none of it.
    const { connect, loadKubeconfig, clusterWorld } = await import('./drill-cluster.ts')
    const config = await loadKubeconfig({ path: kubeconfig, env: io.env, home: io.home })
    const client = connect(config.target(config.current ?? ''), { env: {}, signal: io.signal })
    try {
      // What is in a lab is its own.
      const world = await clusterWorld(client, { podMetrics: true })
      const now = { now: io.now(), ticks: io.ticks(), zones: machineZones(zoneinfo) }
      const settings = timeZone !== undefined && {
        [hazard.id]: hazard.settings.parse({ controllerTimeZone: timeZone }),
      }
      const asked = { hazards: [hazard], vantages: ['manifest', 'cluster'] as const, ...(settings && { settings }) }
      return await use({ ...asked, world, ...now }, client)
    } finally {
      await client.close()
    }
  }

  const node = new NodeStage(hazard, io)
  const cureCluster = async (options: LookOptions, client: Client): Promise<readonly Cured[]> => {
    const { deleteArm, editArm } = await import('./drill-cluster.ts')
    const { writes = [] } = hazard
    const acted = await act(options, smallestStep, [editArm(client, writes), deleteArm(client, writes)])
    return acted.flatMap(({ step, outcome }) =>
      'target' in step ? [{ step, target: step.target, ...(outcome !== 'done' && { held: outcome.held }) }] : [],
    )
  }

  return {
    signal: io.signal,
    runtime,
    progress,
    later: (restore) => void restores.push(restore),
    async look(place) {
      const seen = 'kubeconfig' in place ? await at(place, look) : await node.look(place)
      return seen.judged.map(({ subject, verdict }) => ({ subject, verdict }))
    },
    cure: (place) => ('kubeconfig' in place ? at(place, cureCluster) : node.cure(place)),
    async control(place) {
      const { startController } = await import('./drill-controller.ts')
      restores.push(await startController(place, io))
    },
    async restore() {
      const problems: string[] = []
      await node.close()
      for (const restore of restores.toReversed()) {
        await restore().catch((error: unknown) => problems.push(error instanceof Error ? error.message : String(error)))
      }
      return problems
    },
  }
}

/** Of what is happening only: a drill cures what it made. */
const smallestStep = ({ state, remedy }: Finding): Step | undefined =>
  state === 'occurring' ? remedy.find((step) => step.do !== 'advise') : undefined
