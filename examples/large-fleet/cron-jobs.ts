// CronJobs of the large fleet with the Jobs that they have kept.
import type { LargeFleet } from './fleet.ts'
import { lookedAt, served, uidOf } from './identity.ts'

/** A schedule, and how far apart its runs are (minutes). */
const schedules: readonly (readonly [schedule: string, minutes: number, offset: number])[] = [
  ['*/10 * * * *', 10, 0],
  ['0 * * * *', 60, 0],
  ['@daily', 1440, 0],
  ['30 4 * * *', 1440, 270],
  ['15 */6 * * *', 360, 15],
  ['*/5 * * * *', 5, 0],
]

const minute = 60_000
const jobsKept = 3

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')

/** The latest planned times before the fleet is looked at, ms UTC, the newest first. */
function latestRuns(minutes: number, offset: number, count: number): number[] {
  const now = Date.parse(lookedAt)
  const midnight = now - (now % (1440 * minute))
  const since = Math.floor((now - midnight - offset * minute) / (minutes * minute))
  return Array.from({ length: count }, (_, n) => midnight + (offset + (since - n) * minutes) * minute)
}

/** A CronJob, and in a live fleet its finished Jobs. */
export function* cronJobObjects(place: number, namespace: string, options: LargeFleet): Generator<object> {
  const { asManifests = false, cronJobVersion = 'batch/v1' } = options
  const [schedule, minutes, offset] = schedules[place % schedules.length] ?? ['@daily', 1440, 0]
  const name = `task-${place}`
  const labels = { 'app.kubernetes.io/name': 'task', 'app.kubernetes.io/instance': name }
  const container = { name: 'task', image: 'registry.example.com/shop/task:1.4.0', args: ['run', name] }
  const template = { metadata: { labels }, spec: { restartPolicy: 'OnFailure', containers: [container] } }
  const runs = latestRuns(minutes, offset, jobsKept)
  yield {
    apiVersion: cronJobVersion,
    kind: 'CronJob',
    metadata: { name, namespace, labels, ...served(asManifests, `CronJob/${namespace}/${name}`) },
    spec: { schedule, jobTemplate: { spec: { template } } },
    ...(!asManifests && {
      status: { lastScheduleTime: iso(runs[0] ?? 0), lastSuccessfulTime: iso((runs[0] ?? 0) + minute) },
    }),
  }
  if (asManifests) return
  for (const run of runs.toReversed()) yield jobObject({ name, namespace, labels, template }, run)
}

interface Task {
  readonly name: string
  readonly namespace: string
  readonly labels: object
  readonly template: object
}

function jobObject({ name, namespace, labels, template }: Task, run: number): object {
  const job = `${name}-${run / minute}`
  const owner = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    name,
    uid: uidOf(`CronJob/${namespace}/${name}`),
    controller: true,
  }
  const ended = iso(run + minute / 2)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...served(false, `Job/${namespace}/${job}`),
      name: job,
      namespace,
      labels,
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': iso(run) },
      ownerReferences: [owner],
      creationTimestamp: iso(run),
    },
    spec: { backoffLimit: 6, completions: 1, parallelism: 1, template },
    status: {
      startTime: iso(run),
      completionTime: ended,
      succeeded: 1,
      conditions: [{ type: 'Complete', status: 'True', lastProbeTime: ended, lastTransitionTime: ended }],
    },
  }
}
