// The Kubernetes kinds that hazards read, and how old and new API servers serve them. Shapes are those of the newest
// version; the fields that hazards read are the same in the older ones listed.
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import type { Event, Namespace, ResourceQuota } from 'kubernetes-types/core/v1.js'
import { kind } from '../contract/reads.ts'

/** batch/v1 from 1.21 on; batch/v1beta1 from 1.8 to 1.24; batch/v2alpha1 before. */
export const cronJobs = kind<CronJob>('CronJob', {
  group: 'batch',
  versions: ['v1', 'v1beta1', 'v2alpha1'],
  namespaced: true,
})
export const jobs = kind<Job>('Job', { group: 'batch', versions: ['v1'], namespaced: true })
/** The core group's: every release serves it, and what is written to events.k8s.io can be read here too. */
export const events = kind<Event>('Event', { group: '', versions: ['v1'], namespaced: true })
export const resourceQuotas = kind<ResourceQuota>('ResourceQuota', { group: '', versions: ['v1'], namespaced: true })
export const namespaces = kind<Namespace>('Namespace', { group: '', versions: ['v1'], namespaced: false })
