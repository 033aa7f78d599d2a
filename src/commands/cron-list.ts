// What `roadcrew cron list` knows: this is what `-o json` writes and what docs/cron-list.schema.json describes. Pure.
import { z } from 'zod'
import { subjectKey } from '../engine/subjects.ts'
import { timeText } from '../objects/time.ts'
import { versionText } from '../objects/version.ts'
import type { Looked } from '../report/build.ts'
import { brokenRow, unreadOf } from '../report/unread.ts'
import { fullest, hoursOf, minutesOf } from '../schedule/load.ts'
import { localText, offsetText } from '../schedule/local-time.ts'
import type { PlannedRun } from '../schedule/planned-runs.ts'
import { inWords } from '../schedule/words.ts'
import type { Plan, Planning } from './cron-plan.ts'
import type { Around } from './look-around.ts'

const time = z.string().describe('RFC 3339, UTC')
const count = z.number().int().nonnegative()

/** So many run times of one CronJob are written out. */
const mostTimes = 100
/** So many of the fullest minutes are named. */
const topMinutes = 5

const cronJob = z.object({
  kind: z.enum(['CronJob', 'ZonedCronJob']),
  namespace: z.string().optional(),
  name: z.string(),
  schedule: z.string(),
  words: z.string().describe('What the schedule means'),
  timeZone: z.string(),
  timeZoneBy: z.enum(['spec.timeZone', 'schedule', 'controller', 'default']).describe('Where the zone comes from'),
  spreadSeconds: count
    .optional()
    .describe('By how much its runs start later than planned, which its times have in them'),
  suspended: z.boolean().describe('Its runs are not counted'),
  brokenNow: z.array(z.string()).describe('What hurts it now, as a scan finds it: a frozen one starts nothing'),
  runs: count.describe('Planned in the window, also if it is suspended or broken'),
  frequent: z.boolean().describe('Every hour or more often'),
  times: z
    .array(time)
    .describe(
      `The minutes of its runs, the first ${mostTimes} of them; of @every 1s a minute stands for all runs in it`,
    ),
  skipped: z.array(z.string()).describe('Local times that a clock change, or the library near one, leaves out'),
  repeated: z.array(z.string()).describe('Runs whose local time comes twice'),
})

const busy = z.object({ at: time, runs: count, cronJobs: z.array(count).describe('Places in cronJobs') })

const cluster = z.object({
  name: z.string(),
  version: z.string().optional(),
  cronJobs: z.array(cronJob),
  runs: count.describe('Without those of suspended CronJobs'),
  timeline: z
    .array(busy)
    .describe('Each minute in which one runs that is not frequent, with those; suspended ones are left out'),
  minutes: z.array(z.object({ at: time, runs: count })).describe('Each minute with runs, those of frequent ones too'),
  hours: z.array(z.object({ from: time, runs: count })),
  top: z.array(busy).describe('The fullest minutes, the fullest first'),
})

export const listSchema = z
  .object({
    schemaVersion: z.literal(1),
    from: time,
    to: time,
    controllerZone: z.string().describe('Where no zone is named: what --controller-zone says'),
    timeZoneData: z.string(),
    clusters: z.array(cluster),
    unread: z.array(z.object({ world: z.string(), what: z.string(), because: z.string(), count })),
    exitCode: z.union([z.literal(0), z.literal(2)]),
  })
  .describe('What roadcrew cron list -o json writes')

export type ListData = z.infer<typeof listSchema>
export type ListedCluster = ListData['clusters'][number]
export type ListedCronJob = ListedCluster['cronJobs'][number]

export interface ListInput {
  readonly around: Pick<Around, 'looked' | 'broken' | 'at' | 'timeZoneData'>
  readonly planning: Planning
  readonly controllerZone: string
  readonly windowMs: number
}

export function listData({ around, planning, controllerZone, windowMs }: ListInput): ListData {
  const { looked, broken, at, timeZoneData } = around
  const to = at + windowMs
  const unread = [...looked.flatMap(unreadOf), ...broken.map((one) => brokenRow('', one))].map(
    ({ world, what, because, count: many }) => ({ world, what, because, count: many }),
  )
  return {
    schemaVersion: 1,
    ...{ from: timeText(at), to: timeText(to), controllerZone, timeZoneData },
    clusters: looked.flatMap((one) => (one.look ? [clusterOf(one, planning, at, to)] : [])),
    unread,
    exitCode: unread.length > 0 ? 2 : 0,
  }
}

function clusterOf({ name, version, look }: Looked, planning: Planning, from: number, to: number): ListedCluster {
  const judged = look?.judged ?? []
  const planned = judged.flatMap(({ hazard, subject }) => {
    const plan = hazard === planning.hazard ? planning.plans.get(subject) : undefined
    return plan ? [plan] : []
  })
  const known = new Set(planned.map(({ subject }) => subject.uid))
  // What a ZonedCronJob lets a CronJob of its own start would be counted twice.
  const plans = planned.filter(({ maker }) => maker === undefined || !known.has(maker))
  const hurts = new Map<string, string[]>()
  for (const { hazard, subject, verdict } of judged) {
    if (hazard === planning.hazard || verdict.verdict !== 'found') continue
    const facts = verdict.findings.filter(({ state }) => state === 'occurring').map(({ fact }) => fact)
    if (facts.length > 0) hurts.set(subjectKey(subject), [...(hurts.get(subjectKey(subject)) ?? []), ...facts])
  }
  const cronJobs = plans.map((plan) => cronJobOf(plan, hurts.get(subjectKey(plan.subject)) ?? [], (to - from) / hour))
  const slots = (counts: (one: ListedCronJob) => boolean) =>
    plans.map(({ load }, place) => ({ slots: cronJobs.slice(place, place + 1).some(counts) ? load.slots : [] }))
  const minutes = minutesOf(slots(({ suspended }) => !suspended))
  const timeline = minutesOf(slots(({ suspended, frequent }) => !suspended && !frequent))
  const asData = ({ minute, runs, of }: (typeof minutes)[number]) => ({ at: timeText(minute), runs, cronJobs: [...of] })
  return {
    name,
    ...(version && { version: versionText(version) }),
    cronJobs,
    runs: minutes.reduce((sum, { runs }) => sum + runs, 0),
    timeline: timeline.map(asData),
    minutes: minutes.map(({ minute, runs }) => ({ at: timeText(minute), runs })),
    hours: hoursOf(minutes, from, to).map(({ hour, runs }) => ({ from: timeText(hour), runs })),
    top: fullest(minutes, topMinutes).map(asData),
  }
}

const hour = 3_600_000

function cronJobOf(plan: Plan, brokenNow: string[], hours: number): ListedCronJob {
  const { subject, schedule, zone, zoneBy, suspended, load, spreadMs = 0 } = plan
  const runs = load.slots.reduce((sum, slot) => sum + slot.runs, 0)
  const local = ({ at, offset, mark }: PlannedRun): string =>
    `${localText(at, offset)}${mark === 'skipped' ? '' : offsetText(offset)}`
  return {
    kind: subject.kind === 'ZonedCronJob' ? 'ZonedCronJob' : 'CronJob',
    ...(subject.namespace !== undefined && { namespace: subject.namespace }),
    ...{ name: subject.name, schedule: schedule.text, words: inWords(schedule) },
    ...{ timeZone: zone.name, timeZoneBy: zoneBy, suspended, brokenNow },
    ...(spreadMs > 0 && { spreadSeconds: spreadMs / 1000 }),
    ...{ runs, frequent: runs >= Math.max(2, hours) },
    times: load.slots.slice(0, mostTimes).map(({ minute }) => timeText(minute)),
    skipped: load.lost.map(local),
    repeated: load.repeated.map(local),
  }
}
