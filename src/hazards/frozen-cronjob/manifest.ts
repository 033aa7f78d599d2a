import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Context, Finding, Item } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { foundAny, seen } from '../../contract/verdicts.ts'
import { cronJobs } from '../../objects/kinds.ts'
import { durationText } from '../../objects/time.ts'
import { versionText } from '../../objects/version.ts'
import { moreThanFit, neverFires } from '../../schedule/runs.ts'
import { type Timing, timingOf } from '../../schedule/timing.ts'
import { correctBy, setDeadline } from './remedy.ts'
import {
  type Deadline,
  deadlineOf,
  hasOldController,
  mostMissed,
  pollSeconds,
  type Settings,
  timeToFreeze,
} from './rules.ts'

type Judging = { readonly item: Item<CronJob>; readonly context: Context<Settings> }
type Usable = Extract<Timing, { schedule: unknown }>

/** Could this CronJob ever stop running, by what is written in its spec? */
export const manifest = detector({
  of: list(cronJobs),
  with: {},
  judge(item: Item<CronJob>, _view, context: Context<Settings>) {
    const judging = { item, context }
    const timing = timingOf(item.object.spec, context.zones, context.settings.controllerTimeZone, context.version)
    const deadline = deadlineOf(item.object)
    const findings: Finding[] = [
      ...('unparseable' in timing ? [unparseable(judging, timing.unparseable)] : []),
      ...(deadline && 'invalid' in deadline ? [invalidDeadline(judging, deadline.invalid)] : []),
      ...('schedule' in timing ? judgeTiming(judging, timing, deadline) : []),
    ]
    return foundAny(findings)
  },
})

function judgeTiming(judging: Judging, timing: Usable, deadline: Deadline): Finding[] {
  if (neverFires(timing.schedule)) return [never(judging)]
  if (deadline && 'invalid' in deadline) return []
  if (deadline?.seconds === 0) return [zeroDeadline(judging, timing)]
  if (!hasOldController(judging.context.version)) return []
  if (!deadline) return [noDeadline(judging, timing)]
  if (deadline.seconds <= pollSeconds) return [shortDeadline(judging, timing, deadline.seconds)]
  const { now } = judging.context
  const long = moreThanFit(timing.schedule, timing.zone, mostMissed, deadline.seconds * 1000, now)
  return long ? [longDeadline(judging, timing, deadline.seconds)] : []
}

const schedule = ({ item }: Judging) =>
  seen('schedule', item.object.spec?.schedule ?? null, item.subject, 'spec', 'schedule')

const deadlineIs = ({ item }: Judging, value: number | string | null) =>
  seen('deadline', value, item.subject, 'spec', 'startingDeadlineSeconds')

const server = ({ version }: Context): string => (version ? `Kubernetes ${versionText(version)}` : 'this Kubernetes')

function unparseable(judging: Judging, because: string): Finding {
  return {
    reason: 'unparseable-schedule',
    state: 'exposed',
    certain: true,
    fact: `the schedule can't be parsed: ${because}`,
    evidence: [schedule(judging)],
    remedy: [correctBy('correct spec.schedule; the API server refuses this one')],
  }
}

function invalidDeadline(judging: Judging, value: string): Finding {
  return {
    reason: 'invalid-deadline',
    state: 'exposed',
    certain: true,
    fact: `startingDeadlineSeconds ${value} is no whole number of seconds from 0 that fits 64 bits`,
    evidence: [deadlineIs(judging, value)],
    remedy: [correctBy('set spec.startingDeadlineSeconds to a whole number of seconds')],
  }
}

function never(judging: Judging): Finding {
  return {
    reason: 'never-fires',
    state: 'exposed',
    certain: true,
    severity: 'low',
    fact: 'the schedule names no date that exists, so it never runs',
    evidence: [schedule(judging)],
    remedy: [correctBy('correct spec.schedule, or set spec.suspend: true if it is only started by hand')],
  }
}

function zeroDeadline(judging: Judging, timing: Usable): Finding {
  return {
    reason: 'zero-deadline',
    state: 'exposed',
    certain: true,
    fact: 'startingDeadlineSeconds is 0: every run is too late when the controller sees it, so none starts',
    evidence: [deadlineIs(judging, 0), schedule(judging)],
    remedy: [setDeadline(judging.item, timing.schedule)],
  }
}

const day = 86_400_000

function noDeadline(judging: Judging, timing: Usable): Finding {
  const { item, context } = judging
  const after = timeToFreeze(timing, context.now)
  const time = after === undefined ? 'more than five years' : durationText(after)
  return {
    reason: 'no-deadline',
    state: 'exposed',
    certain: true,
    // A schedule whose 101st run is a season away outlives any outage; one of a month may be suspended that long.
    severity: after === undefined || after > 90 * day ? 'low' : after > 14 * day ? 'medium' : 'high',
    fact: `without startingDeadlineSeconds the controller of ${server(context)} gives up for ever after ${mostMissed} missed runs: here ${time} of outage or suspension`,
    evidence: [deadlineIs(judging, null), schedule(judging)],
    remedy: [setDeadline(item, timing.schedule)],
  }
}

function longDeadline(judging: Judging, timing: Usable, seconds: number): Finding {
  return {
    reason: 'long-deadline',
    state: 'exposed',
    certain: true,
    fact: `more than ${mostMissed} runs fit into startingDeadlineSeconds ${seconds} (${durationText(seconds * 1000)}), so the controller of ${server(judging.context)} can still give up for ever`,
    evidence: [deadlineIs(judging, seconds), schedule(judging)],
    remedy: [setDeadline(judging.item, timing.schedule)],
  }
}

function shortDeadline(judging: Judging, timing: Usable, seconds: number): Finding {
  return {
    reason: 'short-deadline',
    state: 'exposed',
    ...(seconds < pollSeconds && { certain: true as const }),
    severity: 'medium',
    fact: `startingDeadlineSeconds ${seconds}: the controller of ${server(judging.context)} looks every ${pollSeconds} s, so it misses runs`,
    evidence: [deadlineIs(judging, seconds), schedule(judging)],
    remedy: [setDeadline(judging.item, timing.schedule)],
  }
}
