// How long the engine takes with a fleet, and how that grows. The floor reads the same objects once and judges nothing.
import type { Kind } from '../src/contract/hazard.ts'
import type { Batch, World } from '../src/contract/world.ts'
import { look } from '../src/engine/look.ts'
import { hazards } from '../src/hazards/index.ts'
import { machineZones } from '../src/node/time-zones.ts'
import { cronJobs, events, jobs } from '../src/objects/kinds.ts'
import { type BenchRow, less } from './table.ts'

const now = Date.parse('2026-11-23T08:00:00Z')
const pageSize = 500
const zones = machineZones()
const schedules = ['* * * * *', '*/10 * * * *', '0 * * * *', '30 2 * * *', '0 6 * * MON-FRI', '@daily']

/** A CronJob of an old cluster with three finished Jobs and an event; every twentieth is frozen. */
function objectsOf(place: number): readonly (readonly [Kind<unknown>, object])[] {
  const namespace = `ns-${place % 100}`
  const name = `job-${place}`
  const frozen = place % 20 === 0
  const lastScheduleTime = frozen ? '2026-11-14T01:00:00Z' : '2026-11-23T08:00:00Z'
  const labels = { app: name, team: `team-${place % 30}` }
  const spec = {
    schedule: schedules[place % schedules.length],
    jobTemplate: { spec: { template: { spec: { containers: [] } } } },
  }
  const owner = [{ kind: 'CronJob', name, controller: true }]
  const job = (run: number): object => ({
    metadata: { name: `${name}-${run}`, namespace, ownerReferences: owner },
    spec: spec.jobTemplate.spec,
    status: {
      startTime: lastScheduleTime,
      completionTime: lastScheduleTime,
      conditions: [{ type: 'Complete', status: 'True' }],
    },
  })
  return [
    [
      cronJobs,
      {
        metadata: { name, namespace, labels, creationTimestamp: '2026-01-01T00:00:00Z' },
        spec,
        status: { lastScheduleTime },
      },
    ],
    ...[1, 2, 3].map((run) => [jobs, job(run)] as const),
    [
      events,
      {
        metadata: { name: `${name}.1`, namespace },
        involvedObject: { kind: 'CronJob', name, namespace },
        reason: frozen ? 'FailedNeedsStart' : 'SuccessfulCreate',
        message: 'a message as long as they are, more or less, to be kept or not to be kept',
        lastTimestamp: '2026-11-23T07:59:55Z',
      },
    ],
  ]
}

/** Pages are made as they are read, as from a cluster, so that only what the engine keeps stays in memory. */
function fleet(count: number): World {
  return {
    name: 'fleet',
    version: { major: 1, minor: 20 },
    async *read(kinds) {
      for (const kind of kinds) {
        let items: {
          subject: { source: { cluster: string }; kind: string; name: string; namespace: string }
          object: object
        }[] = []
        for (let place = 0; place < count; place++) {
          for (const [of, object] of objectsOf(place)) {
            if (of !== kind) continue
            const { name, namespace } = (object as { metadata: { name: string; namespace: string } }).metadata
            items.push({ subject: { source: { cluster: 'fleet' }, kind: kind.kind, name, namespace }, object })
          }
          if (items.length >= pageSize) {
            yield { of: kind, items }
            items = []
          }
        }
        yield { of: kind, items }
      }
    },
  }
}

async function lookAt(count: number): Promise<{ ms: number; found: number }> {
  const began = performance.now()
  const { judged } = await look({
    hazards,
    vantages: ['manifest', 'cluster'],
    world: fleet(count),
    now,
    ticks: 0,
    zones,
  })
  return { ms: performance.now() - began, found: judged.filter(({ verdict }) => verdict.verdict === 'found').length }
}

async function floor(count: number): Promise<number> {
  const began = performance.now()
  let seen = 0
  for await (const batch of fleet(count).read([cronJobs, jobs, events]) as AsyncIterable<Batch>) {
    if ('items' in batch) seen += batch.items.length
  }
  if (seen !== count * 5) throw new Error('the floor has not read everything')
  return performance.now() - began
}

/** The reference fleet has some 2,500 CronJobs in 11 clusters; ten times that is measured too. */
export async function scanBench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  await lookAt(2_500) // compiles
  for (const count of [2_500, 25_000]) {
    const { ms, found } = await lookAt(count)
    if (found === 0) throw new Error('the fleet has frozen CronJobs, but none was found')
    rows.push(
      less(
        `look at ${count.toLocaleString('en')} CronJobs, ${(count * 5).toLocaleString('en')} objects`,
        ms,
        'reading them only',
        await floor(count),
        'ms',
      ),
    )
  }
  return rows
}
