import type { Finding, Hazard, Place, Stage, Step } from '../contract/hazard.ts'
import { act } from '../engine/act.ts'
import { type LookOptions, look } from '../engine/look.ts'
import { type Client, connect } from '../kubernetes/client.ts'
import { editArm } from '../kubernetes/edit.ts'
import { loadKubeconfig } from '../kubernetes/kubeconfig.ts'
import { clusterWorld } from '../kubernetes/world.ts'
import { machineZones } from '../node/time-zones.ts'
import type { Io } from './io.ts'

/** What a drill works with: the same look and the same steps that a scan and a cure use. */
export function openStage(hazard: Hazard, io: Io): Stage & { restore(): Promise<readonly string[]> } {
  const restores: (() => Promise<void>)[] = []
  const zones = machineZones()

  const at = async <T>(
    { kubeconfig }: Place,
    use: (options: LookOptions, client: Client) => Promise<T>,
  ): Promise<T> => {
    const config = await loadKubeconfig({ path: kubeconfig, env: io.env, home: io.home })
    const client = connect(config.target(config.current ?? ''), { env: {}, signal: io.signal })
    try {
      const world = await clusterWorld(client)
      const now = { now: io.now(), ticks: io.ticks(), zones }
      return await use({ hazards: [hazard], vantages: ['manifest', 'cluster'], world, ...now }, client)
    } finally {
      await client.close()
    }
  }

  return {
    signal: io.signal,
    later: (restore) => void restores.push(restore),
    look: (place) =>
      at(place, async (options) => (await look(options)).judged.map(({ subject, verdict }) => ({ subject, verdict }))),
    cure: (place) =>
      at(place, async (options, client) => {
        const acted = await act(options, smallestStep, [editArm(client, hazard.writes ?? [])])
        const held = acted.flatMap(({ outcome }) => (outcome === 'done' ? [] : [outcome.held]))
        if (held.length > 0) throw new Error(`the cure was held back: ${held.join('; ')}`)
        return acted.map(({ step }) => step)
      }),
    async restore() {
      const problems: string[] = []
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
