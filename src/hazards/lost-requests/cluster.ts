import type { Container, Event, Pod } from 'kubernetes-types/core/v1.js'
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import type { Context, Evidence, Finding, Item, Unread, Verdict } from '../../contract/hazard.ts'
import { detector, index, isUnread, maybe } from '../../contract/reads.ts'
import { absent, foundAny, seen, unknown } from '../../contract/verdicts.ts'
import { endpointSlices, events, pods } from '../../objects/kinds.ts'
import { keyOf } from '../../objects/owners.ts'
import { isPod, type PodMaker, podTemplateOf, workloadOf } from '../../objects/pod-templates.ts'
import { durationText, timeOf, timeText } from '../../objects/time.ts'
import { type Judging, judgingOf, workloads } from './judging.ts'
import { sidecarStopsFirst } from './proxy-rules.ts'
import { advise } from './remedy.ts'
import type { Settings } from './settings.ts'
import { reachOf, traffic } from './traffic.ts'

/** What a cluster has shown within so long is no theory any more (ms). */
const lately = 7 * 86_400_000

/** What is older may have been mended since: API servers keep events for an hour unless told otherwise (ms). */
const justNow = 3_600_000

/** An endpoint is gone within a second or two of the deletion; a busy controller may take longer (ms). */
const slowRemoval = 30_000

interface PodSeen {
  readonly name: string
  /** When its deletion was asked for, ms UTC. */
  readonly deletedAt: number | undefined
  readonly containers: readonly Container[]
  readonly annotations: Readonly<Record<string, string>>
}

/** When somebody asked for a Pod's deletion: deletionTimestamp is when its grace period ends (metav1.ObjectMeta). */
function deletionOf({ metadata }: Pod): number | undefined {
  const ends = timeOf(metadata?.deletionTimestamp)
  return ends === undefined ? undefined : ends - (metadata?.deletionGracePeriodSeconds ?? 0) * 1000
}

const few = ({ name, image, lifecycle, env, args, command }: Container): Container => ({
  name,
  ...(image !== undefined && { image }),
  ...(lifecycle && { lifecycle }),
  ...(env && { env }),
  ...(args && { args }),
  ...(command && { command }),
})

/** By workload; of each Pod only what can differ from its template: it is being deleted, or something was added to it. */
const ownPods = maybe(
  index(
    pods,
    ({ metadata }) => workloadOf(metadata),
    (pod: Pod): PodSeen | undefined => {
      const containers = pod.spec?.containers ?? []
      const deletedAt = deletionOf(pod)
      if (containers.length < 2 && deletedAt === undefined) return undefined
      return {
        name: pod.metadata?.name ?? '',
        deletedAt,
        containers: containers.length < 2 ? [] : containers.map(few),
        annotations: pod.metadata?.annotations ?? {},
      }
    },
  ),
)

/** By namespace and name of the Pod whose hook failed (reason of pkg/kubelet/events/event.go). */
const failedHooks = maybe(
  index(
    events,
    ({ involvedObject: about, reason }) =>
      about?.kind === 'Pod' && reason === 'FailedPreStopHook' ? (about.namespace ?? '') : undefined,
    ({ involvedObject, message, lastTimestamp, eventTime, count }: Event) => ({
      pod: involvedObject.name ?? '',
      container: /\{(.+)\}/.exec(involvedObject.fieldPath ?? '')?.[1],
      message: message ?? '',
      last: timeOf(lastTimestamp) ?? timeOf(eventTime),
      count: count ?? 1,
    }),
  ),
)

/** The slices in which a Pod stands as ready, by Pod: one list per slice, so that 30,000 Pods take little. */
const readyPods = maybe(
  index(
    endpointSlices,
    ({ metadata }) => metadata?.namespace ?? '',
    ({ metadata, endpoints }: EndpointSlice) => ({
      service: metadata?.labels?.['kubernetes.io/service-name'] ?? metadata?.name ?? '',
      // `ready` unset counts as ready (discovery/v1 EndpointConditions).
      pods: (endpoints ?? []).flatMap(({ conditions, targetRef }) =>
        conditions?.ready !== false && targetRef?.kind === 'Pod' && targetRef.name ? [targetRef.name] : [],
      ),
    }),
  ),
)

/** What the Pods of a workload show: hooks that fail, endpoints that stay, proxies that only they have. */
export const cluster = detector({
  of: workloads,
  with: { ...traffic, ownPods, failedHooks, readyPods },
  judge(item: Item<PodMaker>, view, context: Context<Settings>): Verdict<never> {
    const template = podTemplateOf(item.object)
    if (!template || !item.object.metadata?.creationTimestamp) return absent
    const judging = judgingOf(item, reachOf(template, item.subject.namespace, view), context)
    if (!judging || judging.reach.is === 'nobody') return absent
    const mine = isUnread(view.ownPods) ? [] : (view.ownPods.get(workloadKey(item)) ?? [])
    const findings = [
      ...failingHook(judging, view.failedHooks),
      ...stillServed(judging, mine, view.readyPods),
      ...injectedProxy(judging, mine),
    ]
    if (findings.length > 0) return foundAny(findings)
    const unread = Object.values(view).find((read) => isUnread(read) && !read.elsewhere)
    return unread && isUnread(unread) ? unknown(`what its Pods show can't be told: ${unread.unread}`) : foundAny([])
  },
})

const workloadKey = ({ subject }: Item<PodMaker>): string => `${subject.kind} ${keyOf(subject.namespace, subject.name)}`

type FailedHook = {
  readonly pod: string
  readonly container: string | undefined
  readonly message: string
  readonly last: number | undefined
  readonly count: number
}
type ByNamespace<T> = ReadonlyMap<string, readonly Item<T>[]> | Unread

/** Whether a Pod's name is one that a workload gives: the Pod may be gone, its events are left. */
function isPodOf({ subject, object }: Item<PodMaker>, pod: string): boolean {
  if (isPod(object)) return pod === subject.name
  const rest = pod.startsWith(`${subject.name}-`) ? pod.slice(subject.name.length + 1) : ''
  if (subject.kind === 'StatefulSet') return /^\d+$/.test(rest)
  return subject.kind === 'DaemonSet' ? /^[a-z0-9]{5}$/.test(rest) : /^[a-z0-9]{1,10}-[a-z0-9]{5}$/.test(rest)
}

function failingHook(judging: Judging, failed: ByNamespace<FailedHook>): Finding[] {
  const { item, context, hooks } = judging
  const all = isUnread(failed) ? [] : (failed.get(item.subject.namespace ?? '') ?? [])
  const own = all.filter(
    ({ object: { pod, last } }) => isPodOf(item, pod) && (last === undefined || last > context.now - lately),
  )
  const latest = own.toSorted((a, b) => (b.object.last ?? 0) - (a.object.last ?? 0))[0]
  if (!latest) return []
  const times = own.reduce((sum, { object }) => sum + object.count, 0)
  const hook = hooks.find(({ container }) => container.name === latest.object.container) ?? hooks[0]
  const { message, last, pod } = latest.object
  return [
    {
      reason: 'failing-hook',
      ...(last !== undefined && context.now - last > justNow
        ? { state: 'exposed' as const, lately: true as const }
        : { state: 'occurring' as const }),
      fact: `its preStop hook failed ${times === 1 ? 'once' : `${times} times`}: SIGTERM came at once, without a wait`,
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

/** Deleted, and still in a Service's endpoints as ready: requests go to a Pod that stops. */
function stillServed(
  { item, context }: Judging,
  mine: readonly Item<PodSeen>[],
  slices: ByNamespace<{ readonly service: string; readonly pods: readonly string[] }>,
): Finding[] {
  const listed = isUnread(slices) ? [] : (slices.get(item.subject.namespace ?? '') ?? [])
  return mine.flatMap(({ subject, object: { name, deletedAt } }): Finding[] => {
    if (deletedAt === undefined || context.now - deletedAt < slowRemoval) return []
    const slice = listed.find(({ object }) => object.pods.includes(name))
    if (!slice) return []
    return [
      {
        reason: 'still-served',
        state: 'occurring',
        severity: 'high',
        fact: `Pod ${name} has been stopping for ${durationText(context.now - deletedAt)}, and Service ${slice.object.service} still sends to it`,
        evidence: [
          seen('endpoint', `${name} is ready`, slice.subject, 'endpoints'),
          seen('deletion asked for', timeText(deletedAt), subject, 'metadata', 'deletionTimestamp'),
        ],
        remedy: [advise('look at kube-controller-manager: its endpoint slice controller is stuck or far behind')],
      },
    ]
  })
}

/** Proxies are injected as Pods are made, so that the template does not show them. One Pod tells for all. */
function injectedProxy(judging: Judging, mine: readonly Item<PodSeen>[]): Finding[] {
  const known = new Set(judging.template.spec.containers.map(({ name }) => name))
  for (const { subject, object } of mine) {
    const at = { subject, path: ['spec'], annotations: object.annotations }
    const added = object.containers.map((container) =>
      known.has(container.name) ? { name: container.name } : container,
    )
    const [first] = sidecarStopsFirst(judging, added, at)
    if (first) return [{ ...first, fact: `${first.fact} (injected: only its Pods show it)` }]
  }
  return []
}
