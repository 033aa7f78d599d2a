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
  lateSeconds: z
    .number()
    .int()
    .positive()
    .default(300)
    .describe('From when on a run counts as late: controllers are busy and API servers slow for less'),
})

export const unplannedRun = hazard({
  id: 'unplanned-run',
  title: 'A CronJob that runs late, twice, or when nobody planned it',
  severity: 'medium',
  settings,
  reasons: {
    'late-run': {
      title: 'A missed run starts whenever it can',
      why: 'Without a tight startingDeadlineSeconds the last missed run is made up for after an outage of the control plane, after being unsuspended or after an edit of the schedule, hours or days late.',
      fix: 'Set startingDeadlineSeconds to the lateness that is acceptable.',
      fixedIn:
        'Not fixed: it is how the controller works (kubernetes#130838 is open). From 1.21 on more than 100 missed runs give TooManyMissedTimes and one late run; before, none at all.',
    },
    'doubled-run': {
      title: 'One planned time, two Jobs',
      why: 'Two controllers, or one that was upgraded from 1.20 (it names Jobs by seconds, the newer one by minutes), made a Job each for the same time.',
      fix: 'Make the Job harmless to run twice; look for a second controller or a second CronJob of that name.',
    },
    'off-schedule-run': {
      title: 'A run for a time that the schedule does not name',
      why: 'kube-controller-manager reads the schedule in another zone than is thought, or a second controller starts Jobs by a schedule of its own. Only who watches can tell: the schedule has to be seen to be the same all the time.',
      fix: 'Set spec.timeZone, or say in which zone kube-controller-manager runs; look for a second controller.',
    },
    'overlapping-runs': {
      title: 'A run starts while the one before is still running',
      why: 'With concurrencyPolicy Allow, which is the default, nothing keeps runs apart that take longer than the way to the next.',
      fix: 'Set concurrencyPolicy to Forbid (the later run is left out) or Replace (the earlier one is ended).',
    },
    'repeated-run': {
      title: 'Forbid keeps runs apart, but a failed one is repeated',
      why: 'concurrencyPolicy says nothing of retries: backoffLimit (6 where it is not set) and restartPolicy OnFailure start the same work again after it failed half way.',
      fix: 'Set backoffLimit 0 and restartPolicy Never if the work must not be repeated.',
      fixedIn: 'Not fixed. From 1.26 on a podFailurePolicy can say which failures are worth a retry.',
    },
  },
  writes: [cronJobs],
  manifest: [manifest],
  cluster: [cluster],
})
