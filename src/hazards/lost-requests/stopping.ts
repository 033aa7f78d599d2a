// Pods that stop: how long their endpoints stay, and what killed them.
import type { Finding, Item } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import { durationText, timeText } from '../../objects/time.ts'
import { ownWait } from './drains.ts'
import { type Hook, type Judging, needsOf, reachSeen } from './judging.ts'
import { howRecent } from './pod-events.ts'
import type { Ended, PodSeen, ReadySlice } from './pods-seen.ts'
import { servedFor } from './proxy-rules.ts'
import { advise, setGrace } from './remedy.ts'

/** An endpoint is gone within a second or two of the deletion; a busy controller may take longer (ms). */
const slowRemoval = 30_000

/** The clocks of machines differ, and Pods and endpoints are not read at the same moment (ms). */
export const doubt = 5_000

/** API times are whole seconds, and those of two machines (ms). */
const rounding = 2_000

/** A Pod that is deleted and still in a Service's endpoints as ready. */
export interface Listed {
  readonly pod: Item<PodSeen>
  readonly slice: Item<ReadySlice>
  /** ms since its deletion was asked for. */
  readonly age: number
}

/** `slices`: of its namespace. A Service that publishes addresses that are not ready lists Pods that stop, by its own wish. */
export function listedStill(
  { reach, context }: Judging,
  mine: readonly Item<PodSeen>[],
  slices: readonly Item<ReadySlice>[],
): Listed[] {
  const meant = new Set(reach.services.flatMap(({ object }) => (object.publishesUnready ? [object.name] : [])))
  return mine.flatMap((pod): Listed[] => {
    const { name, deletedAt } = pod.object
    if (deletedAt === undefined) return []
    const slice = slices.find(({ object }) => !meant.has(object.service) && object.pods.includes(name))
    return slice ? [{ pod, slice, age: context.now - deletedAt }] : []
  })
}

/** How long its Pods go on serving after the deletion (ms); undefined where that can't be read off the object. */
export function servesOn(judging: Judging): number | undefined {
  const told = judging.hooks.some(
    ({ serves, wait, container }) =>
      serves && (wait.is === 'unknown' || (wait.is === 'known' && wait.atLeast) || ownWait(container)),
  )
  return told ? undefined : Math.min(servedFor(judging), judging.grace) * 1000
}

/** Deleted, and still in the endpoints: longer than any controller needs, or longer than the Pod waits. */
export function stillServed(judging: Judging, listed: readonly Listed[]): Finding[] {
  const serves = servesOn(judging)
  return listed.flatMap(({ pod, slice, age }): Finding[] => {
    const { name, deletedAt = 0 } = pod.object
    const late = serves !== undefined && age > serves + doubt
    if (age < slowRemoval && !late) return []
    const stuck = age >= slowRemoval
    const waited = serves === undefined || stuck ? '' : `, waits ${durationText(serves)} at most`
    return [
      {
        reason: stuck ? 'still-served' : 'slow-endpoints',
        state: 'occurring',
        severity: 'high',
        fact: `Pod ${name} has been stopping for ${durationText(age)}${waited}, and Service ${slice.object.service} still sends to it`,
        evidence: [
          seen('endpoint', `${name} is ready`, slice.subject, 'endpoints'),
          seen('deletion asked for', timeText(deletedAt), pod.subject, 'metadata', 'deletionTimestamp'),
        ],
        remedy: [
          advise(
            stuck
              ? 'look at kube-controller-manager: its endpoint slice controller is stuck or far behind'
              : `let its Pods wait longer than ${durationText(age)} in preStop, and look at what keeps kube-controller-manager busy`,
          ),
        ],
      },
    ]
  })
}

/** SIGKILL ends a process with 128 + 9; a runtime that saw the kernel kill it for memory says OOMKilled. */
const isKill = ({ exitCode, reason }: Ended): boolean => exitCode === 137 && reason !== 'OOMKilled'

/** The containers that serve and ended by SIGKILL, with what is known of their hooks. */
const killsOf = ({ hooks }: Judging, { ended }: PodSeen): { readonly end: Ended; readonly hook: Hook }[] =>
  ended.flatMap((end) => {
    const hook = hooks.find(({ container, serves }) => serves && container.name === end.name)
    return hook && isKill(end) ? [{ end, hook }] : []
  })

const endSeen = (pod: Item<PodSeen>, { name, place, at }: Ended) =>
  seen(
    'exit code',
    `137 in container ${name}${at === undefined ? '' : ` at ${timeText(at)}`}`,
    pod.subject,
    ...['status', 'containerStatuses', place, 'state', 'terminated'],
  )

/**
 * Killed at the end of its grace period, which the hook took part of. A liveness probe can't have done it: the kubelet stops
 * those as it begins to end a Pod (pkg/kubelet/kubelet.go, SyncTerminatingPod). The kill comes no earlier than the end of the
 * grace period, and up to 2 s later after a hook that took all of it (kuberuntime_container.go, killContainer).
 */
export function killedAtGrace(judging: Judging, mine: readonly Item<PodSeen>[]): Finding[] {
  const { now } = judging.context
  return mine.flatMap((pod): Finding[] => {
    const { name, deletedAt, grace = 0 } = pod.object
    if (deletedAt === undefined || grace <= 0) return []
    return killsOf(judging, pod.object).flatMap(({ end, hook }): Finding[] => {
      const recent = howRecent(end.at, now)
      if (end.at === undefined || end.at < deletedAt + grace * 1000 - rounding || !recent) return []
      const shortened =
        grace < judging.grace ? `, which this deletion made shorter than its own ${judging.grace} s` : ''
      const waited =
        hook.wait.is === 'known' && hook.wait.seconds > 0 ? `, of which preStop takes ${hook.wait.seconds} s` : ''
      return [
        {
          reason: 'killed',
          ...recent,
          fact: `Pod ${name} was killed ${durationText(end.at - deletedAt)} after its deletion: container ${end.name} had not ended within ${grace} s${shortened}${waited}`,
          evidence: [
            endSeen(pod, end),
            seen('deletion asked for', timeText(deletedAt), pod.subject, 'metadata', 'deletionTimestamp'),
            seen('grace period', `${grace} s`, pod.subject, 'metadata', 'deletionGracePeriodSeconds'),
            ...reachSeen(judging),
          ],
          remedy: [
            shortened ? advise(`delete its Pods without --grace-period: they need their own`) : moreTime(judging, hook),
          ],
        },
      ]
    })
  })
}

function moreTime(judging: Judging, hook: Hook) {
  const { sum, wait } = needsOf(judging, hook, hook.wait.is === 'known' ? hook.wait.seconds : 0)
  if (sum > judging.grace) return setGrace(judging, sum)
  return advise(
    `${judging.grace - wait} s were not enough: see that SIGTERM reaches the application (a shell does not pass it on) and ends it, or give it more`,
  )
}

/** A node that shuts down gives Pods what its kubelet is told to give, whatever they ask for (KEP-2000). */
export function cutByShutdown(judging: Judging, mine: readonly Item<PodSeen>[]): Finding[] {
  const { context, grace } = judging
  return mine.flatMap((pod): Finding[] => {
    const { name, node, shutdown } = pod.object
    if (!shutdown) return []
    return killsOf(judging, pod.object).flatMap(({ end }): Finding[] => {
      const recent = howRecent(end.at, context.now)
      const given = end.at === undefined || shutdown.began === undefined ? undefined : end.at - shutdown.began
      if (end.at === undefined || !recent || (given !== undefined && given >= grace * 1000 - rounding)) return []
      const within = given === undefined || given < 0 ? '' : ` after ${durationText(given)}`
      return [
        {
          reason: 'shutdown-cut-off',
          ...recent,
          severity: 'medium',
          fact: `Pod ${name} was killed${within} as node ${node ?? 'of it'} shut down, instead of within its own ${grace} s`,
          evidence: [
            endSeen(pod, end),
            seen('ended by', 'a node shutdown', pod.subject, 'status', 'reason'),
            ...reachSeen(judging),
          ],
          remedy: [
            advise(
              'give Pods more time in the kubelet (shutdownGracePeriod less shutdownGracePeriodCriticalPods), or let the Pod end within what it gives',
            ),
          ],
        },
      ]
    })
  })
}
