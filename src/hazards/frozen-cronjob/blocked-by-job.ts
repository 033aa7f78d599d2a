// concurrencyPolicy Forbid: no run starts while status.active names a Job
// (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy).
import type { Finding, Item } from '../../contract/hazard.ts'
import { isUnread } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import { durationText, timeText } from '../../objects/time.ts'
import { type Judging, lastRun, missedSince, nextExpected } from './judging.ts'
import type { SeenJob } from './reads.ts'
import { correctBy, dropReferences, endJob, limitRun } from './remedy.ts'
import { agoText, plural } from './rules.ts'

/** A run that takes this many times the longest finished one is taken never to end. */
const timesLongest = 3

/** The Job that holds the CronJob back for ever, if one does. `missed`: runs since the last one, at least one. */
export function held(judging: Judging, missed: number): Finding | undefined {
  const { item, ownJobs } = judging
  if (item.object.spec?.concurrencyPolicy !== 'Forbid') return undefined
  const active = (item.object.status?.active ?? []).map(({ name }) => name ?? '')
  if (active.length === 0) return undefined
  if (isUnread(ownJobs)) return heldUnseen(judging, missed, active)
  const gone = active.filter((name) => !ownJobs.some(({ object }) => object.name === name))
  if (gone.length > 0) return heldByGhost(judging, missed, gone)
  const running = ownJobs.find(({ object }) => active.includes(object.name) && object.finished === undefined)
  return running && heldByJob(judging, missed, running, ownJobs)
}

function heldByJob(
  judging: Judging,
  missed: number,
  running: Item<SeenJob>,
  ownJobs: readonly Item<SeenJob>[],
): Finding | undefined {
  const { item, context, timing } = judging
  const started = running.object.started ?? judging.since
  const age = context.now - started
  const longest = longestRun(ownJobs)
  if (!lastsForEver(judging, missed, age, longest)) return undefined
  return {
    reason: 'held-by-job',
    state: 'occurring',
    fact: `Job ${running.object.name} has been running for ${durationText(age)}${longest === undefined ? '' : ` (the longest finished run took ${durationText(longest)})`} and Forbid holds back ${plural(missed, 'run')}`,
    evidence: [
      seen('active Job', running.object.name, item.subject, 'status', 'active', 0),
      seen('running since', timeText(started), running.subject, 'status', 'startTime'),
      seen('its active pods', running.object.activePods, running.subject, 'status', 'active'),
      lastRun(judging),
      missedSince(judging, missed),
      nextExpected(judging),
    ],
    remedy: [endJob(running.subject), ...limitRun(item, timing.schedule)],
  }
}

/** Two runs missed or more, for longer than the setting allows, and far longer than any run that ended. */
function lastsForEver({ context }: Judging, missed: number, age: number, longest: number | undefined): boolean {
  if (missed < 2 || age < context.settings.heldForSeconds * 1000) return false
  return longest === undefined || age > timesLongest * longest
}

function longestRun(jobs: readonly Item<SeenJob>[]): number | undefined {
  const took = jobs.flatMap(({ object: { started, ended } }) =>
    started !== undefined && ended !== undefined ? [ended - started] : [],
  )
  return took.length > 0 ? Math.max(...took) : undefined
}

/** The Jobs could not be read: what status.active says is all there is to go by. */
function heldUnseen(judging: Judging, missed: number, active: readonly string[]): Finding | undefined {
  const { item, context, since, timing } = judging
  if (!lastsForEver(judging, missed, context.now - since, undefined)) return undefined
  const [name = ''] = active
  return {
    reason: 'held-by-job',
    state: 'occurring',
    fact: `Job ${name} has been active since the last run ${agoText(since, context.now)} ago and Forbid holds back ${plural(missed, 'run')}`,
    evidence: [
      seen('active Job', name, item.subject, 'status', 'active', 0),
      lastRun(judging),
      missedSince(judging, missed),
      nextExpected(judging),
    ],
    remedy: [
      correctBy(
        'see what the Job is doing, and delete it if it will not end',
        `kubectl -n ${item.subject.namespace ?? 'default'} describe job ${name}`,
      ),
      ...limitRun(item, timing.schedule),
    ],
  }
}

function heldByGhost(judging: Judging, missed: number, gone: readonly string[]): Finding {
  const { item, context, since } = judging
  return {
    reason: 'held-by-ghost',
    state: 'occurring',
    fact: `status.active names Job ${gone.join(', ')}, which does not exist, and Forbid has held back ${plural(missed, 'run')} in ${agoText(since, context.now)}`,
    evidence: [
      seen('active Job, gone', [...gone], item.subject, 'status', 'active'),
      lastRun(judging),
      missedSince(judging, missed),
      nextExpected(judging),
    ],
    remedy: [
      ...dropReferences(item, new Set(gone)),
      correctBy('the controller takes such entries out by itself: see why kube-controller-manager has not'),
    ],
  }
}
