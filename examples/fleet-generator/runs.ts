// Which Jobs of a CronJob ran when. Times in ms UTC.
import { at, exportedAt, hour, lastRuns, second } from './calendar.ts'
import { pick, suffix } from './identity.ts'
import type { ClusterPlan, CronJobPlan, Run } from './plan.ts'

/** A run with all its times. */
export interface Ran {
  readonly job: string
  readonly scheduled: number | undefined
  readonly created: number
  /** By the clock of kube-controller-manager. */
  readonly started: number
  readonly ended: number | undefined
  readonly result: 'complete' | 'failed' | 'running'
}

// Names end in the scheduled time: unix minutes since 1.21 (cronjob/utils.go, getTimeHashInMinutes), seconds before.
const jobName = (cluster: ClusterPlan, plan: CronJobPlan, scheduled: number): string =>
  `${plan.name}-${cluster.minor >= 21 ? scheduled / (60 * second) : scheduled / second}`

/** How late a Job is created: the controller looked every 10 s up to 1.20, and waits for the very second since. */
const lateness = (cluster: ClusterPlan, key: string): number => (cluster.minor >= 21 ? 0 : pick(key, 5) * second)

/** Works out the times of one planned run. */
export function ranOf(cluster: ClusterPlan, plan: CronJobPlan, run: Run): Ran {
  const key = `${cluster.name}/${plan.namespace}/${plan.name}/${run.scheduled ?? run.created}`
  const result = run.result ?? 'complete'
  const scheduled = run.scheduled
  const created = run.created ?? (scheduled ?? exportedAt) + lateness(cluster, key)
  const started = Math.max(created, scheduled ?? created)
  // A tenth more or less than usual.
  const took = Math.max(2, Math.round(plan.seconds * (0.9 + pick(`${key}/took`, 200) / 1000))) * second
  const job = scheduled === undefined ? `${plan.name}-manual-${suffix(key, 3)}` : jobName(cluster, plan, scheduled)
  return { job, scheduled, created, started, ended: result === 'running' ? undefined : started + took, result }
}

const computed = (plan: CronJobPlan, upTo: number, count: number): Run[] =>
  lastRuns(plan.schedule, plan.timeZone, upTo, count).map((scheduled) => ({ scheduled }))

const lastStart = (plan: CronJobPlan): number => (plan.stoppedAt ? at(plan.stoppedAt) : exportedAt)

/** The runs whose Jobs are still there, oldest first: the planned ones, or as many as the history limit keeps. */
export function keptRuns(cluster: ClusterPlan, plan: CronJobPlan): Ran[] {
  const runs = plan.runs ?? computed(plan, lastStart(plan), plan.successes ?? 3)
  return runs.map((run) => ranOf(cluster, plan, run))
}

/** The last scheduled time that was started; undefined if none ever was. */
export function lastScheduled(plan: CronJobPlan): number | undefined {
  const planned = (plan.runs ?? []).flatMap((run) => run.scheduled ?? [])
  return plan.runs ? planned.at(-1) : computed(plan, lastStart(plan), 1)[0]?.scheduled
}

/** When the newest successful run ended, also if its Job is gone. */
export function lastSuccess(cluster: ClusterPlan, plan: CronJobPlan): number | undefined {
  const runs = plan.runs ?? computed(plan, lastStart(plan), 1)
  const succeeded = runs.map((run) => ranOf(cluster, plan, run)).filter((ran) => ran.result === 'complete')
  return succeeded.at(-1)?.ended
}

/** Runs of the hour before the export, whose events the API server still has (kube-apiserver --event-ttl, 1 h). */
export function recentRuns(cluster: ClusterPlan, plan: CronJobPlan): Ran[] {
  const since = exportedAt - hour
  const runs = plan.runs ?? computed(plan, lastStart(plan), 60)
  return runs.map((run) => ranOf(cluster, plan, run)).filter((ran) => ran.created >= since && ran.created < exportedAt)
}
