import type { Context, Finding, Item, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread } from '../../contract/reads.ts'
import { absent, foundAny, unknown } from '../../contract/verdicts.ts'
import { keyOf } from '../../objects/owners.ts'
import { type PodMaker, podTemplateOf } from '../../objects/pod-templates.ts'
import { type Judging, judgingOf, workloads } from './judging.ts'
import { failedHooks, failedReadiness, failingHook } from './pod-events.ts'
import { inNamespace, ownPods, type PodSeen, readyPods } from './pods-seen.ts'
import { sidecarStopsFirst } from './proxy-rules.ts'
import { unready } from './readiness.ts'
import type { Settings } from './settings.ts'
import { shortNotice, spotNodes } from './spot-nodes.ts'
import { cutByShutdown, killedAtGrace, listedStill, stillServed } from './stopping.ts'
import { reachOf, traffic } from './traffic.ts'
import { measuredLag, type Remembered, remembered } from './watched.ts'

/** What the Pods of a workload show: how they stop, whether they stay ready, where they run, what was added to them. */
export const cluster = detector({
  of: workloads,
  with: { ...traffic, ownPods, failedHooks, failedReadiness, readyPods, spotNodes },
  judge(item: Item<PodMaker>, view, context: Context<Settings, Remembered>): Verdict<Remembered> {
    const template = podTemplateOf(item.object)
    if (!template || !item.object.metadata?.creationTimestamp) return absent
    const judging = judgingOf(item, reachOf(template, item.subject.namespace, view), context)
    if (!judging || judging.reach.is === 'nobody') return absent
    const mine = isUnread(view.ownPods) ? [] : (view.ownPods.get(workloadKey(item)) ?? [])
    const listed = listedStill(judging, mine, inNamespace(view.readyPods, item.subject.namespace))
    const memory = isUnread(view.ownPods) ? context.before : remembered(context.before, mine, listed, context.now)
    const remember = memory && { remember: memory }
    const findings = [
      ...failingHook(judging, view.failedHooks),
      ...slowEndpoints(judging, listed, memory),
      ...killedAtGrace(judging, mine),
      ...cutByShutdown(judging, mine),
      ...unready(judging, mine, inNamespace(view.failedReadiness, item.subject.namespace), memory?.drops ?? []),
      ...shortNotice(judging, mine, view.spotNodes),
      ...injectedProxy(judging, mine),
    ]
    if (findings.length > 0) return { ...foundAny(findings), ...remember }
    const unread = Object.values(view).find((read) => isUnread(read) && !read.elsewhere)
    if (!unread || !isUnread(unread)) return { ...foundAny([]), ...remember }
    return { ...unknown(`what its Pods show can't be told: ${unread.unread}`), ...remember }
  },
})

const workloadKey = ({ subject }: Item<PodMaker>): string => `${subject.kind} ${keyOf(subject.namespace, subject.name)}`

/** What is seen now says more than what was measured before. */
function slowEndpoints(
  judging: Judging,
  ...[listed, memory]: [ReturnType<typeof listedStill>, Remembered | undefined]
) {
  const now = stillServed(judging, listed)
  return now.length > 0 ? now : measuredLag(judging, memory)
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
