// Finished Jobs, and Pods of Jobs, that are deleted and do not go. A finalizer keeps them, which is taken off by whoever set it.
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Pod } from 'kubernetes-types/core/v1.js'
import type { Context, Evidence, Finding, Item, Step, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread, list } from '../../contract/reads.ts'
import { clear, found, seen } from '../../contract/verdicts.ts'
import { endOf } from '../../objects/finished.ts'
import { jobs, pods } from '../../objects/kinds.ts'
import { makerOf } from '../../objects/owners.ts'
import { durationText, timeOf, timeText } from '../../objects/time.ts'
import { finalizer } from './finalizers.ts'
import { jobTracking, type LeftPod, leftPods } from './reads.ts'
import { advise } from './remedy.ts'
import type { Settings } from './settings.ts'

interface Kept {
  readonly uid: string | undefined
  /** ms UTC from when on it should be gone: of a Pod its grace period is over then. */
  readonly since: number
  readonly finalizers: readonly string[]
  /** The Job that made it, of a Pod. */
  readonly job: string | undefined
}

const keptOf = ({ metadata }: Job | Pod): Kept | undefined => {
  const since = timeOf(metadata?.deletionTimestamp)
  const finalizers = metadata?.finalizers ?? []
  if (since === undefined || finalizers.length === 0) return undefined
  return { uid: metadata?.uid, since, finalizers, job: makerOf(metadata, 'Job') }
}

/** One that still runs has its Pods ended first, which takes what it takes. */
const keptJob = (job: Job): Kept | undefined => (endOf(job) ? keptOf(job) : undefined)

/** A Pod that has not ended waits for its kubelet, not for the Job controller. */
const keptPod = (pod: Pod): Kept | undefined => {
  const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  return hasEnded && pod.metadata?.finalizers?.includes(jobTracking) ? keptOf(pod) : undefined
}

/** Is this finished Job deleted, and kept by a finalizer? */
export const keptJobs = detector({
  of: list(jobs, keptJob),
  with: { left: leftPods },
  judge(item: Item<Kept>, { left }, { now, settings }: Context<Settings>): Verdict<never> {
    if (now - item.object.since <= settings.stuckAfterSeconds * 1000) return clear
    const waitsFor = isUnread(left) ? [] : (left.get(item.object.uid ?? '') ?? [])
    return found(jobFinding(item, waitsFor, now))
  },
})

function jobFinding(item: Item<Kept>, waitsFor: readonly Item<LeftPod>[], now: number): Finding {
  const { subject, object } = item
  const all = object.finalizers.map(finalizer)
  const pod = object.finalizers.includes('foregroundDeletion') ? waitsFor[0] : undefined
  const namespace = subject.namespace ?? 'default'
  return {
    reason: 'deletion-held',
    state: 'occurring',
    fact: `deleted ${durationText(now - object.since)} ago and still there, kept by ${all.map(({ name, of }) => `${name} ${of}`).join(', ')}${pod ? `, which waits for Pod ${pod.object.name}${pod.object.finalizers.length > 0 ? `, kept by ${pod.object.finalizers.join(', ')}` : ''}` : ''}`,
    evidence: [
      deletedAt(item),
      ...finalizersSeen(item),
      ...waitsFor
        .slice(0, 3)
        .map(({ subject: whose, object: { name, finalizers } }) =>
          seen('its Pod, to be gone too', name, whose, 'metadata', ...(finalizers.length > 0 ? ['finalizers'] : [])),
        ),
    ],
    remedy: all.map(({ name, takenOff }) =>
      advise(
        `${name} is taken off ${takenOff}`,
        name === 'foregroundDeletion'
          ? `kubectl -n ${namespace} get pods -l job-name=${subject.name} -o yaml`
          : `kubectl -n ${namespace} get job ${subject.name} -o yaml`,
      ),
    ),
  }
}

/** Is this Pod of a Job over and deleted, and never counted? */
export const keptPods = detector({
  of: list(pods, keptPod),
  with: {},
  judge(item: Item<Kept>, _view, { now, settings }: Context<Settings>): Verdict<never> {
    const { since, job } = item.object
    if (now - since <= settings.stuckAfterSeconds * 1000) return clear
    const { name, of } = finalizer(jobTracking)
    return found({
      reason: 'tracking-kept',
      state: 'occurring',
      fact: `should have been gone for ${durationText(now - since)}, kept by ${name} ${of}; ${job === undefined ? 'no Job owns it any more' : `its Job is ${job}`}`,
      evidence: [
        deletedAt(item),
        ...finalizersSeen(item),
        seen('Job', job ?? null, item.subject, 'metadata', 'ownerReferences'),
      ],
      remedy: takeOff(item),
    })
  },
})

/** For a person, who sees first that the Job has ended: what the Pod did is lost to a Job that still counts. */
function takeOff({ subject, object }: Item<Kept>): Step[] {
  const path = `/metadata/finalizers/${object.finalizers.indexOf(jobTracking)}`
  const patch = JSON.stringify([
    { op: 'test', path, value: jobTracking },
    { op: 'remove', path },
  ])
  const { takenOff } = finalizer(jobTracking)
  return [
    advise(`it is taken off ${takenOff}`),
    advise(
      'if its Job has ended or is gone, a person may take it off: nothing counts the Pod any more',
      `kubectl -n ${subject.namespace ?? 'default'} patch pod ${subject.name} --type=json -p '${patch}'`,
    ),
  ]
}

const deletedAt = ({ subject, object }: Item<Kept>): Evidence =>
  seen('to be gone since', timeText(object.since), subject, 'metadata', 'deletionTimestamp')

const finalizersSeen = ({ subject, object }: Item<Kept>): Evidence[] =>
  object.finalizers.map((name, place) =>
    seen(`finalizer ${finalizer(name).of}`, name, subject, 'metadata', 'finalizers', place),
  )
