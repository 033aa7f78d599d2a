import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Context, Evidence, Finding, Item, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread, list } from '../../contract/reads.ts'
import { absent, foundAny, seen, unknown } from '../../contract/verdicts.ts'
import { cronJobs } from '../../objects/kinds.ts'
import { keyOf } from '../../objects/owners.ts'
import { durationText, timeText } from '../../objects/time.ts'
import { type Timing, timingOf } from '../../schedule/timing.ts'
import { type Run, runs, tooManyMissed } from './history.ts'
import { offSchedule, type SeenSchedule, seenSchedule } from './off-schedule.ts'
import { keepApart, neverRepeat, setDeadline } from './remedy.ts'
import type { Settings } from './settings.ts'

/** What a cluster has shown within so long is no theory any more (ms). */
const lately = 7 * 86_400_000

type Judging = { readonly item: Item<CronJob>; readonly context: Context<Settings>; readonly timing: Timing }

/** Did it run late, twice, over itself or again within the last week? */
export const cluster = detector({
  of: list(cronJobs),
  with: { runs, warnings: tooManyMissed },
  judge(item: Item<CronJob>, view, context: Context<Settings, SeenSchedule>): Verdict<SeenSchedule> {
    if (!item.object.status && !item.object.metadata?.creationTimestamp) return absent
    if (isUnread(view.runs)) {
      if (view.runs.elsewhere) return absent
      return unknown(`its Jobs tell when it ran, and they could not be read: ${view.runs.unread}`)
    }
    const key = keyOf(item.subject.namespace, item.subject.name)
    const timing = timingOf(item.object.spec, context.zones, context.settings.controllerTimeZone, context.version)
    const judging = { item, context, timing }
    const remember = seenSchedule(item, context.before, context.now)
    const recent = (view.runs.get(key) ?? [])
      .filter(({ object }) => object.started > context.now - lately)
      .toSorted((a, b) => a.object.started - b.object.started)
    const warning = isUnread(view.warnings)
      ? undefined
      : view.warnings.get(key)?.find(({ object: { last } }) => last === undefined || last > context.now - lately)
    const missed = warning && seen('event TooManyMissedTimes', warning.object.message, warning.subject, 'message')
    const findings = [
      ...lateRun(judging, recent, missed),
      ...doubledRun(judging, recent),
      ...overlappingRuns(judging, recent),
      ...offSchedule(item, timing, recent, remember),
      ...repeatedRun(judging, recent),
    ]
    if (findings.length === 0 && isUnread(view.warnings) && !view.warnings.elsewhere) {
      return { ...unknown(`whether it was late can't be told without its events: ${view.warnings.unread}`), remember }
    }
    return { ...foundAny(findings), remember }
  },
})

const schedule = ({ item }: Judging): Evidence =>
  seen('schedule', item.object.spec?.schedule ?? null, item.subject, 'spec', 'schedule')

const jobSeen = (name: string, { subject, object }: Item<Run>): Evidence =>
  seen(
    name,
    `${object.name}, planned for ${timeText(object.planned)}, started ${timeText(object.started)}`,
    subject,
    'metadata',
  )

/** The latest of the runs is told, and how many there were; the warning alone proves a late run too. */
function lateRun(judging: Judging, recent: readonly Item<Run>[], missed: Evidence | undefined): Finding[] {
  const { item, context, timing } = judging
  const lateness = ({ object }: Item<Run>): number => object.started - object.planned
  const late = recent.filter((run) => lateness(run) > context.settings.lateSeconds * 1000)
  const worst = late.toSorted((a, b) => lateness(b) - lateness(a))[0]
  if (!worst && !missed) return []
  return [
    {
      reason: 'late-run',
      state: 'exposed',
      lately: true,
      fact: worst
        ? `${late.length === 1 ? 'a run' : `${late.length} runs`} of the last week started late, the worst ${durationText(lateness(worst))} after its time`
        : 'more than 100 runs were missed within the last week, and one was started late for all of them',
      evidence: [
        deadline(judging),
        ...(worst ? [jobSeen('late Job', worst)] : []),
        ...(missed ? [missed] : []),
        schedule(judging),
      ],
      remedy:
        'schedule' in timing && !item.object.spec?.startingDeadlineSeconds ? [setDeadline(item, timing.schedule)] : [],
    },
  ]
}

const deadline = ({ item }: Judging): Evidence =>
  seen('deadline', item.object.spec?.startingDeadlineSeconds ?? null, item.subject, 'spec', 'startingDeadlineSeconds')

function doubledRun(judging: Judging, recent: readonly Item<Run>[]): Finding[] {
  const pair = latestPair(recent, (a, b) => a.planned === b.planned && a.name !== b.name)
  if (!pair) return []
  const [first, second] = pair
  return [
    {
      reason: 'doubled-run',
      state: 'exposed',
      lately: true,
      severity: 'high',
      fact: `two Jobs were started for ${timeText(first.object.planned)}`,
      evidence: [schedule(judging), jobSeen('first Job', first), jobSeen('second Job', second)],
      remedy: [
        {
          do: 'advise',
          why: 'look for a second controller; after an upgrade from 1.20 it happens once, since Jobs are named otherwise',
        },
      ],
    },
  ]
}

/** Only where nobody forbade it: with Replace or Forbid the controller keeps them apart. */
function overlappingRuns(judging: Judging, recent: readonly Item<Run>[]): Finding[] {
  const { item, context } = judging
  const policy = item.object.spec?.concurrencyPolicy ?? 'Allow'
  if (policy !== 'Allow') return []
  const pair = latestPair(
    recent,
    (a, b) => a.planned !== b.planned && a.started < b.started && (a.ended ?? context.now) > b.started,
  )
  if (!pair) return []
  const [first, second] = pair
  const took = durationText((first.object.ended ?? context.now) - first.object.started)
  return [
    {
      reason: 'overlapping-runs',
      ...(first.object.ended === undefined
        ? { state: 'occurring' as const }
        : { state: 'exposed' as const, lately: true as const }),
      fact: `Job ${second.object.name} started while ${first.object.name} was running, which ${first.object.ended === undefined ? 'it has been for' : 'took'} ${took}`,
      evidence: [
        seen('concurrency', policy, item.subject, 'spec', 'concurrencyPolicy'),
        jobSeen('first Job', first),
        jobSeen('second Job', second),
        schedule(judging),
      ],
      remedy: [keepApart(item)],
    },
  ]
}

function repeatedRun(judging: Judging, recent: readonly Item<Run>[]): Finding[] {
  const { item } = judging
  const spec = item.object.spec
  if (spec?.concurrencyPolicy !== 'Forbid' || spec.jobTemplate?.spec?.podFailurePolicy !== undefined) return []
  // One failed pod of a Job that failed was tried once: nothing was repeated.
  const repeated = recent.filter(
    ({ object }) => object.failed > 1 || (object.failed === 1 && object.ended !== undefined && completed(object)),
  )
  const [latest] = repeated.toReversed()
  if (!latest) return []
  return [
    {
      reason: 'repeated-run',
      state: 'exposed',
      lately: true,
      severity: 'low',
      fact: `Job ${latest.object.name} failed ${latest.object.failed} ${latest.object.failed === 1 ? 'time' : 'times'} and was started again`,
      evidence: [
        seen(
          'retries',
          spec.jobTemplate?.spec?.backoffLimit ?? null,
          item.subject,
          'spec',
          'jobTemplate',
          'spec',
          'backoffLimit',
        ),
        jobSeen('repeated Job', latest),
      ],
      remedy: neverRepeat(item),
    },
  ]
}

const completed = ({ succeeded }: Run): boolean => succeeded > 0

/** The latest pair of neighbours for which the test holds, in the order of their starts. */
function latestPair(
  recent: readonly Item<Run>[],
  holds: (a: Run, b: Run) => boolean,
): readonly [Item<Run>, Item<Run>] | undefined {
  for (let place = recent.length - 1; place > 0; place--) {
    const [a, b] = [recent[place - 1], recent[place]]
    if (a && b && holds(a.object, b.object)) return [a, b]
  }
  return undefined
}
