// Events of Pods: hooks and readiness probes that failed. The Pods may be gone; their events are left.
import type { Event } from 'kubernetes-types/core/v1.js'
import type { Evidence, Finding, Item } from '../../contract/hazard.ts'
import { index, maybe } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import { events } from '../../objects/kinds.ts'
import { isPod, type PodMaker } from '../../objects/pod-templates.ts'
import { timeOf, timeText } from '../../objects/time.ts'
import { lacksShell } from './images.ts'
import type { Hook, Judging } from './judging.ts'
import { type ByNamespace, inNamespace } from './pods-seen.ts'
import { advise } from './remedy.ts'

/** What a cluster has shown within so long is no theory any more (ms). */
const lately = 7 * 86_400_000

/** What is older may have been mended since: API servers keep events for an hour unless told otherwise (ms). */
export const justNow = 3_600_000

/** Whether something that happened at `at` (ms UTC) still counts, and as what; undefined: too long ago. */
export function howRecent(at: number | undefined, now: number): Pick<Finding, 'state' | 'lately'> | undefined {
  if (at === undefined || now - at <= justNow) return { state: 'occurring' }
  return now - at < lately ? { state: 'exposed', lately: true } : undefined
}

export interface PodEvent {
  readonly pod: string
  readonly container: string | undefined
  readonly message: string
  /** ms UTC. */
  readonly last: number | undefined
  readonly count: number
}

const aboutPods = (wanted: (event: Event) => boolean) =>
  maybe(
    index(
      events,
      (event: Event) =>
        event.involvedObject?.kind === 'Pod' && wanted(event) ? (event.involvedObject.namespace ?? '') : undefined,
      ({ involvedObject, message, lastTimestamp, eventTime, series, count }: Event): PodEvent => ({
        pod: involvedObject.name ?? '',
        container: /\{(.+)\}/.exec(involvedObject.fieldPath ?? '')?.[1],
        message: message ?? '',
        last: timeOf(lastTimestamp) ?? timeOf(series?.lastObservedTime) ?? timeOf(eventTime),
        count: count ?? series?.count ?? 1,
      }),
    ),
  )

// Reasons are those of pkg/kubelet/events/event.go; how a probe's message begins: pkg/kubelet/prober/prober.go.
export const failedHooks = aboutPods(({ reason }) => reason === 'FailedPreStopHook')
export const failedReadiness = aboutPods(
  ({ reason, message }) => reason === 'Unhealthy' && /^Readiness probe (?:failed|errored)/.test(message ?? ''),
)

/** Whether a Pod's name is one that a workload gives. */
export function isPodOf({ subject, object }: Item<PodMaker>, pod: string): boolean {
  if (isPod(object)) return pod === subject.name
  const rest = pod.startsWith(`${subject.name}-`) ? pod.slice(subject.name.length + 1) : ''
  if (subject.kind === 'StatefulSet') return /^\d+$/.test(rest)
  return subject.kind === 'DaemonSet' ? /^[a-z0-9]{5}$/.test(rest) : /^[a-z0-9]{1,10}-[a-z0-9]{5}$/.test(rest)
}

export function failingHook(judging: Judging, failed: ByNamespace<PodEvent>): Finding[] {
  const { item, context, hooks } = judging
  const own = inNamespace(failed, item.subject.namespace).filter(
    ({ object: { pod, last } }) => isPodOf(item, pod) && howRecent(last, context.now),
  )
  const latest = own.toSorted((a, b) => (b.object.last ?? 0) - (a.object.last ?? 0))[0]
  const recent = latest && howRecent(latest.object.last, context.now)
  if (!recent) return []
  const times = own.reduce((sum, { object }) => sum + object.count, 0)
  const hook = hooks.find(({ container }) => container.name === latest.object.container) ?? hooks[0]
  const { message, last, pod } = latest.object
  const cause = whyFailed(message) ?? (hook && guessed(hook))
  return [
    {
      reason: 'failing-hook',
      ...recent,
      fact: `its preStop hook failed ${times === 1 ? 'once' : `${times} times`}${cause ? `: ${cause};` : ':'} SIGTERM came at once, without a wait`,
      evidence: [
        seen('event FailedPreStopHook', `${pod}: ${message}`, latest.subject, 'message'),
        ...(last === undefined ? [] : [seen('last', timeText(last), latest.subject, 'lastTimestamp')]),
        ...(hook ? [hookSeen(judging, hook.path)] : []),
      ],
      remedy: [advise('make the hook work in this image: from 1.30 on preStop.sleep needs nothing in it')],
    },
  ]
}

const hookSeen = ({ item }: Judging, path: readonly (string | number)[]): Evidence =>
  seen('preStop', 'the hook that fails', item.subject, ...path, 'lifecycle', 'preStop')

/**
 * Why a hook failed, as the kubelet says: `command '/run.sh' exited with 126: , message: "OCI runtime exec failed: …"`. Newer
 * kubelets leave all of it out of the event, lest secrets leak (pkg/kubelet/kuberuntime/kuberuntime_container.go,
 * executePreStopHook); then undefined. A runtime that can't start the command says so with the exit codes of a shell.
 */
export function whyFailed(message: string): string | undefined {
  if (/executable file not found|(?:stat|exec)\b.*: no such file or directory/i.test(message)) {
    return 'its command is not in the image'
  }
  if (/permission denied/i.test(message)) return 'its command may not be run'
  if (/^http lifecycle hook/i.test(message)) return 'its HTTP call failed'
  const code = /exited with (\d+)/.exec(message)?.[1]
  if (code === '127') return 'exit code 127: a shell did not find a command'
  return code === undefined ? undefined : `exit code ${code}`
}

/** Where the kubelet keeps it to itself, the name of the image may tell. */
function guessed({ wait, container }: Hook): string | undefined {
  const because = wait.is === 'known' && wait.needs !== undefined ? lacksShell(container.image) : undefined
  return because && `its image looks like ${because}, without the command`
}
