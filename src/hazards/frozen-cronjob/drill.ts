import type { Act, Drill, Place, Stage } from '../../contract/drill.ts'
import type { Finding, Json } from '../../contract/hazard.ts'
import { type Lab, startLab } from '../../lab/lab.ts'
import { secondsSince, waitFor } from '../../lab/wait-for.ts'
import { timeOf, timeText } from '../../objects/time.ts'
import { parseVersion } from '../../objects/version.ts'
import { hasOldController } from './rules.ts'

const namespace = 'default'
const hour = 3_600_000

interface Named {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string }
  readonly reason?: string
  readonly message?: string
}

/** Freezes a CronJob of a real control plane, finds it, cures it by its remedy; then shows the newer controller. */
export const drill: Drill = async function* (stage) {
  const began = Date.now()
  const lab = await startLab(stage.signal)
  stage.later(() => lab.stop())
  const version = parseVersion(lab.version)
  if (!hasOldController(version)) {
    throw new Error(`this drill needs a control plane of at most 1.20, the last one that freezes; found ${lab.version}`)
  }
  yield { act: 'a control plane of its own is up', figures: { version: lab.version, 'took (s)': secondsSince(began) } }
  yield* withOldController(stage, lab)
  yield* withNewerController(stage, lab)
}

async function* withOldController(stage: Stage, lab: Lab): AsyncIterable<Act> {
  const place: Place = { kubeconfig: lab.kubeconfig }
  yield await missThreeHours(lab, 'report')
  const frozen = await waitFor(stage.signal, 60, () => eventOf(lab, 'report', 'FailedNeedsStart'))
  yield { act: 'the controller gives up', figures: { event: frozen.found.message ?? '', 'after (s)': frozen.seconds } }

  const finding = await occurringIn(stage, place)
  const missed = finding?.evidence.find(({ name }) => name === 'missed runs')?.value
  if (finding?.reason !== 'too-many-missed' || typeof missed !== 'number' || missed < 100) {
    throw new Error(`expected too-many-missed with at least 100 missed runs, found ${JSON.stringify(finding ?? null)}`)
  }
  if (!finding.evidence.some(({ name }) => name === 'event FailedNeedsStart'))
    throw new Error('the event is no evidence')
  yield { act: `looked: ${finding.fact}`, figures: evidenceOf(finding) }

  if ((await jobsOf(lab, 'report')).length > 0) throw new Error('a Job started although the CronJob was frozen')
  const steps = await stage.cure(place)
  const held = steps.find((one) => one.held !== undefined)
  if (held) throw new Error(`the cure was held back: ${held.held}`)
  yield {
    act: 'cured by the smallest step of its remedy',
    figures: { steps: steps.map(({ step: { name, why } }) => `${name}: ${why}`) },
  }

  const job = await waitFor(stage.signal, 100, async () => (await jobsOf(lab, 'report'))[0])
  const late = ((timeOf(job.found.metadata.creationTimestamp) ?? 0) % 60_000) / 1000
  yield {
    act: 'the next planned Job comes',
    figures: { job: job.found.metadata.name, 'after (s)': job.seconds, 'seconds past the minute': late },
  }
  const still = await occurringIn(stage, place)
  if (still) throw new Error(`still found after the cure: ${still.fact}`)
  yield { act: 'looked: clear', figures: {} }
}

async function* withNewerController(stage: Stage, lab: Lab): AsyncIterable<Act> {
  await lab.restartControllerManager(['--feature-gates=CronJobControllerV2=true'])
  yield { act: 'the newer controller of the same binary runs instead', figures: {} }
  yield await missThreeHours(lab, 'report-newer')
  const warned = await waitFor(stage.signal, 60, () => eventOf(lab, 'report-newer', 'TooManyMissedTimes'))
  const job = await waitFor(stage.signal, 100, async () => (await jobsOf(lab, 'report-newer'))[0])
  yield {
    act: 'the same outage is one warning and one late Job',
    figures: {
      event: warned.found.message ?? '',
      job: job.found.metadata.name,
      'after (s)': warned.seconds + job.seconds,
    },
  }
  const finding = await occurringIn(stage, { kubeconfig: lab.kubeconfig })
  if (finding) throw new Error(`found on the newer controller: ${finding.fact}`)
  yield { act: 'looked: not called frozen', figures: {} }
}

/** A CronJob of every minute that was held up for three hours: suspended, its last run set back, then resumed. */
async function missThreeHours(lab: Lab, name: string): Promise<Act> {
  const path = `/apis/batch/v1beta1/namespaces/${namespace}/cronjobs`
  const spec = {
    schedule: '* * * * *',
    suspend: true,
    jobTemplate: {
      spec: {
        template: {
          spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
        },
      },
    },
  }
  await lab.send('POST', path, { apiVersion: 'batch/v1beta1', kind: 'CronJob', metadata: { name }, spec })
  const lastScheduleTime = timeText(Date.now() - 3 * hour)
  await lab.send('PATCH', `${path}/${name}/status`, { status: { lastScheduleTime } })
  await lab.send('PATCH', `${path}/${name}`, { spec: { suspend: false } })
  return {
    act: `a CronJob of every minute missed three hours`,
    figures: { CronJob: `${namespace}/${name}`, 'last run': lastScheduleTime },
  }
}

const eventOf = async (lab: Lab, about: string, reason: string): Promise<Named | undefined> =>
  (await lab.list<Named>(`/api/v1/namespaces/${namespace}/events`, `involvedObject.name=${about}`)).find(
    (event) => event.reason === reason,
  )

const jobsOf = async (lab: Lab, cronJob: string): Promise<readonly Named[]> =>
  (await lab.list<Named>(`/apis/batch/v1/namespaces/${namespace}/jobs`)).filter(({ metadata }) =>
    new RegExp(`^${cronJob}-\\d+$`).test(metadata.name),
  )

async function occurringIn(stage: Stage, place: Place): Promise<Finding | undefined> {
  const verdicts = await stage.look(place)
  return verdicts
    .flatMap(({ verdict }) => (verdict.verdict === 'found' ? verdict.findings : []))
    .find(({ state }) => state === 'occurring')
}

const evidenceOf = (finding: Finding): Record<string, Json> =>
  Object.fromEntries(finding.evidence.map(({ name, value }) => [name, value]))
