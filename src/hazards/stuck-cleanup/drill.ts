import type { Act, Drill, Place, Stage } from '../../contract/drill.ts'
import type { Finding, Json } from '../../contract/hazard.ts'
import { type Lab, startLab } from '../../lab/lab.ts'
import { secondsSince, waitFor } from '../../lab/wait-for.ts'
import { jobCount } from '../../objects/job-quotas.ts'
import { timeText } from '../../objects/time.ts'

const namespace = 'default'
const cronJobPath = `/apis/batch/v1beta1/namespaces/${namespace}/cronjobs`
const jobPath = `/apis/batch/v1/namespaces/${namespace}/jobs`
const minute = 60_000
const quotaPath = `/api/v1/namespaces/${namespace}/resourcequotas`
/** As many as a CronJob keeps where it does not say. */
const kept = 3

interface Named {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly reason?: string
  readonly message?: string
  readonly status?: { readonly startTime?: string }
}

interface Quota {
  readonly status?: { readonly used?: Readonly<Record<string, string>> }
}

const jobName = (number: number): string => `report-by-hand-${number}`

/** Lets a CronJob's own finished Jobs use up a quota of a real control plane, finds and cures it, and sees the run start. */
export const drill: Drill = async function* (stage) {
  const began = Date.now()
  const lab = await startLab(stage.signal)
  stage.later(() => lab.stop())
  const place: Place = { kubeconfig: lab.kubeconfig }
  yield { act: 'a control plane of its own is up', figures: { version: lab.version, 'took (s)': secondsSince(began) } }

  yield await fillQuota(stage, lab)
  const refused = await waitFor(stage.signal, 30, () => refusalOf(lab))
  yield {
    act: 'the controller is refused its next run',
    figures: { event: refused.found.message ?? '', 'after (s)': refused.seconds },
  }

  const before = await jobsOf(lab)
  const finding = await findingIn(stage, place, 'occurring')
  if (finding?.reason !== 'quota-held') {
    throw new Error(`expected quota-held, found ${JSON.stringify(finding ?? null)}`)
  }
  yield { act: `looked: ${finding.fact}`, figures: evidenceOf(finding) }

  const cured = await stage.cure(place)
  const held = cured.find((one) => one.held !== undefined)
  if (held || cured.length === 0) throw new Error(`the cure was held back: ${held?.held ?? 'there was no step'}`)
  yield {
    act: 'cured by the smallest step of its remedy',
    figures: { steps: cured.map(({ step: { name, why }, target }) => `${name} ${target.name}: ${why}`) },
  }
  const run = await waitFor(stage.signal, 40, async () => (await jobsOf(lab)).find((job) => !before.some(isSame(job))))
  const left = await jobsOf(lab)
  if (left.some(({ metadata }) => metadata.name === jobName(1)))
    throw new Error('the oldest finished Job is still there')
  if (left.length !== kept) throw new Error(`${left.length} Jobs are left, expected ${kept}`)
  yield {
    act: 'the planned run starts in its place',
    figures: { job: run.found.metadata.name, 'after (s)': run.seconds },
  }
  const still = await findingIn(stage, place, 'occurring')
  if (still) throw new Error(`still found after the cure: ${still.fact}`)
  yield* makeRoomForGood(stage, lab, place)
}

/** What was deleted made room for one run; the limits that its owner sets make room for all. */
async function* makeRoomForGood(stage: Stage, lab: Lab, place: Place): AsyncIterable<Act> {
  const next = await findingIn(stage, place, 'exposed')
  const edit = next?.remedy.find((step) => step.do === 'edit')
  if (edit?.do !== 'edit') throw new Error(`expected an edit of the limits, found ${JSON.stringify(next ?? null)}`)
  yield { act: `looked: ${next?.fact}`, figures: { 'its edit': edit.why } }
  const spec = Object.fromEntries(edit.changes.map(({ path, after }) => [path[1], after]))
  await lab.send('PATCH', `${cronJobPath}/report`, { spec })
  const cleaned = await waitFor(stage.signal, 30, async () => ((await usedOf(lab)) < kept ? true : undefined))
  yield {
    act: 'its owner sets the limits, and the controller itself cleans up',
    figures: { ...spec, 'Jobs left': (await jobsOf(lab)).length, 'after (s)': cleaned.seconds },
  }
  const verdicts = await stage.look(place)
  const found = verdicts.find(({ verdict }) => verdict.verdict === 'found' || verdict.verdict === 'unknown')
  if (found) throw new Error(`still found after the edit: ${JSON.stringify(found.verdict)}`)
  yield { act: 'looked: clear', figures: {} }
}

const isSame =
  (one: Named) =>
  ({ metadata }: Named): boolean =>
    metadata.uid === one.metadata.uid

/** A CronJob with as many finished Jobs as it keeps, a quota of as many, and a run that is due. */
async function fillQuota(stage: Stage, lab: Lab): Promise<Act> {
  const now = Date.now()
  const { spec, due } = hourly(now)
  await lab.send('POST', cronJobPath, {
    apiVersion: 'batch/v1beta1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec,
  })
  const [cronJob] = await lab.list<Named>(cronJobPath)
  const numbers = Array.from({ length: kept }, (_, place) => place + 1)
  await Promise.all(
    numbers.map((number) => {
      const ended = now - (kept + 1 - number) * 60 * minute
      return finishedJob(stage, lab, jobName(number), cronJob?.metadata.uid ?? '', ended)
    }),
  )
  const hard = { [jobCount]: String(kept) }
  await lab.send('POST', quotaPath, { metadata: { name: 'few-jobs' }, spec: { hard } })
  await waitFor(stage.signal, 20, async () => ((await usedOf(lab)) === kept ? true : undefined))
  // The newest run that was due is the one that starts: half an hour ago, so that none comes while this goes on.
  const status = { lastScheduleTime: timeText(due - 60 * minute) }
  await lab.send('PATCH', `${cronJobPath}/report/status`, { status })
  await lab.send('PATCH', `${cronJobPath}/report`, { spec: { suspend: false } })
  return {
    act: `a CronJob keeps ${kept} finished Jobs, and its namespace has a quota of ${kept}`,
    figures: { CronJob: `${namespace}/report`, 'its run was due': timeText(due) },
  }
}

const template = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
}

function hourly(now: number) {
  const due = Math.floor((now - 30 * minute) / minute) * minute
  const schedule = `${new Date(due).getUTCMinutes()} * * * *`
  return { due, spec: { schedule, suspend: true, jobTemplate: { spec: { template } } } }
}

/**
 * Nothing runs Pods here, so that a Job has ended is said to the API server by hand, once the Job controller has written its own first
 * status, which would take its place. `ended`: ms UTC.
 */
async function finishedJob(stage: Stage, lab: Lab, name: string, uid: string, ended: number): Promise<void> {
  const owner = { apiVersion: 'batch/v1beta1', kind: 'CronJob', name: 'report', uid, controller: true }
  await lab.send('POST', jobPath, { metadata: { name, ownerReferences: [owner] }, spec: { template } })
  await waitFor(stage.signal, 20, async () => (await jobsOf(lab, name))[0]?.status?.startTime)
  const at = timeText(ended)
  const conditions = [{ type: 'Complete', status: 'True', lastProbeTime: at, lastTransitionTime: at }]
  const status = { startTime: timeText(ended - minute), completionTime: at, active: 0, succeeded: 1, conditions }
  await lab.send('PATCH', `${jobPath}/${name}/status`, { status })
}

/** How many Jobs the quota counts; -1 as long as it has not been counted. */
async function usedOf(lab: Lab): Promise<number> {
  const [quota] = await lab.list<Quota>(quotaPath)
  return Number(quota?.status?.used?.[jobCount] ?? -1)
}

const jobsOf = (lab: Lab, name?: string): Promise<readonly Named[]> =>
  lab.list<Named>(jobPath, name === undefined ? undefined : `metadata.name=${name}`)

const refusalOf = async (lab: Lab): Promise<Named | undefined> =>
  (await lab.list<Named>(`/api/v1/namespaces/${namespace}/events`, 'involvedObject.name=report')).find(
    ({ reason, message }) => reason === 'FailedCreate' && message?.includes('exceeded quota'),
  )

async function findingIn(stage: Stage, place: Place, state: Finding['state']): Promise<Finding | undefined> {
  const verdicts = await stage.look(place)
  return verdicts
    .flatMap(({ verdict }) => (verdict.verdict === 'found' ? verdict.findings : []))
    .find((finding) => finding.state === state)
}

const evidenceOf = (finding: Finding): Record<string, Json> =>
  Object.fromEntries(finding.evidence.map(({ name, value }) => [name, value]))
