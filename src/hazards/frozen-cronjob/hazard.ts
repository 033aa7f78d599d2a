import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { cronJobs, jobs } from '../../objects/kinds.ts'
import { cluster } from './cluster.ts'
import { manifest } from './manifest.ts'
import { frozenFixedIn, type Settings } from './rules.ts'

const settings: z.ZodType<Settings> = z.object({
  controllerTimeZone: z
    .string()
    .default('UTC')
    .describe('The zone in which kube-controller-manager runs: it decides for schedules that name no zone'),
  heldForSeconds: z
    .number()
    .int()
    .positive()
    .default(3600)
    .describe('How long a running Job may hold back a CronJob that forbids concurrency before it is called held'),
})

export const frozenCronJob = hazard({
  id: 'frozen-cronjob',
  title: 'A CronJob that does not run any more, and nobody is told',
  severity: 'high',
  settings,
  reasons: {
    'too-many-missed': {
      title: 'Frozen after 100 missed runs',
      why: 'The CronJob controller up to 1.20 lists every missed run since the last one; past 100 it gives up with FailedNeedsStart and tries the same again, for ever.',
      fix: 'Set status.lastScheduleTime to the latest planned run (nothing starts off schedule), or set startingDeadlineSeconds (one late run starts at once).',
      fixedIn: frozenFixedIn,
    },
    'resume-freezes': {
      title: 'Would be frozen as soon as it is resumed',
      why: 'Runs that fall into a suspension count as missed; past 100 the controller up to 1.20 refuses to start any.',
      fix: 'Set startingDeadlineSeconds before resuming.',
      fixedIn: frozenFixedIn,
    },
    'no-deadline': {
      title: 'An outage long enough freezes it for ever',
      why: 'Without startingDeadlineSeconds the controller up to 1.20 counts all missed runs since the last one, and past 100 it never starts a Job again.',
      fix: 'Set startingDeadlineSeconds so that at most 100 runs fit into it.',
      fixedIn: frozenFixedIn,
      leadsTo: 'too-many-missed',
    },
    'long-deadline': {
      title: 'The deadline is too long to keep it from freezing',
      why: 'Missed runs are counted inside startingDeadlineSeconds only, but more than 100 runs fit into this one.',
      fix: 'Shorten startingDeadlineSeconds so that at most 100 runs fit into it.',
      fixedIn: frozenFixedIn,
      leadsTo: 'too-many-missed',
    },
    'short-deadline': {
      title: 'The deadline is shorter than the controller takes to look',
      why: 'The controller up to 1.20 looks at all CronJobs every 10 s; a run that is due just after a look is past its deadline at the next.',
      fix: 'Set startingDeadlineSeconds well above 10.',
      fixedIn: '1.21 (the controller there wakes when a run is due). Nothing remains.',
    },
    'zero-deadline': {
      title: 'The deadline lets no run start at all',
      why: 'With startingDeadlineSeconds 0 every run is past its deadline when the controller sees it.',
      fix: 'Set startingDeadlineSeconds to the lateness that is acceptable.',
    },
    'never-fires': {
      title: 'The schedule names no date that exists',
      why: 'Kubernetes accepts a schedule such as 31 February; its cron library looks five years ahead and finds nothing.',
      fix: 'Correct the schedule; if the CronJob is only started by hand, suspend it, which says so.',
    },
    'unparseable-schedule': {
      title: 'The schedule cannot be parsed',
      why: 'The API server refuses such a schedule; where one was stored earlier, the controller skips the CronJob with UnparseableSchedule.',
      fix: 'Correct the schedule: five fields, day of week 0 to 6, no L, W or #.',
    },
    'invalid-deadline': {
      title: 'The deadline is no number of seconds',
      why: 'The API server takes only whole numbers from 0 that fit 64 bits for startingDeadlineSeconds, and refuses the object.',
      fix: 'Set startingDeadlineSeconds to a whole number of seconds.',
    },
    'unknown-time-zone': {
      title: 'Its time zone is not known to the controller',
      why: 'kube-controller-manager reads zones from its own tzdata; for a zone that is not there it skips the CronJob with UnknownTimeZone.',
      fix: 'Correct spec.timeZone, or give kube-controller-manager current tzdata.',
    },
    'held-by-job': {
      title: 'Held back for ever by a Job that does not end',
      why: 'With concurrencyPolicy Forbid no run starts while an earlier Job is active, however long that takes.',
      fix: 'End that Job; set activeDeadlineSeconds on the job template so that a run can never hold the others back.',
    },
    'held-by-ghost': {
      title: 'Held back by a Job that is gone',
      why: 'With concurrencyPolicy Forbid an entry in status.active holds back all runs; this one names a Job that does not exist.',
      fix: 'Take the entry out of status.active, and find out why the controller has not.',
    },
    'job-quota': {
      title: 'A quota refuses every Job',
      why: 'A ResourceQuota counts finished Jobs too; when it is used up, every run ends in FailedCreate and no run is made up for.',
      fix: 'Delete finished Jobs that hold the quota, raise it, or let Jobs expire with ttlSecondsAfterFinished.',
      fixedIn:
        '1.29 and patch releases of that time (before, finished Jobs were only cleaned up after a run had started). What remains: a quota used up by others still refuses every run.',
    },
    'create-refused': {
      title: 'The API server refuses its Jobs',
      why: 'Every run ends in FailedCreate: an admission webhook, a policy or the job template itself stands in the way.',
      fix: 'The event says who refuses and why; correct that.',
    },
    'invalid-catch-up': {
      title: 'What it asks for after an outage can not be read',
      why: 'The annotation roadcrew.dev/catch-up says how late a missed run may be made up for; what stands there is no duration.',
      fix: 'Write it as Go does: 2h, 45m, 1h30m.',
    },
    'unseen-schedule': {
      title: 'Nobody who could make up for its missed runs has seen its schedule',
      why: 'The annotation roadcrew.dev/catch-up asks for missed runs. Only who has seen the schedule before can tell one from a time that an edit or the end of a suspension made due.',
      fix: 'Run roadcrew controller, with a policy that lets it take the steps note-schedule, catch-up and thaw.',
    },
    'not-caught-up': {
      title: 'A missed run that is not made up for, though its owner asked for it',
      why: 'It is later than the annotation or the deadline allows, its schedule was not seen before it was due, or it may have run.',
      fix: 'Start it by hand if it is needed; the next planned run comes by itself.',
    },
    'future-last-run': {
      title: 'Its last run lies in the future',
      why: 'No run starts before status.lastScheduleTime has passed; a clock that was wrong once leaves it there.',
      fix: 'Set status.lastScheduleTime to the latest planned run, and check the clocks of the control plane.',
    },
  },
  steps: {
    'catch-up': 'Start the latest missed run of a frozen CronJob that asks for it by an annotation, and thaw it',
    thaw: 'Set status.lastScheduleTime to the latest time that should have run',
    'note-schedule': 'Note on a CronJob since when its schedule is what it is',
    'drop-reference': 'Take an entry that names no existing Job out of status.active',
    'delete-finished-job': 'Delete a finished Job that is past the history limit of its CronJob',
    'end-job': 'Delete a Job that holds back all later runs',
  },
  metrics: {
    roadcrew_cronjob_frozen: {
      help: 'CronJobs that do not run any more, or would not when they are resumed: 1 for each, by what holds them',
      type: 'gauge',
      counts: 'findings',
    },
  },
  writes: [cronJobs, jobs],
  manifest: [manifest],
  cluster: [cluster],
  drill: () => import('./drill.ts'),
})
