import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { cronJobs, jobs } from '../../objects/kinds.ts'
import { leftBehind } from './cluster.ts'
import { keptJobs, keptPods } from './deletion.ts'
import { expired } from './expiry.ts'
import { piles } from './piles.ts'
import type { Settings } from './settings.ts'

const settings: z.ZodType<Settings> = z.object({
  stuckAfterSeconds: z
    .number()
    .int()
    .positive()
    .default(600)
    .describe('How long a clean-up that is due may take before it is called stuck: controllers need seconds'),
  piledUp: z
    .number()
    .int()
    .positive()
    .default(500)
    .describe('How many finished Jobs that nobody ever deletes may lie in a namespace'),
})

export const stuckCleanup = hazard({
  id: 'stuck-cleanup',
  title: 'Finished Jobs that are not cleaned up, and what they hold',
  severity: 'medium',
  settings,
  reasons: {
    'over-limit': {
      title: 'Finished Jobs past the history limits stay',
      why: 'The CronJob controller deletes finished Jobs past successfulJobsHistoryLimit and failedJobsHistoryLimit at each sync, within seconds; here it has not, since it does not run, may not, or fails before it gets there.',
      fix: 'Find out why kube-controller-manager does not clean up; delete the oldest finished Jobs.',
      fixedIn:
        '1.29 and patch releases of that time (from 1.21 on, a run that failed to start kept its CronJob from being cleaned up). What remains: rights, webhooks and controllers that do not run.',
    },
    'dead-reference': {
      title: 'A Job that does not run any more counts as running',
      why: 'The controller takes Jobs that ended or are gone out of status.active at each sync. As long as one stands there Forbid starts no run, and counts of active Jobs are wrong.',
      fix: 'Take the entry out of status.active, and find out why the controller has not.',
    },
    'quota-held': {
      title: 'Its own finished Jobs use up the quota, and runs are refused',
      why: 'A ResourceQuota on count/jobs.batch counts finished Jobs. Those that the history limits keep, or that were not cleaned up, leave no room for the next run, which ends in FailedCreate.',
      fix: 'Delete the oldest finished Job; set history limits that leave room for a run, or raise the quota.',
      fixedIn:
        '1.29 and patch releases of that time, for Jobs past the limits (kubernetes#119776: cleaned up first, then started). What remains: limits that allow as many Jobs as the quota does.',
    },
    'quota-full': {
      title: 'Its own finished Jobs use up the quota before the next run',
      why: 'A ResourceQuota on count/jobs.batch counts finished Jobs; the next run is refused if none of them goes before.',
      fix: 'Set history limits that leave room for a run, or raise the quota.',
      leadsTo: 'quota-held',
    },
    'deletion-held': {
      title: 'A finished Job is deleted and does not go',
      why: 'A finalizer keeps it until whoever set it takes it off. foregroundDeletion waits for Pods, orphan for the garbage collector, others for a controller that may be long gone. The Job holds names, quotas and its namespace.',
      fix: 'Find out why its controller does not take the finalizer off; by hand only if what it guards is done.',
    },
    'tracking-kept': {
      title: 'A Pod that is over keeps the finalizer of the Job controller',
      why: 'Pods of Jobs carry batch.kubernetes.io/job-tracking until they are counted. In 1.23 the Job controller took no notice of Pods of finished or deleted Jobs any more: they stay for ever, and so do a Job that waits for them and their namespace.',
      fix: 'Update; then, or if the Job has ended or is gone, the finalizer of the Pod may be taken off by hand.',
      fixedIn:
        '1.23.6 and 1.24 (kubernetes#108752, #109486). What remains: a Job controller that does not run takes none off.',
    },
    'ttl-ignored': {
      title: 'A finished Job outlives its ttlSecondsAfterFinished',
      why: 'The TTL-after-finished controller deletes it, if the feature gate TTLAfterFinished is on in both kube-apiserver and kube-controller-manager, and that runs.',
      fix: 'Delete it; switch the gate on, or find out why the controller does not work.',
      fixedIn: '1.21 (the gate is on by default; from 1.23 on always). What remains: a controller that does not run.',
    },
    'piled-up': {
      title: 'Finished Jobs that nobody ever deletes pile up',
      why: 'A Job that no CronJob made and that has no ttlSecondsAfterFinished stays for ever, with its Pods: lists get slow, and etcd full.',
      fix: 'Set ttlSecondsAfterFinished where they are made; delete those that nobody reads any more.',
    },
  },
  steps: {
    'clean-oldest': 'Delete the oldest finished Job that is past the history limits of its CronJob',
    'make-room':
      'Delete the oldest finished Job of a CronJob whose next run a quota refuses, although its history keeps it',
    'delete-expired': 'Delete a finished Job that is past its own ttlSecondsAfterFinished',
    'drop-reference': 'Take an entry that names no running Job out of status.active',
  },
  metrics: {
    roadcrew_cronjob_cleanup_stuck: {
      help: 'CronJobs whose finished Jobs are not cleaned up: 1 for each, by how that shows',
      type: 'gauge',
      counts: 'findings',
    },
  },
  writes: [cronJobs, jobs],
  cluster: [leftBehind, keptJobs, keptPods, expired, piles],
  drill: () => import('./drill.ts'),
})
