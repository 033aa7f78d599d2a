import type { Context, Finding, Item, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread } from '../../contract/reads.ts'
import { absent, foundAny, unknown } from '../../contract/verdicts.ts'
import { type PodMaker, podTemplateOf } from '../../objects/pod-templates.ts'
import {
  graceZero,
  noWait,
  shortWait,
  sleepWithoutShell,
  tightGrace,
  unknownSleep,
  unknownWait,
  waitExceedsGrace,
} from './hook-rules.ts'
import { type Judging, judgingOf, workloads } from './judging.ts'
import { ingressController, sidecarStopsFirst } from './proxy-rules.ts'
import { allAtOnce, budgets, noReadinessProbe, oneReplica, type RolloutView, scaledAtLeast } from './rollout-rules.ts'
import type { Settings } from './settings.ts'
import { nginxFastStop, shellKeepsSignal } from './signal-rules.ts'
import { reachOf, traffic } from './traffic.ts'

/** Does it go on serving until nobody sends to it any more, and is enough left while some of it goes? */
export const manifest = detector({
  of: workloads,
  with: { ...traffic, budgets, scaled: scaledAtLeast },
  judge(item: Item<PodMaker>, view, context: Context<Settings>): Verdict<never> {
    const template = podTemplateOf(item.object)
    if (!template) return absent
    const judging = judgingOf(item, reachOf(template, item.subject.namespace, view), context)
    if (!judging) return unknown('its terminationGracePeriodSeconds is no number')
    const findings = rules(judging, view)
    if (findings.length > 0) return foundAny(findings)
    const unread = Object.values(view).find((read) => isUnread(read) && !read.elsewhere)
    if (unread && isUnread(unread)) return unknown(`who sends to it can't be told: ${unread.unread}`)
    return judging.reach.is === 'nobody' ? absent : foundAny([])
  },
})

/** A wait that was written down shows that somebody minds, so that it has to work; all else is asked where requests come in. */
function rules(judging: Judging, view: RolloutView): Finding[] {
  const { reach, template, item, grace } = judging
  const broken = grace > 0 ? [waitExceedsGrace, sleepWithoutShell, unknownSleep].flatMap((rule) => rule(judging)) : []
  if (reach.is === 'nobody') return broken
  const zero = graceZero(judging)
  if (reach.is === 'peers') return [...zero, ...broken]
  const at = { subject: item.subject, path: template.path, annotations: template.annotations }
  return [
    ...zero,
    ...broken,
    ...(grace > 0 ? [noWait, unknownWait, tightGrace, shortWait].flatMap((rule) => rule(judging)) : []),
    ...(grace > 0 ? sidecarStopsFirst(judging, template.spec.containers, at) : []),
    ...(grace > 0 ? [shellKeepsSignal, nginxFastStop].flatMap((rule) => rule(judging)) : []),
    ...ingressController(judging),
    ...oneReplica(judging, view),
    ...allAtOnce(judging, view),
    ...noReadinessProbe(judging),
  ]
}
