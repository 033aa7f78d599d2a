// The shapes of a ZonedCronJob, as the API server keeps it: charts/roadcrew/files/zonedcronjobs.yaml.
import type { JobTemplateSpec } from 'kubernetes-types/batch/v1.js'
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js'
import { kind } from '../contract/reads.ts'

export type Skipped = 'skip' | 'runAfter'
export type Repeated = 'once' | 'twice'
export type MissedPolicy = 'skip' | 'last' | 'all'
export type ConcurrencyPolicy = 'Allow' | 'Forbid' | 'Replace'
/** Who starts the runs: Roadcrew, or a CronJob that Roadcrew writes. */
export type Mode = 'zoned' | 'native'

/** What its owner wishes. All but `schedule` and `jobTemplate` may be missing: the API server fills in what it has defaults for. */
export interface ZonedCronJobSpec {
  readonly schedule: string
  readonly timeZone?: string
  readonly mode?: Mode
  readonly daylightSaving?: { readonly skipped?: Skipped; readonly repeated?: Repeated }
  readonly missedRuns?: {
    readonly policy?: MissedPolicy
    readonly limit?: number
    readonly deadlineSeconds?: number
  }
  readonly spread?: { readonly windowSeconds: number }
  readonly startingDeadlineSeconds?: number
  readonly concurrencyPolicy?: ConcurrencyPolicy
  readonly suspend?: boolean
  readonly successfulJobsHistoryLimit?: number
  readonly failedJobsHistoryLimit?: number
  readonly jobTemplate: JobTemplateSpec
}

/** What decides when runs are due, as it was when the mark was last counted. */
export interface Observed {
  readonly schedule: string
  readonly timeZone: string
  readonly skipped: Skipped
  readonly repeated: Repeated
  readonly suspend: boolean
}

/** Why a run was due and not started. */
export type MissedReason =
  | 'Suspended'
  | 'ScheduleChanged'
  | 'Superseded'
  | 'TooLate'
  | 'Skipped'
  | 'OverLimit'
  | 'StillRunning'
  | 'QuotaExceeded'
  | 'Refused'
  | 'TakenBack'

/** Runs in a row that were missed for one reason; times RFC 3339. */
export interface Missed {
  readonly reason: MissedReason
  readonly count: number
  readonly first: string
  readonly last: string
}

/** One of the next runs. `utc`: RFC 3339; `local`: `2026-10-25 02:30 +02:00`. */
export interface Preview {
  readonly utc: string
  readonly local: string
  readonly note?: 'skipped' | 'repeated'
}

export interface Condition {
  readonly type: 'Valid' | 'Blocked' | 'Delegated'
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}

/** What became of the runs; times RFC 3339. */
export interface ZonedCronJobStatus {
  readonly highWaterMark?: string
  readonly observed?: Observed
  readonly observedGeneration?: number
  readonly lastScheduleTime?: string
  readonly lastSuccessfulTime?: string
  readonly active?: number
  readonly preview?: readonly Preview[]
  readonly missed?: { readonly count: number; readonly recent: readonly Missed[] }
  readonly conditions?: readonly Condition[]
}

export interface ZonedCronJob {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ObjectMeta
  readonly spec: ZonedCronJobSpec
  readonly status?: ZonedCronJobStatus
}

export const zonedCronJobs = kind<ZonedCronJob>('ZonedCronJob', {
  group: 'roadcrew.dev',
  versions: ['v1'],
  namespaced: true,
})

/** What holds where the spec says nothing; the same stands in the CRD. */
export const defaults = {
  timeZone: 'UTC',
  mode: 'zoned',
  skipped: 'runAfter',
  repeated: 'once',
  policy: 'last',
  limit: 10,
  concurrencyPolicy: 'Allow',
  successfulJobsHistoryLimit: 3,
  failedJobsHistoryLimit: 1,
} as const

/** The longest name: Jobs have ten digits and a dash behind it, and a label holds 63 characters. */
export const longestName = 52
