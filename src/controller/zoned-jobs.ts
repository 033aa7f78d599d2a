import type { Job } from 'kubernetes-types/batch/v1.js'
import { plannedAnnotation } from '../zoned-cronjob/jobs.ts'

export type { Job } from 'kubernetes-types/batch/v1.js'

/** What is needed of a Job to decide. */
export const reducedJob = ({ metadata = {}, status }: Job): Job => {
  const { name, namespace, uid, creationTimestamp, deletionTimestamp, ownerReferences, annotations } = metadata
  const planned = annotations?.[plannedAnnotation]
  const { conditions, completionTime } = status ?? {}
  return {
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(ownerReferences && { ownerReferences }),
      ...(planned !== undefined && { annotations: { [plannedAnnotation]: planned } }),
    },
    status: { ...(conditions && { conditions }), ...(completionTime !== undefined && { completionTime }) },
  }
}

/** Which ZonedCronJob made it. */
export const makerOf = ({
  metadata,
}: Pick<Job, 'metadata'>): { readonly uid: string; readonly name: string } | undefined =>
  metadata?.ownerReferences?.find(({ kind, controller }) => kind === 'ZonedCronJob' && controller === true)

/** Jobs by the uid of who made them: of thousands in a namespace nobody goes through all. */
export class ZonedJobs {
  readonly #byMaker = new Map<string, Map<string, Job>>()

  of(uid: string): readonly Job[] {
    return [...(this.#byMaker.get(uid)?.values() ?? [])]
  }

  put(job: Job): void {
    const [maker, uid] = [makerOf(job)?.uid, job.metadata?.uid]
    if (maker === undefined || uid === undefined) return
    const own = this.#byMaker.get(maker) ?? new Map<string, Job>()
    this.#byMaker.set(maker, own)
    own.set(uid, reducedJob(job))
  }

  /** @param uid the Job's. */
  remove(maker: string, uid: string): void {
    const own = this.#byMaker.get(maker)
    own?.delete(uid)
    if (own?.size === 0) this.#byMaker.delete(maker)
  }

  clear(): void {
    this.#byMaker.clear()
  }
}
