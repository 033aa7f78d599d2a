import type { Context, Item, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread } from '../../contract/reads.ts'
import { absent, foundAny, unknown } from '../../contract/verdicts.ts'
import { keyOf } from '../../objects/owners.ts'
import type { PodMaker } from '../../objects/pod-templates.ts'
import { busyIngresses, busyServices, ingressesSeen, slices } from './causes.ts'
import { figuresOf } from './figures.ts'
import { configMaps, controllers, judgingOf } from './judging.ts'
import { controllerPods, podMetrics, reloadEvents } from './pods-seen.ts'
import type { Shown } from './rates.ts'
import { type Asked, failingReloads, manyReloads, oldWorkers, reloadsOnEndpoints } from './rules.ts'
import type { Settings } from './settings.ts'

/** How often does it reload, does that succeed, for what is it, and do the workers that it leaves come to an end? */
export const cluster = detector({
  of: controllers,
  with: { configMaps, controllerPods, reloadEvents, podMetrics, slices, ingressesSeen },
  judge(item: Item<PodMaker>, view, context: Context<Settings>): Verdict<never> {
    const judging = judgingOf(item, view.configMaps)
    if (!judging || !item.object.metadata?.creationTimestamp) return absent
    const { subject } = item
    const own = `${subject.kind} ${keyOf(subject.namespace, subject.name)}`
    const mine = isUnread(view.controllerPods) ? [] : (view.controllerPods.get(own) ?? [])
    const failures: string[] = []
    const shown = mine.map((pod): Shown => {
      const key = keyOf(pod.object.namespace, pod.object.name)
      const metrics = isUnread(view.podMetrics) ? undefined : view.podMetrics.get(key)?.[0]?.object
      if (metrics?.unread !== undefined) failures.push(metrics.unread)
      const told = metrics && metrics.unread === undefined
      return {
        pod,
        figures: told ? figuresOf(judging.reloader.id, metrics) : undefined,
        events: isUnread(view.reloadEvents) ? [] : (view.reloadEvents.get(key) ?? []),
      }
    })
    const asked: Asked = {
      judging,
      shown,
      services: busyServices(view.ingressesSeen, view.slices, context.now),
      ingresses: busyIngresses(view.ingressesSeen, context.now),
      context,
    }
    const findings = [failingReloads, manyReloads, oldWorkers, reloadsOnEndpoints].flatMap((rule) => rule(asked))
    if (findings.length > 0) return foundAny(findings)
    const unread = Object.values(view).find((one) => isUnread(one) && !one.elsewhere)
    if (unread && isUnread(unread)) failures.push(unread.unread)
    const [first] = failures
    return first === undefined ? foundAny([]) : unknown(`what its reloads do can't be told: ${first}`)
  },
})
