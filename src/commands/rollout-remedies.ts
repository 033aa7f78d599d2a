// What the catalogue advises for one workload where a measurement gives a setting: the same answer as that of a scan with it.
import type { Hazard, Measure, Step } from '../contract/hazard.ts'
import { stepText } from '../engine/act.ts'
import { look } from '../engine/look.ts'
import { hazards as catalogue } from '../hazards/index.ts'
import type { Client } from '../kubernetes/client.ts'
import { clusterWorld } from '../kubernetes/world.ts'
import { machineZones } from '../node/time-zones.ts'
import type { RolloutReport } from '../report/rollout-schema.ts'
import type { Io } from './io.ts'
import type { RolloutPlace } from './rollout-place.ts'

/** The settings that a measure gives, by the id of their hazard. */
export function settingsFor(
  measure: Measure,
  value: number,
): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const given = catalogue.flatMap(({ id, measured = {} }) => {
    const names = Object.keys(measured).filter((name) => measured[name] === measure)
    return names.length > 0 ? [[id, Object.fromEntries(names.map((name) => [name, value]))] as const] : []
  })
  return Object.fromEntries(given)
}

/** @throws ApiError if the API server can't be asked. */
export async function remediesFor(
  { namespace, subject }: RolloutPlace,
  waitSeconds: number,
  client: Client,
  io: Io,
): Promise<RolloutReport['remedies']> {
  const given = settingsFor('drain-seconds', waitSeconds)
  const hazards = catalogue.filter(({ id }) => id in given)
  const settings = Object.fromEntries(
    hazards.map((hazard: Hazard) => [hazard.id, hazard.settings.parse(given[hazard.id])]),
  )
  const { judged } = await look({
    ...{ hazards, settings, vantages: ['manifest', 'cluster'], now: io.now(), ticks: io.ticks() },
    world: await clusterWorld(client, { namespaces: [namespace] }),
    zones: machineZones(io.env.ZONEINFO),
    chosen: (object) => (object as { metadata?: { uid?: string } } | null)?.metadata?.uid === subject.uid,
  })
  return judged.flatMap(({ hazard, verdict }) =>
    verdict.verdict !== 'found'
      ? []
      : verdict.findings.map(({ reason, fact, remedy }) => ({
          ...{ hazard: hazard.id, reason, fact, steps: remedy.flatMap(stepLines) },
        })),
  )
}

const stepLines = (step: Step): string[] =>
  step.do === 'edit'
    ? step.changes.map(({ path, after }) => `${path.join('.')}: ${JSON.stringify(after)}`)
    : [step.do === 'advise' ? step.why : stepText(step)]
