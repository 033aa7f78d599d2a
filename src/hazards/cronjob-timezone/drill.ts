import type { Act, ClusterPlace, Drill, Stage } from '../../contract/drill.ts'
import type { Finding, Json } from '../../contract/hazard.ts'
import type { Table } from '../../contract/plot.ts'
import { type Lab, startLab } from '../../lab/lab.ts'
import { compileZone, expectZic, type LabZone } from '../../lab/time-zones.ts'
import { secondsSince, waitFor } from '../../lab/wait-for.ts'
import { serveZonedCronJobs } from '../../lab/zoned-cronjobs.ts'
import { timeText } from '../../objects/time.ts'
import { parseVersion } from '../../objects/version.ts'

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]
/** Daily runs, and what happens to their times in the night. */
const daily = {
  skipped: { schedule: '30 2 * * *', at: '02:30', effect: 'skipped' },
  doubled: { schedule: '31 2 * * *', at: '02:31', effect: 'comes twice' },
}
type Run = keyof typeof daily
const runs: readonly Run[] = ['skipped', 'doubled']
/** s: preparing the night takes some seconds, on a busy machine as many times more as starting the control planes did. */
const leastLead = 25
/** The polling controller looks every 10 s; what has not come by then does not come. */
const patience = 15 * second
/** Nor what a busy machine has not started by then. */
const longPatience = 120 * second

/** Both clock changes of a year within a minute: 02:30 becomes 02:31, and a minute later 02:32 becomes 02:31. ms UTC. */
interface Night {
  readonly zone: LabZone
  readonly ahead: number
  readonly back: number
}

/** Two control planes, since each runs one CronJob controller; the first has ZonedCronJobs as well. */
interface Labs {
  readonly polling: Lab
  readonly newer: Lab
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly status?: { readonly highWaterMark?: string; readonly preview?: readonly { readonly local: string }[] }
}

/** Who runs a schedule, and for which times (ms UTC) it has started its Jobs. */
interface Seen {
  readonly who: 'CronJob, polling controller' | 'CronJob, newer controller' | 'ZonedCronJob'
  readonly times: Readonly<Record<Run, readonly number[]>>
}

/** Lets real controllers live through a clock change that comes now: a run is skipped and one comes twice, but not of ZonedCronJobs. */
export const drill: Drill = async function* (stage) {
  expectZic()
  const began = Date.now()
  const labs = await startLabs(stage)
  const { version } = labs.polling
  if (parseVersion(version)?.minor !== 20) {
    throw new Error(`this drill needs a control plane of 1.20, which has both CronJob controllers; found ${version}`)
  }
  yield {
    act: 'two control planes of its own are up, one for each CronJob controller',
    figures: { version, 'took (s)': secondsSince(began) },
  }

  const night = nightAfter(Date.now() + Math.max(leastLead * second, Date.now() - began))
  const zoneinfo = `${labs.polling.folder}/zoneinfo`
  const place: ClusterPlace = { kubeconfig: labs.polling.kubeconfig, timeZone: night.zone.name, zoneinfo }
  yield await prepare(stage, labs, night, place)
  yield* lookFor(stage, place, 'certain', 'looked before the night')
  yield* live(stage, labs, night)
  yield* lookFor(stage, place, 'lately', 'looked after the night')
  yield* cure(stage, labs.polling, place)
}

async function startLabs(stage: Stage): Promise<Labs> {
  const starting = [startLab(stage.signal), startLab(stage.signal)] as const
  stage.later(async () => {
    for (const one of await Promise.allSettled(starting)) if (one.status === 'fulfilled') await one.value.stop()
  })
  const [polling, newer] = await Promise.all(starting)
  await serveZonedCronJobs(polling, stage.signal)
  return { polling, newer }
}

/** The first night whose clocks change at a full minute after `ms`, in the zone in which it is 02:30 then. */
function nightAfter(ms: number): Night {
  const ahead = Math.ceil(ms / minute) * minute
  const back = ahead + minute
  const east = (2.5 * hour - (ahead % day) + day) % day
  const offset = east > day / 2 ? east - day : east
  const changes = [
    { at: ahead, offset: offset + minute },
    { at: back, offset },
  ]
  return { zone: { name: 'Lab/Night', offset, changes }, ahead, back }
}

async function prepare(stage: Stage, labs: Labs, night: Night, place: ClusterPlace): Promise<Act> {
  const file = await compileZone(place.zoneinfo ?? '', night.zone)
  // A path in TZ is Go's way to name a zone of one's own for local time; ZONEINFO is only asked for names.
  await Promise.all([
    labs.polling.restartControllerManager([], { TZ: file }),
    labs.newer.restartControllerManager(['--feature-gates=CronJobControllerV2=true'], { TZ: file }),
  ])
  await stage.control(place)
  await labs.polling.send('POST', '/api/v1/namespaces', { metadata: { name: 'zoned' } })
  for (const run of runs) {
    for (const lab of [labs.polling, labs.newer]) await lab.send('POST', cronJobPath, cronJobOf(run))
    await labs.polling.send('POST', zonedPath, zonedCronJobOf(run, night.zone.name))
  }
  const areTakenUp = async () => {
    const zoned = await labs.polling.list<Named>(zonedPath)
    return zoned.every(({ status }) => status?.highWaterMark !== undefined) || undefined
  }
  await waitFor(stage.signal, 60, areTakenUp)
  if (Date.now() > night.ahead - second)
    throw new Error('this machine was too slow: the night came before it was ready')
  return {
    act: 'the night is near: the same daily runs as CronJobs and as ZonedCronJobs, in a zone whose clocks are about to change',
    figures: {
      [`at ${timeText(night.ahead)}`]: '02:30 becomes 02:31',
      [`at ${timeText(night.back)}`]: '02:32 becomes 02:31',
      ...Object.fromEntries(runs.map((run) => [run, daily[run].schedule])),
    },
  }
}

const cronJobPath = '/apis/batch/v1beta1/namespaces/default/cronjobs'
const zonedPath = '/apis/roadcrew.dev/v1/namespaces/zoned/zonedcronjobs'

const jobTemplate = {
  spec: {
    template: {
      spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
    },
  },
}

const cronJobOf = (run: Run) => ({
  ...{ apiVersion: 'batch/v1beta1', kind: 'CronJob', metadata: { name: run } },
  spec: { schedule: daily[run].schedule, jobTemplate },
})

const zonedCronJobOf = (run: Run, timeZone: string) => ({
  ...{ apiVersion: 'roadcrew.dev/v1', kind: 'ZonedCronJob', metadata: { name: run } },
  spec: {
    ...{ schedule: daily[run].schedule, timeZone, jobTemplate },
    daylightSaving: { skipped: 'runAfter', repeated: 'once' },
  },
})

/** Lives through the night; what was not as expected is told after it, beside what was. */
async function* live(stage: Stage, labs: Labs, night: Night): AsyncIterable<Act> {
  const { found } = await waitFor(stage.signal, (night.back - Date.now()) / second + 150, async () => {
    const seen = await seenIn(labs)
    stage.progress({ ...toldAt(night, Date.now()), table: tableOf(seen) })
    const isOver = Date.now() > night.back + patience
    const haveRun = seen.every(({ who, times }) => times.doubled.length >= (who === 'ZonedCronJob' ? 1 : 2))
    return (isOver && haveRun) || Date.now() > night.back + longPatience ? seen : undefined
  })
  const figures = { 'clocks went ahead': timeText(night.ahead), 'clocks went back': timeText(night.back) }
  yield { act: 'the night is over: for which times there are Jobs', figures, table: tableOf(found) }
  const both = [night.ahead, night.back]
  const expected = (who: Seen['who']): Seen['times'] =>
    who === 'ZonedCronJob' ? { skipped: [night.ahead], doubled: [night.ahead] } : { skipped: [], doubled: both }
  for (const { who, times } of found) {
    for (const run of runs) {
      const [is, wanted] = [times[run], expected(who)[run]].map((some) => some.map(timeText).join(' and ') || 'none')
      if (is !== wanted) throw new Error(`${who}, ${daily[run].at}: expected Jobs for ${wanted}, seen for ${is}`)
    }
  }
}

async function seenIn({ polling, newer }: Labs): Promise<readonly Seen[]> {
  const [ofPolling, ofNewer] = await Promise.all([polling, newer].map((lab) => lab.list<Named>('/apis/batch/v1/jobs')))
  return [
    { who: 'CronJob, polling controller', times: timesOf(ofPolling, 'default') },
    { who: 'CronJob, newer controller', times: timesOf(ofNewer, 'default') },
    { who: 'ZonedCronJob', times: timesOf(ofPolling, 'zoned') },
  ]
}

/** A Job's name ends with the time that it was planned for, in seconds; that of the newer controller, from 1.21 on, in minutes. */
function timesOf(jobs: readonly Named[] = [], namespace: string): Seen['times'] {
  const own = jobs.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name)
  const planned = (name: string): number => Number(name.split('-').at(-1)) * (/-\d{9,}$/.test(name) ? second : minute)
  const of = (run: Run) =>
    own
      .filter((name) => name.startsWith(`${run}-`))
      .map(planned)
      .toSorted((a, b) => a - b)
  return { skipped: of('skipped'), doubled: of('doubled') }
}

/** Cells name the Jobs by the time in UTC for which they were started. */
const tableOf = (seen: readonly Seen[]): Table => ({
  columns: runs.map((run) => `${daily[run].at}, ${daily[run].effect}`),
  rows: seen.map(({ who, times }) => [who, ...runs.map((run) => utcTimes(times[run]))]),
})

const utcTimes = (times: readonly number[]): string =>
  times.map((time) => timeText(time).slice(11)).join(' and ') || 'none'

/** What the clocks on the wall show, and what comes next. */
function toldAt({ zone, ahead, back }: Night, now: number): Act {
  const offset = zone.changes.findLast(({ at }) => at <= now)?.offset ?? zone.offset
  const inSeconds = (at: number): string => `in ${Math.ceil((at - now) / second)} s`
  const next =
    now < ahead
      ? `02:30 becomes 02:31 ${inSeconds(ahead)}`
      : now < back
        ? `02:32 becomes 02:31 ${inSeconds(back)}`
        : 'nothing; what comes late would come now'
  return { act: `the night: it is ${new Date(now + offset).toISOString().slice(11, 19)}`, figures: { next } }
}

/** Asks for both effects. `when`: whether they are to come, or were. */
async function* lookFor(
  stage: Stage,
  place: ClusterPlace,
  when: 'certain' | 'lately',
  act: string,
): AsyncIterable<Act> {
  const verdicts = await stage.look(place)
  const findings = verdicts.flatMap(({ verdict }) => (verdict.verdict === 'found' ? verdict.findings : []))
  for (const run of runs) {
    const finding = findings.find((one) => one.reason === `${run}-run` && one[when])
    if (!finding) throw new Error(`${act}: expected ${run}-run, found ${JSON.stringify(findings)}`)
    if (when === 'lately') expectJobs(finding, run === 'doubled' ? 2 : 0)
    yield { act: `${act}: ${finding.fact}`, figures: evidenceOf(finding) }
  }
}

const evidenceOf = ({ evidence }: Finding): Record<string, Json> => {
  const jobs = evidence.filter(({ name }) => name === 'Job').map(({ value }) => value)
  const others = evidence.filter(({ name }) => name !== 'Job').map(({ name, value }) => [name, value] as const)
  return { ...Object.fromEntries(others), ...(jobs.length > 0 && { Jobs: jobs.join('; ') }) }
}

function expectJobs({ reason, evidence }: Finding, count: number): void {
  const seen = evidence.filter(({ name }) => name === 'Job').length
  if (seen !== count)
    throw new Error(`${reason}: expected ${count} Jobs as evidence, found ${JSON.stringify(evidence)}`)
}

/** Its owner lets the ZonedCronJobs take the place of the CronJobs: no step of a remedy chooses a schedule. */
async function* cure(stage: Stage, lab: Lab, place: ClusterPlace): AsyncIterable<Act> {
  for (const run of runs) await lab.send('DELETE', `${cronJobPath}/${run}?propagationPolicy=Background`)
  await waitFor(stage.signal, 30, async () => (await lab.list<Named>(cronJobPath)).length === 0 || undefined)
  const zoned = await lab.list<Named>(zonedPath)
  const next = zoned.map(({ metadata, status }) => [`next of ${metadata.name}`, status?.preview?.[0]?.local ?? null])
  yield { act: 'cured: the ZonedCronJobs stay, the CronJobs go', figures: Object.fromEntries(next) }
  const verdicts = await stage.look(place)
  const still = verdicts.find(({ verdict }) => verdict.verdict === 'found' || verdict.verdict === 'unknown')
  if (still) throw new Error(`still found after the cure: ${JSON.stringify(still.verdict)}`)
  yield { act: 'looked: clear', figures: {} }
}
