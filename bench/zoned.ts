// ZonedCronJobs beside the cluster's own CronJobs, on one real control plane: how late runs are that are due in the same minute,
// what each costs in requests, and what many cost of which nothing is due. `npm run bench -- zoned` runs this alone.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from 'kubernetes-types/batch/v1.js'
import { Agent, request } from 'undici'
import { parse } from 'yaml'
import { connect } from '../src/kubernetes/client.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { watch } from '../src/kubernetes/watch.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { cpuOf } from './agent.ts'
import { type BenchRow, less } from './table.ts'
import { ZonedController } from './zoned-controller.ts'

const crdFile = join(import.meta.dirname, '../charts/roadcrew/files/zonedcronjobs.yaml')
const due = Number(process.env.ROADCREW_BENCH_DUE ?? 2_000)
const idle = Number(process.env.ROADCREW_BENCH_IDLE ?? 20_000)
/** What is measured; for trying out one of them. */
const parts = (process.env.ROADCREW_BENCH_PARTS ?? 'polling,newer,zoned,idle').split(',')
const spaces = 50
const idleSeconds = 120
/** So long (ms) after the last Job requests are still counted. */
const mostAfter = 60_000

const native = '/apis/batch/v1beta1'
const own = '/apis/roadcrew.dev/v1'
/** A custom resource must say what it is. */
const zonedKind = { apiVersion: 'roadcrew.dev/v1', kind: 'ZonedCronJob' }
/** No Pods: the job controller is not what is measured. */
const jobTemplate = {
  spec: {
    template: {
      spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
    },
  },
}
/** The native controller at its best: nothing else of it runs, and its client does not hold it back. */
const atItsBest = ['--kube-api-qps=1000', '--kube-api-burst=1000', '--controllers=cronjob']

interface Phase {
  /** Of all runs, in order (ms). */
  readonly lateness: readonly number[]
  readonly requestsPerRun: number
}

export async function zonedBench(): Promise<BenchRow[]> {
  const lab = await startLab(new AbortController().signal)
  try {
    for (let space = 0; space < spaces; space++) {
      await lab.send('POST', '/api/v1/namespaces', { metadata: { name: `space-${space}` } })
    }
    await lab.send(
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      parse(readFileSync(crdFile, 'utf8')),
    )
    const peers: [name: string, phase: Phase][] = []
    for (const [name, more] of [
      ['polling', []],
      ['newer', ['--feature-gates=CronJobControllerV2=true']],
    ] as const) {
      if (!parts.includes(name)) continue
      await lab.restartControllerManager([...atItsBest, ...more])
      peers.push([`${name} controller`, await phase(lab, name, native, 'cronjobs')])
    }
    // Where there is no CronJob, their controller does nothing.
    const zoned = parts.includes('zoned')
      ? await ZonedController.during(lab, () => phase(lab, 'zoned', own, 'zonedcronjobs'))
      : undefined
    return [
      ...(zoned ? peers.flatMap(([name, peer]) => rowsOf(zoned, name, peer)) : []),
      ...(parts.includes('idle') ? await whileIdle(lab) : []),
    ]
  } finally {
    await lab.stop()
  }
}

function rowsOf(ours: Phase, peer: string, theirs: Phase): BenchRow[] {
  const of = `${due.toLocaleString('en')} runs due at once`
  return [
    less(`${of}: lateness, median`, at(ours.lateness, 0.5), peer, at(theirs.lateness, 0.5), 'ms'),
    less(`${of}: lateness, p99`, at(ours.lateness, 0.99), peer, at(theirs.lateness, 0.99), 'ms'),
    less(`${of}: requests for each`, ours.requestsPerRun, peer, theirs.requestsPerRun, 'requests'),
  ]
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN

/** Makes all of one kind, due in one minute of today, and watches their Jobs appear. */
async function phase(lab: Lab, name: string, api: string, resource: string): Promise<Phase> {
  progress(`${name}: making ${due} ${resource}`)
  const rate = 100 // a second, at least, that can be made
  const minute = Math.ceil((Date.now() + (due / rate) * 1000 + 40_000) / 60_000) * 60_000
  const time = new Date(minute)
  const schedule = `${time.getUTCMinutes()} ${time.getUTCHours()} * * *`
  await make(lab, due, (place) => [
    `${api}/namespaces/space-${place % spaces}/${resource}`,
    {
      ...(api === own && zonedKind),
      metadata: { name: `${name}-${place}` },
      spec: { schedule, jobTemplate, ...(api === own && { timeZone: 'Etc/UTC' }) },
    },
  ])
  if (Date.now() > minute - 5_000) throw new Error('they were made too slowly: the minute has come')
  await sleep(minute - 5_000 - Date.now())
  const before = await requests(lab)
  progress(`${name}: waiting for ${due} Jobs`)
  const lateness = await arrivals(lab, minute)
  // What follows a Job: statuses and Events. The newer controller goes on writing statuses for minutes.
  const until = Date.now() + mostAfter
  let after = await requests(lab)
  for (let last = -1; last !== after && Date.now() < until; ) {
    last = after
    await sleep(3_000)
    after = await requests(lab)
  }
  progress(`${name}: taking them away`)
  for (const one of [...Array(spaces).keys()]) {
    for (const path of [`${api}/namespaces/space-${one}/${resource}`, `/apis/batch/v1/namespaces/space-${one}/jobs`]) {
      await lab.send('DELETE', path, { propagationPolicy: 'Background' })
    }
  }
  const sorted = lateness.toSorted((a, b) => a - b)
  progress(`${name}: median ${at(sorted, 0.5)} ms, p99 ${at(sorted, 0.99)} ms, last ${at(sorted, 1)} ms`)
  return { lateness: sorted, requestsPerRun: (after - before) / due }
}

/** How late each Job was seen by one watch, which is the same for all (ms). */
async function arrivals(lab: Lab, at: number): Promise<readonly number[]> {
  const client = connect((await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })).target('lab'), {
    env: {},
  })
  const ends = new AbortController()
  try {
    const { metadata } = (await client.ask({ method: 'GET', path: '/apis/batch/v1/jobs' })) as {
      metadata: { resourceVersion: string }
    }
    const options = { resourceVersion: metadata.resourceVersion, signal: ends.signal, random: () => 0 }
    const seen: number[] = []
    for await (const { type, object } of watch(client, '/apis/batch/v1/jobs', options)) {
      if (type !== 'ADDED') continue
      const owner = (object as Job).metadata?.ownerReferences?.[0]
      if (owner) seen.push(Date.now() - at)
      if (seen.length === due) return seen
    }
    throw new Error(`the watch ended with ${seen.length} of ${due} Jobs`)
  } finally {
    ends.abort()
    await client.close()
  }
}

/** All that the API server has answered about them, but lists of whole clusters and watches. */
async function requests(lab: Lab): Promise<number> {
  const target = (await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })).target('lab')
  const { headers, tls } = await target.credentials()
  const dispatcher = new Agent({ connect: tls })
  const { body } = await request(`${target.server}/metrics`, { dispatcher, headers })
  const text = await body.text()
  await dispatcher.close()
  return (
    text
      .split('\n')
      .filter(
        (line) =>
          /^apiserver_request_total\{/.test(line) && /resource="(cronjobs|zonedcronjobs|jobs|events)"/.test(line),
      )
      // A read of one custom resource is counted as a list of its namespace.
      .filter((line) => !/verb="WATCH"/.test(line) && !/scope="cluster".*verb="LIST"/.test(line))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  )
}

async function make(
  lab: Lab,
  count: number,
  of: (place: number) => readonly [path: string, body: object],
): Promise<void> {
  const places = Array.from({ length: count }, (_, place) => place)
  const worker = async (): Promise<void> => {
    for (let place = places.pop(); place !== undefined; place = places.pop()) await lab.send('POST', ...of(place))
  }
  await Promise.all(Array.from({ length: 30 }, worker))
}

/** Many of which nothing is due: what they cost, and how soon after a restart all are known. */
async function whileIdle(lab: Lab): Promise<BenchRow[]> {
  progress(`idle: making ${idle} ZonedCronJobs`)
  await make(lab, idle, (place) => [
    `${own}/namespaces/space-${place % spaces}/zonedcronjobs`,
    {
      ...zonedKind,
      metadata: { name: `idle-${place}` },
      spec: { schedule: '30 2 1 1 *', timeZone: 'Europe/Berlin', jobTemplate },
    },
  ])
  progress('idle: until each has a status')
  await ZonedController.during(lab, (first) => first.untilPlanned(idle))
  progress('idle: starting it again')
  const began = performance.now()
  return ZonedController.during(lab, async (controller) => {
    await controller.untilPlanned(idle)
    return costOf(lab, controller, performance.now() - began)
  })
}

/** @param known how long after its start all next runs were known (ms). */
async function costOf(lab: Lab, controller: ZonedController, known: number): Promise<BenchRow[]> {
  const listing = performance.now()
  for (let next = ''; ; ) {
    const query = `?limit=500${next && `&continue=${next}`}`
    const { metadata } = (await lab.send('GET', `${own}/zonedcronjobs${query}`)) as { metadata: { continue?: string } }
    if (!metadata.continue) break
    next = metadata.continue
  }
  const listed = performance.now() - listing
  await sleep(10_000)
  progress(`idle: measuring for ${idleSeconds} s`)
  const before = cpuOf([controller.pid])
  await sleep(idleSeconds * 1000)
  const percent = (cpuOf([controller.pid]) - before) / idleSeconds / 10
  const rss = (await controller.metric('process_resident_memory_bytes')) / 2 ** 20
  const of = `${idle.toLocaleString('en')} idle ZonedCronJobs`
  return [
    less(`${of}: from a restart until all next runs are known`, known, 'one list of them', listed, 'ms'),
    less(`${of}: CPU`, percent, 'the goal', 1, '% of a core'),
    less(`${of}: memory`, rss, 'the goal', 350, 'MB'),
  ]
}

const progress = (text: string): void => {
  if (process.stderr.isTTY || process.env.ROADCREW_BENCH_PROGRESS) process.stderr.write(`${text}\n`)
}
