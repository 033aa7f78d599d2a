// A whole scan of a live cluster beside kubectl, which reads the same kinds from the same API server and judges nothing.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { largeFleet } from '../examples/large-fleet/fleet.ts'
import { create } from '../integration/create.ts'
import type { Hazard } from '../src/contract/hazard.ts'
import { hazards } from '../src/hazards/index.ts'
import { ApiError } from '../src/kubernetes/api-error.ts'
import { findControlPlane } from '../src/lab/control-plane.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { type BenchRow, less } from './table.ts'

const binary = join(import.meta.dirname, '../dist/main.js')
const rounds = 3
const atOnce = 40
const fleet = { workloads: 3000, pods: 30_000, cronJobs: 2000, cronJobVersion: 'batch/v1beta1' } as const

interface Run {
  readonly ms: number
  readonly megabytes: number
}

/** A program in a process of its own, with its time and its peak memory, which GNU time tells. */
function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Run {
  const began = performance.now()
  const { stderr, status } = spawnSync(
    'sh',
    ['-c', 'command time -f "peak %M" "$@" > /dev/null', 'sh', command, ...args],
    {
      encoding: 'utf8',
      env: { ...process.env, ...env },
      maxBuffer: 2 ** 28,
    },
  )
  const ms = performance.now() - began
  const peak = /peak (\d+)\s*$/.exec(stderr)?.[1]
  if (peak === undefined || (status !== 0 && status !== 1))
    throw new Error(`${command}: exit code ${status}: ${stderr}`)
  return { ms, megabytes: Number(peak) / 1024 }
}

/** Resources of the kinds that a scan reads whole, as kubectl names them. */
function resourcesRead(): string[] {
  const read = hazards.flatMap(({ manifest = [], cluster = [] }: Hazard) =>
    [...manifest, ...cluster].flatMap((one) => [one.of, ...Object.values(one.with)].flatMap(({ kinds }) => kinds)),
  )
  const whole = read.filter(({ api, metrics }) => api && !api.only && !metrics)
  return [...new Set(whole.map(({ kind, api }) => `${kind.toLowerCase()}${api?.group ? `.${api.group}` : ''}`))]
}

/** Those that the cluster has: the lab lacks what is newer, and whatever would be installed. */
const served = (lab: Lab, resources: readonly string[]): string[] =>
  resources.filter((one) => {
    const args = ['--kubeconfig', lab.kubeconfig, 'get', one, '-n', 'default', '-o', 'name']
    return spawnSync('kubectl', args, { encoding: 'utf8', maxBuffer: 2 ** 28 }).status === 0
  })

/** As somebody would create it: what the API server itself sets is not said. */
function asNew(object: object): { readonly kind: string } {
  const { metadata, ...rest } = object as {
    readonly kind: string
    readonly metadata: { readonly [key: string]: unknown }
  }
  const { resourceVersion: _, uid: __, generateName: ___, ...own } = metadata
  return { ...rest, metadata: own } as { readonly kind: string }
}

/** The fleet's names are drawn by chance: a few Pods have the name of another one, which no cluster has. */
async function createOnce(lab: Lab, object: ReturnType<typeof asNew>): Promise<void> {
  await create(lab, object).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error
  })
}

async function fill(lab: Lab): Promise<void> {
  const objects = [...largeFleet(fleet)].map(asNew)
  for (let from = 0; from < objects.length; from += atOnce)
    await Promise.all(objects.slice(from, from + atOnce).map((object) => createOnce(lab, object)))
}

const best = (runs: readonly Run[]): Run => ({
  ms: runs.map(({ ms }) => ms).toSorted((a, b) => a - b)[Math.floor(runs.length / 2)] ?? 0,
  megabytes: Math.max(...runs.map(({ megabytes }) => megabytes)),
})

/** 30,000 Pods, 3,000 workloads and 2,000 CronJobs with what hangs on them, in a real API server. */
export async function liveBench(): Promise<BenchRow[]> {
  if (!('found' in findControlPlane(process.env, homedir())))
    throw new Error('there is no control plane: see CONTRIBUTING.md')
  const lab = await startLab(new AbortController().signal)
  const controllers = lab.pids.filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('kube-controller'))
  try {
    // They would make Pods and Jobs of their own meanwhile.
    for (const pid of controllers) process.kill(pid, 'SIGSTOP')
    await fill(lab)
    const kinds = served(lab, resourcesRead())
    const env = { KUBECONFIG: lab.kubeconfig }
    const peers: Run[] = []
    const ours: Run[] = []
    for (let round = 0; round <= rounds; round++) {
      const each = kinds.map((kind) => run('kubectl', ['get', kind, '-A', '-o', 'json'], env))
      const peer = {
        ms: each.reduce((sum, { ms }) => sum + ms, 0),
        megabytes: Math.max(...each.map(({ megabytes }) => megabytes)),
      }
      const own = run(process.execPath, [binary, 'scan'], env)
      // The first round fills the caches of all.
      if (round > 0) peers.push(peer)
      if (round > 0) ours.push(own)
    }
    const what = `live scan of ${fleet.pods.toLocaleString('en')} Pods`
    return [
      less(what, best(ours).ms, `kubectl get, ${kinds.length} kinds`, best(peers).ms, 'ms'),
      less('its peak memory', best(ours).megabytes, 'the largest kubectl', best(peers).megabytes, 'MB'),
    ]
  } finally {
    for (const pid of controllers) process.kill(pid, 'SIGCONT')
    await lab.stop()
  }
}
