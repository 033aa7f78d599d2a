// Events: what the plan says happened, and what the controllers reported of the runs in the hour before the export.
import type { Event } from 'kubernetes-types/core/v1.js'
import { cronJobVersion } from './batch.ts'
import { exportedAt, iso, minute, second } from './calendar.ts'
import { pick, resourceVersion, served, uidOf } from './identity.ts'
import { kubeletEvents } from './kubelet-events.ts'
import type { ClusterPlan, CronJobPlan, EventPlan } from './plan.ts'
import { type Ran, recentRuns } from './runs.ts'

const versions = { Pod: 'v1', Job: 'batch/v1', Deployment: 'apps/v1' } as const

/** An Event of the core group as the API server shows it. */
export function eventOf(cluster: ClusterPlan, plan: EventPlan): Event {
  const { namespace, kind, name, reason, message, type, count, component } = plan
  const key = `${cluster.name}/${namespace}/${kind}/${name}/${reason}/${message}/${plan.first}`
  // client-go names events after their object and the nanosecond (tools/record, makeEvent).
  const nanoseconds = BigInt(plan.first) * 1_000_000n + BigInt(pick(key, 999_999_999))
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: served(cluster, 'Event', namespace, `${name}.${nanoseconds.toString(16)}`, {
      created: plan.first,
      written: plan.last,
    }),
    involvedObject: {
      apiVersion: kind === 'CronJob' ? cronJobVersion(cluster) : versions[kind],
      ...(plan.container && { fieldPath: `spec.containers{${plan.container}}` }),
      kind,
      name,
      namespace,
      resourceVersion: resourceVersion(cluster, plan.first - minute, key),
      uid: uidOf(cluster, kind, namespace, name),
    },
    type,
    reason,
    message,
    count,
    firstTimestamp: iso(plan.first),
    lastTimestamp: iso(plan.last),
    source: { component, ...(plan.host && { host: plan.host }) },
    reportingComponent: cluster.minor >= 28 ? component : '',
    reportingInstance: (cluster.minor >= 28 && plan.host) || '',
  }
}

function runEvents(cluster: ClusterPlan, plan: CronJobPlan, ran: Ran): EventPlan[] {
  const { namespace, name } = plan
  const once = (reason: string, message: string, ms: number): EventPlan => ({
    namespace,
    kind: 'CronJob',
    name,
    type: 'Normal',
    reason,
    message,
    count: 1,
    first: ms,
    last: ms,
    component: 'cronjob-controller',
  })
  const created = once('SuccessfulCreate', `Created job ${ran.job}`, ran.created)
  if (ran.ended === undefined) return [created]
  const outcome = ran.result === 'failed' ? 'Failed' : 'Complete'
  const said = `Saw completed job: ${ran.job}, ${cluster.minor >= 21 ? 'condition' : 'status'}: ${outcome}`
  return [created, once('SawCompletedJob', said, ran.ended + second)]
}

/** All Events of a cluster. Of older ones only the planned are there: a whole week of normal Events would bury them. */
export function eventsOf(cluster: ClusterPlan): Event[] {
  const ofRuns = cluster.cronJobs.flatMap((plan) =>
    recentRuns(cluster, plan).flatMap((ran) => runEvents(cluster, plan, ran)),
  )
  const ofPods = cluster.apps.flatMap((plan) => kubeletEvents(cluster, plan))
  return [...cluster.events, ...ofRuns, ...ofPods]
    .filter((plan) => plan.first <= exportedAt)
    .map((plan) => eventOf(cluster, plan))
}

/**
 * What the controller reports of a CronJob whose Jobs the API server refuses, from the first refusal on (ms UTC). It
 * tries again after 5 ms, then twice as long each time up to 1000 s (client-go, util/workqueue, the default rate
 * limiter); each try is for the newest scheduled time (`step` ms apart), which is in the Job's name and the message.
 */
export function refusals(
  cronJob: { readonly namespace: string; readonly name: string },
  from: number,
  step: number,
  messageOf: (job: string) => string,
): EventPlan[] {
  const tries = new Map<number, number[]>()
  for (let ms = from, wait = 5; ms < exportedAt; ms += wait, wait = Math.min(2 * wait, 1000 * second)) {
    const scheduled = Math.floor(ms / step) * step
    tries.set(scheduled, [...(tries.get(scheduled) ?? []), ms])
  }
  return [...tries].map(([scheduled, times]) => ({
    ...cronJob,
    kind: 'CronJob',
    type: 'Warning',
    reason: 'FailedCreate',
    message: messageOf(`${cronJob.name}-${scheduled / minute}`),
    count: times.length,
    first: times[0] ?? from,
    last: times.at(-1) ?? from,
    component: 'cronjob-controller',
  }))
}
