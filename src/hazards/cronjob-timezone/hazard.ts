import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { cronJobs } from '../../objects/kinds.ts'
import { cluster } from './cluster.ts'
import { manifest } from './manifest.ts'
import type { Settings } from './settings.ts'

const settings: z.ZodType<Settings> = z.object({
  controllerTimeZone: z
    .string()
    .default('UTC')
    .describe('The zone in which kube-controller-manager runs: it decides for schedules that name no zone'),
})

const changesRemain =
  'Not fixed (kubernetes#121594 is open): with spec.timeZone, which is stable since 1.27, the clock of the zone decides, its changes included.'

export const cronJobTimezone = hazard({
  id: 'cronjob-timezone',
  title: 'A CronJob that runs at another time than its owner thinks',
  severity: 'medium',
  settings,
  reasons: {
    'controller-zone': {
      title: 'The zone of the control plane decides when it runs',
      why: 'Without spec.timeZone a schedule is read in the zone of kube-controller-manager: UTC on most clusters, something else after a move to another.',
      fix: 'Set spec.timeZone, to Etc/UTC if it shall stay as it is.',
      fixedIn: '1.27 (spec.timeZone; on by default since 1.25). What remains: it is only used where it is set.',
    },
    'zone-in-schedule': {
      title: 'The time zone stands inside the schedule',
      why: 'TZ= and CRON_TZ= in a schedule were never supported: they work from 1.22 to 1.28, and from 1.29 on the API server refuses new objects that have them.',
      fix: 'Move the zone to spec.timeZone.',
      fixedIn:
        '1.27 (spec.timeZone). What remains: objects of before 1.29 keep running, until they have to be made anew.',
    },
    'zone-twice': {
      title: 'A time zone in the schedule and another beside it',
      why: 'The API server refuses a CronJob with TZ= or CRON_TZ= in its schedule and spec.timeZone set as well.',
      fix: 'Keep spec.timeZone and take the zone out of the schedule.',
    },
    'unknown-zone': {
      title: 'A time zone that the API server refuses',
      why: 'spec.timeZone must be a name of the time zone database as the control plane has it; "Local" and an empty name are refused.',
      fix: 'Use a name of the database, such as Europe/Berlin; names are case-sensitive.',
    },
    'zone-ignored': {
      title: 'A time zone that the cluster drops',
      why: 'Before 1.25 the API server does not keep spec.timeZone, and says nothing: the schedule is read in the zone of kube-controller-manager.',
      fix: 'Write the schedule in the zone of the control plane until the cluster is on 1.25.',
      fixedIn: '1.25 (spec.timeZone on by default). Nothing remains.',
    },
    'skipped-run': {
      title: 'A run that a clock change skips',
      why: 'When clocks go forward, the hour between does not exist: what is planned in it does not run that day.',
      fix: 'Plan it outside of the hours that change, or in Etc/UTC.',
      fixedIn: changesRemain,
    },
    'doubled-run': {
      title: 'A run that a clock change doubles',
      why: 'When clocks go back, an hour comes twice, and so does what is planned in it.',
      fix: 'Plan it outside of the hours that change, or in Etc/UTC, or make it harmless to run twice.',
      fixedIn: changesRemain,
    },
  },
  writes: [cronJobs],
  manifest: [manifest],
  cluster: [cluster],
  drill: () => import('./drill.ts'),
})
