import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Context, Finding, Item, Unread, Verdict, View } from '../../contract/hazard.ts'
import { detector, isUnread, list } from '../../contract/reads.ts'
import { absent, clear, found, seen, unknown } from '../../contract/verdicts.ts'
import { jobQuotas } from '../../objects/job-quotas.ts'
import { cronJobs } from '../../objects/kinds.ts'
import { keyOf } from '../../objects/owners.ts'
import { timeText } from '../../objects/time.ts'
import { versionText } from '../../objects/version.ts'
import type { Schedule } from '../../schedule/parse.ts'
import { latestRun, neverFires } from '../../schedule/runs.ts'
import { timingOf } from '../../schedule/timing.ts'
import { held } from './blocked-by-job.ts'
import { refused } from './blocked-by-refusal.ts'
import { catchUp, catchUpSteps, invalidWish, notCaughtUp, noteKey, unseenSchedule } from './catch-up.ts'
import { eventSeen, type Judging, lastRun, missedSince, nextExpected } from './judging.ts'
import { cronJobEvents, eventOf, namespaceJobs, ownJobs, type SeenEvent } from './reads.ts'
import { correctBy, setDeadline, thaw } from './remedy.ts'
import {
  agoText,
  deadlineOf,
  hasOldController,
  missedRuns,
  mostMissed,
  owedSince,
  plural,
  type Settings,
} from './rules.ts'

/** A run may start this late without anybody being to blame: ten looks of the old controller, or a busy new one (ms). */
const patience = 100_000

/** What nobody has missed for so long (ms) is perhaps not wanted any more: a person decides whether it runs again. */
const forgottenAfter = 7 * 86_400_000

/** Clocks of a control plane may differ by this much (ms). */
const clockSkew = 300_000

/** Has this CronJob stopped running although its schedule calls for it? */
export const cluster = detector({
  of: list(cronJobs),
  with: { events: cronJobEvents, ownJobs, namespaceJobs, quotas: jobQuotas },
  judge(item: Item<CronJob>, view, context: Context<Settings>): Verdict<never> {
    const unseen = hasOldController(context.version) ? unseenSchedule(item, context.now) : undefined
    return withFinding(judge(item, view, context), invalidWish(item) ?? unseen)
  },
})

type Seen = View<{
  readonly events: typeof cronJobEvents
  readonly ownJobs: typeof ownJobs
  readonly namespaceJobs: typeof namespaceJobs
  readonly quotas: typeof jobQuotas
}>

function withFinding(verdict: Verdict<never>, finding: Finding | undefined): Verdict<never> {
  if (!finding) return verdict
  if (verdict.verdict === 'unknown') return unknown(`${verdict.because}; and ${finding.fact}`)
  return verdict.verdict === 'found' ? found(...verdict.findings, finding) : found(finding)
}

function judge(item: Item<CronJob>, view: Seen, context: Context<Settings>): Verdict<never> {
  const since = owedSince(item.object)
  if (since === undefined) return absent
  const about = keyOf(item.subject.namespace, item.subject.name)
  const namespace = item.subject.namespace ?? ''
  const events = of(view.events, about)
  const timing = timingOf(item.object.spec, context.zones, context.settings.controllerTimeZone, context.version)
  if (item.object.spec?.suspend !== true) {
    const skipped = skippedByController(item, timing, fresh(events, since))
    if (skipped) return found(skipped)
  }
  if ('unparseable' in timing) return clear // suspended: nobody waits for it
  if ('unknownZone' in timing) {
    return unknown(`the time zone ${timing.unknownZone} is not in ${context.zones.data}, so its runs can't be told`)
  }
  if (neverFires(timing.schedule)) return clear
  const judging: Judging = {
    item,
    context,
    timing,
    since,
    deadline: deadlineOf(item.object),
    events: fresh(events, since),
    eventsRead: !isUnread(view.events),
    unread: Object.values(view).flatMap((read) => (isUnread(read) ? [read.unread] : [])),
    ownJobs: isUnread(view.ownJobs) ? view.ownJobs : (view.ownJobs.get(about) ?? []),
    namespaceJobs: of(view.namespaceJobs, namespace),
    quotas: of(view.quotas, namespace),
  }
  return item.object.spec?.suspend === true ? suspended(judging) : running(judging)
}

const of = <T>(map: ReadonlyMap<string, readonly Item<T>[]> | Unread, key: string): readonly Item<T>[] =>
  isUnread(map) ? [] : (map.get(key) ?? [])

/** Events that are about the time since the last run; one that does not say when is taken to be. */
const fresh = (events: readonly Item<SeenEvent>[], since: number): readonly Item<SeenEvent>[] =>
  events.filter(({ object }) => object.last === undefined || object.last >= since)

function suspended(judging: Judging): Verdict<never> {
  const { item, context, deadline, timing, since } = judging
  const missed = missedRuns(timing, since, deadline, context.now)
  if (!hasOldController(context.version) || missed <= mostMissed) return clear
  return found({
    reason: 'resume-freezes',
    state: 'exposed',
    certain: true,
    fact: `suspended for ${plural(missed, 'run')}; resumed as it is, it never runs again`,
    evidence: [lastRun(judging), missedSince(judging, missed)],
    remedy: [
      setDeadline(item, timing.schedule),
      ...thaw(item, latestRun(timing.schedule, timing.zone, since, context.now)),
    ],
  })
}

/** Causes in the order in which the controllers themselves come upon them. */
function running(judging: Judging): Verdict<never> {
  const { item, context, timing, since, deadline } = judging
  const last = item.object.status?.lastScheduleTime
  if (last && since > context.now + clockSkew) return found(futureLastRun(judging))
  if (deadline && 'seconds' in deadline && deadline.seconds === 0) return zeroDeadline(judging)
  const missed = missedRuns(timing, since, deadline, context.now)
  const overdue = missedRuns(timing, since, deadline, context.now - patience)
  if (overdue === 0) return clear
  const thawing = frozen(judging, missed)
  if (thawing) return found(...thawing)
  const finding = held(judging, missed) ?? refused(judging, missed)
  if (finding) return found(finding)
  if (explained(judging)) return clear
  const unseen = judging.unread[0]
  if (unseen !== undefined) return unknown(`runs are overdue, and what may explain it could not be read: ${unseen}`)
  // One run may just be waiting for its turn; two are no accident, but whose is not seen from here.
  return overdue < 2 ? clear : unknown(unexplained)
}

const unexplained = 'runs were missed and none of the causes known here is seen; is kube-controller-manager running?'

/** Forbid with a Job that is running within its time is the wish of whoever wrote it. */
const explained = ({ item, ownJobs }: Judging): boolean =>
  item.object.spec?.concurrencyPolicy === 'Forbid' &&
  (item.object.status?.active?.length ?? 0) > 0 &&
  !isUnread(ownJobs)

function frozen(judging: Judging, missed: number): readonly [Finding, ...Finding[]] | undefined {
  const { item, context, timing, since, events, eventsRead } = judging
  if (missed <= mostMissed) return undefined
  const gaveUp = eventOf(events, 'FailedNeedsStart')
  const newController = eventOf(events, 'TooManyMissedTimes') !== undefined
  const { version } = context
  // 1.21 could still be told to use the old controller; only its own event proves that it was.
  const byEvent = gaveUp !== undefined && (version === undefined || (version.major === 1 && version.minor <= 21))
  if (!byEvent && (!hasOldController(version) || newController)) return undefined
  // In 1.20 the newer controller may be switched on, which the API does not show. The old one repeats its event every
  // 10 s: where events can be read and this one is not there, it is not that controller, or it has not looked yet.
  if (version?.minor === 20 && !gaveUp && eventsRead) return undefined
  const guess = !gaveUp && version?.minor === 20
  const isForgotten = context.now - since > forgottenAfter
  const decided = isForgotten ? undefined : catchUp(judging)
  const latest = latestRun(timing.schedule, timing.zone, since, context.now)
  const note = decided?.noted === undefined ? undefined : { key: noteKey, value: decided.noted }
  const where = version ? ` of Kubernetes ${versionText(version)}` : ''
  const finding: Finding = {
    reason: 'too-many-missed',
    state: 'occurring',
    severity: 'critical',
    ...(guess && { guess: true as const }),
    fact: `no Job for ${agoText(since, context.now)}: ${missed} runs missed, and the controller${where} gives up for ever after ${mostMissed}${guess ? ' (no FailedNeedsStart seen: a guess)' : ''}`,
    evidence: [
      lastRun(judging),
      missedSince(judging, missed),
      ...(gaveUp ? [eventSeen(gaveUp)] : []),
      nextExpected(judging),
    ],
    remedy: [
      ...(catchUpSteps(judging, decided) ?? thaw(item, latest, isForgotten ? 'person' : 'anybody', note)),
      setDeadline(item, timing.schedule),
    ],
  }
  return [finding, ...notCaughtUp(judging, decided)]
}

function zeroDeadline(judging: Judging): Verdict<never> {
  const { item, context, timing, since } = judging
  const owed = missedRuns(timing, since, undefined, context.now - patience)
  if (owed === 0) return clear
  return found({
    reason: 'zero-deadline',
    state: 'occurring',
    fact: `startingDeadlineSeconds is 0, so none of the ${plural(owed, 'run')} since ${timeText(since)} started`,
    evidence: [
      seen('deadline', 0, item.subject, 'spec', 'startingDeadlineSeconds'),
      lastRun(judging),
      missedSince(judging, owed),
    ],
    remedy: [setDeadline(item, timing.schedule)],
  })
}

function futureLastRun(judging: Judging): Finding {
  const { item, context, timing, since } = judging
  const latest = latestRun(timing.schedule, timing.zone, context.now - 366 * 86_400_000, context.now)
  return {
    reason: 'future-last-run',
    state: 'occurring',
    fact: `status.lastScheduleTime is ${agoText(context.now, since)} in the future; nothing starts until then`,
    evidence: [lastRun(judging), nextExpected(judging)],
    // The clock that is wrong may be that of whoever looks: set back by a program, a run would come twice.
    remedy: [...thaw(item, latest, 'person'), correctBy('check the clocks of the control plane')],
  }
}

/** The schedule or its zone is such that the controller passes the CronJob over; its event is the proof for the zone. */
function skippedByController(
  { subject, object }: Item<CronJob>,
  timing: { readonly schedule: Schedule } | { readonly unparseable: string } | { readonly unknownZone: string },
  events: readonly Item<SeenEvent>[],
): Finding | undefined {
  const zoneEvent = eventOf(events, 'UnknownTimeZone')
  const parseEvent = eventOf(events, 'UnparseableSchedule')
  if (zoneEvent) {
    return {
      reason: 'unknown-time-zone',
      state: 'occurring',
      fact: `the controller does not know the time zone ${object.spec?.timeZone ?? ''} and starts no Job`,
      evidence: [seen('time zone', object.spec?.timeZone ?? null, subject, 'spec', 'timeZone'), eventSeen(zoneEvent)],
      remedy: [correctBy('correct spec.timeZone, or give kube-controller-manager current tzdata')],
    }
  }
  if (!parseEvent && !('unparseable' in timing)) return undefined
  const because = 'unparseable' in timing ? timing.unparseable : (parseEvent?.object.message ?? '')
  return {
    reason: 'unparseable-schedule',
    state: 'occurring',
    fact: `the controller can't parse the schedule and starts no Job: ${because}`,
    evidence: [
      seen('schedule', object.spec?.schedule ?? null, subject, 'spec', 'schedule'),
      ...(parseEvent ? [eventSeen(parseEvent)] : []),
    ],
    remedy: [correctBy('correct spec.schedule')],
  }
}
