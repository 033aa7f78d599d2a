// For when a Job of a CronJob was planned.
import type { Job } from 'kubernetes-types/batch/v1.js'
import { makerOf } from './owners.ts'
import { timeOf } from './time.ts'

/**
 * The planned time in a Job's name: seconds up to 1.20, minutes since (getJobName in the controllers); undefined for a
 * Job that somebody made by hand.
 */
export function plannedByName(job: string, cronJob: string): number | undefined {
  const number = job.startsWith(`${cronJob}-`) ? job.slice(cronJob.length + 1) : ''
  if (!/^\d{8,10}$/.test(number)) return undefined
  return number.length === 10 ? Number(number) * 1000 : Number(number) * 60_000
}

/** ms UTC: annotated from 1.28 on, before only in the Job's name. Undefined for a Job that no schedule made. */
export const plannedFor = ({ metadata }: Job): number | undefined =>
  timeOf(metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']) ??
  plannedByName(metadata?.name ?? '', makerOf(metadata, 'CronJob') ?? '')
