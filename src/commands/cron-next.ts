// What `roadcrew cron next` knows: this is what `-o json` writes and what docs/cron-next.schema.json describes. Pure.
import { z } from 'zod'
import { timeText } from '../objects/time.ts'
import { localText, offsetText } from '../schedule/local-time.ts'
import { isRun, type PlannedRun, plannedRuns } from '../schedule/planned-runs.ts'
import type { Times } from './cron-times.ts'

const time = z.string().describe('RFC 3339, UTC')

export const marks = {
  first: 'its local time comes twice; this is the first',
  second: 'its local time comes twice; this is the second',
  skipped: 'no run: clocks go forward over it',
  'passed-over': "no run: Kubernetes's cron library misses it, near a clock change",
  unplanned: "it runs though the schedule does not name it: Kubernetes's cron library errs near a clock change",
} as const

const row = z.object({
  runs: z.boolean().describe('Whether a Job starts'),
  local: z
    .string()
    .describe('RFC 3339, with the offset of the zone; of what is skipped without, since it does not exist'),
  utc: time.optional().describe('Absent if it is skipped'),
  mark: z
    .enum(['first', 'second', 'skipped', 'passed-over', 'unplanned'])
    .optional()
    .describe(
      Object.entries(marks)
        .map(([mark, text]) => `${mark}: ${text}`)
        .join('. '),
    ),
  clockChange: time.optional().describe('The change that the mark is about'),
})

export const nextSchema = z
  .object({
    schemaVersion: z.literal(1),
    schedule: z.string(),
    timeZone: z.string(),
    timeZoneBy: z.enum(['schedule', 'option', 'default']).describe('Who named it'),
    timeZoneData: z.string().describe('Which tzdata was used; the one of kube-controller-manager may be another'),
    from: time.describe('RFC 3339, UTC; what is planned strictly after it is shown'),
    fromBy: z.enum(['option', 'now']),
    rows: z.array(row),
    ends: z.boolean().describe('No run comes after these: Kubernetes looks five years ahead'),
    notes: z.array(z.string()),
  })
  .describe('What roadcrew cron next -o json writes')

export type NextData = z.infer<typeof nextSchema>

/** The next `count` runs, and all that lies between them and does not run. */
export function nextData(times: Times, count: number): NextData {
  const { schedule, zone, zoneBy, from, fromBy, zones, notes } = times
  const rows: NextData['rows'] = []
  let runs = 0
  for (const planned of plannedRuns(schedule, zone, from)) {
    rows.push(rowOf(planned))
    if (isRun(planned) && ++runs === count) break
  }
  return {
    schemaVersion: 1,
    ...{ schedule: schedule.text, timeZone: zone.name, timeZoneBy: zoneBy, timeZoneData: zones.data },
    ...{ from: timeText(from), fromBy, rows, ends: runs < count, notes: [...notes] },
  }
}

function rowOf(planned: PlannedRun): NextData['rows'][number] {
  const { at, offset, mark, change } = planned
  const exists = mark !== 'skipped'
  return {
    runs: isRun(planned),
    local: `${localText(at, offset)}${exists ? offsetText(offset) : ''}`,
    ...(exists && { utc: timeText(at) }),
    ...(mark && { mark }),
    ...(change !== undefined && { clockChange: timeText(change) }),
  }
}
