import type { Finding, Item, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread } from '../../contract/reads.ts'
import { absent, foundAny, seen, unknown } from '../../contract/verdicts.ts'
import { ingressControllerOf } from '../../objects/ingress-controllers.ts'
import type { PodMaker } from '../../objects/pod-templates.ts'
import {
  advise,
  configMaps,
  controllers,
  editOf,
  imageSeen,
  type Judging,
  judgingOf,
  leaveRetired,
  limitWorkers,
} from './judging.ts'

/** Do the workers that a reload leaves behind come to an end, and has a Pod that stops the time for it? */
export const manifest = detector({
  of: controllers,
  with: { configMaps },
  judge(item: Item<PodMaker>, view): Verdict<never> {
    const judging = judgingOf(item, view.configMaps)
    if (!judging) return absent
    const findings = [...endlessWorkers(judging), ...longerThanGrace(judging)]
    if (findings.length > 0) return foundAny(findings)
    if (isUnread(view.configMaps) && !view.configMaps.elsewhere)
      return unknown(`its ConfigMap could not be read: ${view.configMaps.unread}`)
    return foundAny([])
  },
})

/** What it is set to where nobody knows better: as ingress-nginx has it. */
export const usualSeconds = 240

function endlessWorkers(judging: Judging): Finding[] {
  const { timeout, reloader } = judging
  if (!timeout.endless) return []
  const step = limitWorkers(judging, usualSeconds)
  return [
    {
      reason: 'endless-old-workers',
      state: 'exposed',
      severity: 'low',
      fact: `${reloader.title} sets no ${reloader.timeout.key}: each reload leaves workers behind that live as long as their last connection`,
      evidence: [imageSeen(judging), ...timeout.evidence],
      remedy: step ? [step] : [],
    },
  ]
}

/** Where it is not set, or the grace period does not even hold the default, that is the matter of the hazard of stopping Pods. */
function longerThanGrace(judging: Judging): Finding[] {
  const { item, template, timeout, reloader } = judging
  const grace = template.spec.terminationGracePeriodSeconds ?? 30
  const usual = ingressControllerOf(reloader.container.image, template.labels)?.drain?.seconds ?? 0
  if (!timeout.set || timeout.seconds === undefined || timeout.seconds <= grace || grace < usual || grace === 0)
    return []
  const after = Math.ceil(timeout.seconds) + 10
  const path = [...template.path, 'terminationGracePeriodSeconds']
  const [text] = timeout.evidence
  const graceSeen = seen('grace period', `${grace} s`, item.subject, ...path)
  return [
    {
      reason: 'shutdown-timeout-exceeds-grace',
      state: 'exposed',
      severity: 'medium',
      fact: `old workers may take ${timeout.seconds} s (${timeout.text}), but a Pod that stops is killed after ${grace} s with all their connections`,
      evidence: [graceSeen, ...(text ? [text] : []), imageSeen(judging)],
      remedy: [
        editOf(item, `${after} s hold the workers and the controller after them; rolls it out anew`, {
          path,
          before: template.spec.terminationGracePeriodSeconds,
          after,
        }),
        advise(`or set ${reloader.timeout.key} below the grace period`),
        ...leaveRetired(judging),
      ],
    },
  ]
}
