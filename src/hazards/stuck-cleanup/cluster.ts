import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Context, Item, Unread, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread, list } from '../../contract/reads.ts'
import { absent, foundAny, unknown } from '../../contract/verdicts.ts'
import { jobQuotas } from '../../objects/job-quotas.ts'
import { cronJobs } from '../../objects/kinds.ts'
import { keyOf } from '../../objects/owners.ts'
import { overLimit } from './over-limit.ts'
import { heldQuota, unreadQuotas } from './quota.ts'
import { namedJobs, ownJobs, quotaRefusals } from './reads.ts'
import { deadReferences, type Gone, goneIn } from './references.ts'
import type { Settings } from './settings.ts'

/** Does what its runs left behind stay? Suspended or not: the native controllers clean up after both. */
export const leftBehind = detector({
  of: list(cronJobs),
  with: { own: ownJobs, named: namedJobs, quotas: jobQuotas, refusals: quotaRefusals },
  judge(item: Item<CronJob>, view, { now, settings, before }: Context<Settings, Gone>): Verdict<Gone> {
    const { subject, object } = item
    if (!object.status || object.metadata?.deletionTimestamp !== undefined) return absent
    if (isUnread(view.own)) return withoutJobs(view.own)
    if (isUnread(view.named)) return withoutJobs(view.named)
    const key = keyOf(subject.namespace, subject.name)
    const patience = settings.stuckAfterSeconds * 1000
    const remember = goneIn(item, view.named, before, now)
    const around = {
      own: view.own.get(key) ?? [],
      quotas: isUnread(view.quotas) ? view.quotas : (view.quotas.get(subject.namespace ?? '') ?? []),
      refusals: isUnread(view.refusals) ? [] : (view.refusals.get(key) ?? []),
    }
    const quota = heldQuota(item, around)
    // Jobs past the limits that hold a quota are told with it: one cause, one cure.
    const stays = quota ?? overLimit(item, around.own, now, patience)
    const dead = deadReferences(item, view.named, remember, now, patience)
    const findings = [...(stays ? [stays] : []), ...(dead ? [dead] : [])]
    const unseen = findings.length === 0 ? unreadQuotas(around) : undefined
    if (unseen) {
      return { ...unknown(`whether its finished Jobs use up a quota can't be told: ${unseen.unread}`), remember }
    }
    return { ...foundAny(findings), remember }
  },
})

const withoutJobs = ({ unread, elsewhere }: Unread): Verdict<never> =>
  elsewhere ? absent : unknown(`what its runs left behind are Jobs, and they could not be read: ${unread}`)
