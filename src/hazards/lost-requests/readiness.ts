// Pods that stop being ready while they run: requests are lost until the probe has failed often enough, and all if none is left.
import type { Finding, Item } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import { durationText, timeText } from '../../objects/time.ts'
import { type Judging, reachSeen } from './judging.ts'
import { justNow, type PodEvent } from './pod-events.ts'
import type { PodSeen } from './pods-seen.ts'
import { advise } from './remedy.ts'

/** A Pod that stopped being ready; ms UTC. */
export interface Drop {
  readonly pod: string
  readonly at: number
}

const stays = ({ deletedAt, shutdown, ready }: PodSeen): boolean => deletedAt === undefined && !shutdown && !!ready

/**
 * When a Pod that runs stopped being ready; undefined if it is ready, or has not been yet. A condition's time changes with its
 * status alone (pkg/kubelet/status/status_manager.go, updateLastTransitionTime), and is False from the Pod's beginning: one that
 * became False after its containers had started was True in between.
 */
export function droppedAt({ ready, started }: PodSeen): number | undefined {
  return ready && !ready.is && started !== undefined && ready.since > started ? ready.since : undefined
}

/** The failed readiness probes of a Pod; a node that is NotReady makes its Pods unready as well, without any. */
const failuresOf = (pod: string, failures: readonly Item<PodEvent>[], from: number): Item<PodEvent> | undefined =>
  failures.findLast(({ object }) => object.pod === pod && (object.last === undefined || object.last >= from))

/** Probes fail for a while before the Pod counts as unready (core/v1 Probe: every 10 s, three times, where nothing is set). */
function untilUnready({ hooks }: Judging): string {
  const probe = hooks.find(({ serves, container }) => serves && container.readinessProbe)?.container.readinessProbe
  const [every, times] = [probe?.periodSeconds ?? 10, probe?.failureThreshold ?? 3]
  return `${every * times} s (${times} × ${every} s)`
}

/** `drops`: those that were seen from look to look, this one included. */
export function unready(
  judging: Judging,
  mine: readonly Item<PodSeen>[],
  failures: readonly Item<PodEvent>[],
  drops: readonly Drop[],
): Finding[] {
  const { context, reach } = judging
  const staying = mine.filter(({ object }) => stays(object))
  const down = staying.flatMap((pod) => {
    const at = droppedAt(pod.object)
    const failure = at === undefined ? undefined : failuresOf(pod.object.name, failures, at - justNow)
    return at !== undefined && failure ? [{ pod, at, failure }] : []
  })
  const again = byTurns(judging, staying, failures, drops)
  const [first] = down
  if (!first) return again
  const none = down.length === staying.length
  const { pod, at, failure } = first
  const others = down.length > 1 ? ` and ${down.length - 1} more` : ''
  const since = durationText(Math.max(context.now - at, 0))
  const fact = none
    ? `none of its ${staying.length === 1 ? 'one Pod' : `${staying.length} Pods`} is ready, though all run: ${reach.text} has nobody to send to (${pod.object.name} for ${since})`
    : `Pod ${pod.object.name}${others} of ${staying.length} runs and has not been ready for ${since}: before that requests went to it for up to ${untilUnready(judging)} while its probe failed`
  return [
    {
      reason: none ? 'none-ready' : 'unready',
      ...(none
        ? { state: 'occurring' as const }
        : { state: 'exposed' as const, lately: true as const, severity: 'medium' as const }),
      fact,
      evidence: [
        seen('not ready since', timeText(at), pod.subject, 'status', 'conditions', pod.object.ready?.place ?? 0),
        seen('event Unhealthy', failure.object.message, failure.subject, 'message'),
        ...reachSeen(judging),
      ],
      remedy: [
        advise('find out why its probe fails: what it depends on, too little CPU, or a timeout too short for its load'),
      ],
    },
    ...(none ? [] : again),
  ]
}

function byTurns(
  judging: Judging,
  staying: readonly Item<PodSeen>[],
  failures: readonly Item<PodEvent>[],
  drops: readonly Drop[],
): Finding[] {
  const recent = drops.filter(
    ({ at, pod }) => judging.context.now - at < justNow && failuresOf(pod, failures, at - justNow),
  )
  const names = [...new Set(recent.map(({ pod }) => pod))]
  const shown = staying.find(({ object }) => object.name === names[0])
  if (recent.length < 2 || !shown) return []
  return [
    {
      reason: 'unready-by-turns',
      state: 'occurring',
      severity: 'medium',
      fact: `${names.length === 1 ? `Pod ${names[0]}` : `${names.length} of its Pods`} stopped being ready ${recent.length} times within the hour and ran on: each time requests go to it for up to ${untilUnready(judging)} while its probe fails`,
      evidence: [
        seen(
          'stopped being ready',
          recent.map(({ pod, at }) => `${pod} ${timeText(at)}`).join(', '),
          shown.subject,
          'status',
          'conditions',
          shown.object.ready?.place ?? 0,
        ),
        ...reachSeen(judging),
      ],
      remedy: [
        advise('find out why its probe fails: what it depends on, too little CPU, or a timeout too short for its load'),
      ],
    },
  ]
}
