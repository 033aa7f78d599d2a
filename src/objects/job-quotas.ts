// Quotas on the number of Jobs, as hazards of CronJobs read them.
import type { ResourceQuota } from 'kubernetes-types/core/v1.js'
import { index, maybe } from '../contract/reads.ts'
import { resourceQuotas } from './kinds.ts'

/** Where a quota on the number of Jobs stands. */
export const jobCount = 'count/jobs.batch'

export interface SeenQuota {
  readonly name: string
  readonly used: number
  readonly hard: number
}

/** Those on the number of Jobs, by namespace. */
export const jobQuotas = maybe(
  index(
    resourceQuotas,
    ({ metadata }) => metadata?.namespace ?? '',
    ({ metadata, status, spec }: ResourceQuota): SeenQuota | undefined => {
      const hard = status?.hard?.[jobCount] ?? spec?.hard?.[jobCount]
      if (hard === undefined) return undefined
      return { name: metadata?.name ?? '', hard: Number(hard), used: Number(status?.used?.[jobCount] ?? 0) }
    },
  ),
)
