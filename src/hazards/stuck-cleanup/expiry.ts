// ttlSecondsAfterFinished that passed. KEP-592: alpha in 1.12, on by default from 1.21 (beta), always from 1.23.
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Context, Item, Path, Verdict, Version } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { clear, found, seen } from '../../contract/verdicts.ts'
import { endOf } from '../../objects/finished.ts'
import { jobs } from '../../objects/kinds.ts'
import { durationText, timeText } from '../../objects/time.ts'
import { olderThan, versionText } from '../../objects/version.ts'
import { advise, deleteExpired } from './remedy.ts'
import type { Settings } from './settings.ts'

interface Expiring {
  readonly ttl: number
  /** ms UTC. */
  readonly ended: number
  readonly field: Path
}

const expiring = (job: Job): Expiring | undefined => {
  const ttl = job.spec?.ttlSecondsAfterFinished
  const { at: ended, field = [] } = endOf(job) ?? {}
  if (typeof ttl !== 'number' || ended === undefined || job.metadata?.deletionTimestamp !== undefined) return undefined
  return { ttl, ended, field }
}

/** Has this finished Job outlived its ttlSecondsAfterFinished? */
export const expired = detector({
  of: list(jobs, expiring),
  with: {},
  judge({ subject, object }: Item<Expiring>, _view, context: Context<Settings>): Verdict<never> {
    const { now, settings, version } = context
    const late = now - object.ended - object.ttl * 1000
    if (late <= settings.stuckAfterSeconds * 1000) return clear
    return found({
      reason: 'ttl-ignored',
      state: 'occurring',
      fact: `should have been deleted ${durationText(late)} ago by its ttlSecondsAfterFinished ${object.ttl}${why(version)}`,
      evidence: [
        seen('time to live (s)', object.ttl, subject, 'spec', 'ttlSecondsAfterFinished'),
        seen('ended', timeText(object.ended), subject, ...object.field),
      ],
      remedy: [
        deleteExpired(subject),
        advise(
          olderThan(version, 23)
            ? 'see whether the feature gate TTLAfterFinished is on in kube-apiserver and kube-controller-manager'
            : 'see whether kube-controller-manager runs its ttl-after-finished controller, and what that logs',
        ),
      ],
    })
  },
})

const why = (version: Version | undefined): string =>
  version && olderThan(version, 21)
    ? `; in Kubernetes ${versionText(version)} that does nothing unless the feature gate TTLAfterFinished is on`
    : ''
