// CronJobs and their Jobs.
import type { CronJob, CronJobSpec, Job, JobCondition, JobSpec } from 'kubernetes-types/batch/v1.js'
import { at, iso, second } from './calendar.ts'
import { deliveredMeta } from './delivery.ts'
import { resourceVersion, served, uidOf } from './identity.ts'
import type { ClusterPlan, CronJobPlan } from './plan.ts'
import { jobPodSpec, withPodDefaults } from './pod-template.ts'
import { keptRuns, lastScheduled, lastSuccess, type Ran } from './runs.ts'
import { wallClock } from './wall-clock.ts'

/** CronJobs became batch/v1 in 1.21; 1.20 serves batch/v1beta1. */
export const cronJobVersion = (cluster: ClusterPlan): string => (cluster.minor >= 21 ? 'batch/v1' : 'batch/v1beta1')

const jobSpec = (cluster: ClusterPlan, plan: CronJobPlan): JobSpec => ({
  ...(plan.backoffLimit !== undefined && { backoffLimit: plan.backoffLimit }),
  template: { metadata: { labels: { app: plan.name } }, spec: jobPodSpec(cluster, plan) },
})

function wishedSpec(cluster: ClusterPlan, plan: CronJobPlan): CronJobSpec {
  return {
    schedule: plan.schedule,
    ...(plan.timeZone && { timeZone: plan.timeZone }),
    ...(plan.concurrency && { concurrencyPolicy: plan.concurrency }),
    ...(plan.deadline !== undefined && { startingDeadlineSeconds: plan.deadline }),
    ...(plan.suspend && { suspend: true }),
    ...(plan.successes !== undefined && { successfulJobsHistoryLimit: plan.successes }),
    ...(plan.failures !== undefined && { failedJobsHistoryLimit: plan.failures }),
    jobTemplate: { spec: jobSpec(cluster, plan) },
  }
}

/** A CronJob as the API server shows it. In 1.20 its apiVersion differs from the type's, and nothing else. */
export function cronJobOf(
  cluster: ClusterPlan,
  plan: CronJobPlan,
): Omit<CronJob, 'apiVersion'> & { apiVersion: string } {
  const apiVersion = cronJobVersion(cluster)
  const wish = wishedSpec(cluster, plan)
  const { template, ...rest } = jobSpec(cluster, plan)
  const last = lastScheduled(plan)
  const success = lastSuccess(cluster, plan)
  const runs = keptRuns(cluster, plan)
  const active = runs.filter((ran) => ran.result === 'running')
  const written = Math.max(at(plan.created), ...runs.map((ran) => ran.created + second))
  const { name, namespace, labels, annotations } = plan
  const metadata = { name, namespace, ...(labels && { labels }), ...(annotations && { annotations }) }
  const manifest = { apiVersion, kind: 'CronJob', metadata, spec: wish }
  return {
    apiVersion,
    kind: 'CronJob',
    metadata: {
      ...deliveredMeta(cluster, manifest, plan.delivery, { created: at(plan.created), written }),
      ...(cluster.minor >= 21 && { generation: 1 }),
    },
    spec: {
      concurrencyPolicy: 'Allow',
      failedJobsHistoryLimit: 1,
      successfulJobsHistoryLimit: 3,
      suspend: false,
      ...wish,
      jobTemplate: { spec: { ...rest, template: { ...template, spec: withPodDefaults(jobPodSpec(cluster, plan)) } } },
    },
    status: {
      ...(active.length > 0 && { active: active.map((ran) => reference(cluster, plan, ran)) }),
      ...(last !== undefined && { lastScheduleTime: iso(last) }),
      ...(cluster.minor >= 21 && success !== undefined && { lastSuccessfulTime: iso(success) }),
    },
  }
}

const reference = (cluster: ClusterPlan, plan: CronJobPlan, ran: Ran) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  name: ran.job,
  namespace: plan.namespace,
  resourceVersion: resourceVersion(cluster, ran.created, `Job/${plan.namespace}/${ran.job}`),
  uid: uidOf(cluster, 'Job', plan.namespace, ran.job),
})

function conditions(cluster: ClusterPlan, ran: Ran): JobCondition[] {
  if (ran.ended === undefined) return []
  const time = { lastProbeTime: iso(ran.ended), lastTransitionTime: iso(ran.ended) }
  const failed = ran.result === 'failed'
  // The two-step conditions came with 1.31 (KEP-3998), and so did the reason of a success.
  const twoStep = cluster.minor >= 31
  const why = failed
    ? { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }
    : twoStep
      ? { reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
      : {}
  const types = failed ? ['FailureTarget', 'Failed'] : ['SuccessCriteriaMet', 'Complete']
  return types.slice(twoStep ? 0 : 1).map((type) => ({ type, status: 'True', ...time, ...why }))
}

function jobMarks(cluster: ClusterPlan, plan: CronJobPlan, ran: Ran): Record<string, string> {
  if (ran.scheduled === undefined) return { 'cronjob.kubernetes.io/instantiate': 'manual' }
  if (cluster.minor < 28) return {}
  // KEP-4026: RFC 3339, in the CronJob's own zone.
  return { 'batch.kubernetes.io/cronjob-scheduled-timestamp': wallClock(ran.scheduled, plan.timeZone) }
}

/** The labels that tie a Job's Pods to it; the prefixed pair came with 1.27. */
export function jobLabels(cluster: ClusterPlan, plan: CronJobPlan, ran: Ran): Record<string, string> {
  const uid = uidOf(cluster, 'Job', plan.namespace, ran.job)
  const prefixed = { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': ran.job }
  return { app: plan.name, 'controller-uid': uid, 'job-name': ran.job, ...(cluster.minor >= 27 && prefixed) }
}

/** One Job of a CronJob as the API server shows it. */
export function jobOf(cluster: ClusterPlan, plan: CronJobPlan, ran: Ran): Job {
  const labels = jobLabels(cluster, plan, ran)
  const selector = cluster.minor >= 27 ? 'batch.kubernetes.io/controller-uid' : 'controller-uid'
  const annotations = jobMarks(cluster, plan, ran)
  const failedPods = 1 + (plan.backoffLimit ?? 6)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...served(cluster, 'Job', plan.namespace, ran.job, { created: ran.created, written: ran.ended ?? ran.created }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(cluster.minor >= 21 && { generation: 1 }),
      labels,
      ownerReferences: [
        {
          apiVersion: cronJobVersion(cluster),
          // `kubectl create job --from` leaves this out.
          ...(ran.scheduled !== undefined && { blockOwnerDeletion: true }),
          controller: true,
          kind: 'CronJob',
          name: plan.name,
          uid: uidOf(cluster, 'CronJob', plan.namespace, plan.name),
        },
      ],
    },
    spec: {
      backoffLimit: plan.backoffLimit ?? 6,
      completions: 1,
      parallelism: 1,
      selector: { matchLabels: { [selector]: labels[selector] ?? '' } },
      ...(cluster.minor >= 24 && { completionMode: 'NonIndexed', suspend: false }),
      ...(cluster.minor >= 34 && { manualSelector: false, podReplacementPolicy: 'TerminatingOrFailed' }),
      template: { metadata: { labels }, spec: withPodDefaults(jobPodSpec(cluster, plan)) },
    },
    status: {
      startTime: iso(ran.started),
      ...(ran.result === 'complete' && ran.ended !== undefined && { completionTime: iso(ran.ended), succeeded: 1 }),
      ...(ran.result === 'failed' && { failed: failedPods }),
      ...(ran.result === 'running' && { active: 1 }),
      ...(ran.ended !== undefined && { conditions: conditions(cluster, ran) }),
      ...(cluster.minor >= 24 && { ready: ran.result === 'running' ? 1 : 0, uncountedTerminatedPods: {} }),
      ...(cluster.minor >= 28 && { terminating: 0 }),
    },
  }
}
