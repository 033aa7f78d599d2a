// Rollouts on a real kubelet, behind an nginx that learns of Pods by its watch: what they lose, when, and what they leave.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event, Pod } from 'kubernetes-types/core/v1.js'
import { afterAll, beforeAll, describe, expect, it, onTestFailed, vi } from 'vitest'
import { cgroupTrees } from '../src/lab/cgroup-trees.ts'
import { removeOrphans } from '../src/lab/lab-folder.ts'
import { removeOrphanedRuntimes } from '../src/lab/leftovers.ts'
import { connectedHeader, triedHeader } from '../src/lab/nginx.ts'
import { podHeader } from '../src/lab/pod-application.ts'
import type { PodEnd } from '../src/lab/pod-ends.ts'
import { type RolloutNode, startRolloutNode } from '../src/lab/rollout-node.ts'
import { type LoadPlan, startLoads } from '../src/rollout/load.ts'
import { isLost, type Outcome } from '../src/rollout/outcomes.ts'
import { processesOf } from './drill-process.ts'
import { rolloutNodeOrSkip } from './require-rollout-node.ts'

/** Of the build, as a process of its own runs it. */
const rolloutNode = join(import.meta.dirname, '../dist/lab/rollout-node.js')
const learnsAfterMs = 1500
const waitSeconds = 4
const never = new AbortController().signal

const said = (command: string, ...args: string[]): string => spawnSync(command, args, { encoding: 'utf8' }).stdout

/** Of the machine itself, which other labs leave alone too. */
const traces = () => ({
  links: readdirSync('/sys/class/net'),
  rules: said('iptables-save', '-t', 'nat')
    .split('\n')
    .filter((line) => line.startsWith('-A')),
})

/** No process, mount, cgroup or file of a lab that stood on that folder. @param names of what was in it. */
function expectNothingOf(folder: string, names: readonly string[]): void {
  expect(names).toContainEqual(expect.stringMatching(/^roadcrew-/))
  expect(processesOf(folder)).toEqual([])
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder)
  expect(readdirSync(folder)).toEqual([])
  expect(cgroupTrees().flatMap((tree) => names.filter((name) => existsSync(join(tree, name))))).toEqual([])
}

describe.skipIf(rolloutNodeOrSkip())('a rollout on a real kubelet', () => {
  let folder = ''
  let node: RolloutNode
  let before: ReturnType<typeof traces>
  beforeAll(async () => {
    before = traces()
    folder = mkdtempSync(join(tmpdir(), 'roadcrew-rollout-'))
    vi.stubEnv('TMPDIR', folder)
    const began = Date.now()
    node = await startRolloutNode(never, { learnsAfterMs })
    process.stderr.write(`a node for rollouts was up after ${seconds(Date.now() - began)} s\n`)
  })
  afterAll(async () => {
    await node?.stop()
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Restarts a Deployment while requests go to it, by nginx with retries and without. */
  async function underLoad(name: string, restart: () => Promise<readonly PodEnd[]>) {
    const plan = (retries: boolean): LoadPlan => ({
      arrivals: { perSecond: 40, offsetMs: retries ? 0 : 12 },
      target: () => node.urlOf(name, retries),
      ...{
        method: 'POST',
        connections: 'fresh',
        timeoutMs: 20_000,
        body: 'order',
        keepHeaders: [podHeader, triedHeader, connectedHeader],
      },
    })
    const startedAt = Date.now()
    const { loads } = startLoads([plan(true), plan(false)], never)
    const ends = await restart()
    const outcomes = (await Promise.all(loads.map((load) => load.stop()))).flat()
    const lost = outcomes.filter(isLost).length
    onTestFailed(() => {
      const losses = outcomes
        .filter(isLost)
        .map(({ sentMs, endedMs, result }) => ({ at: startedAt + sentMs, took: endedMs - sentMs, result }))
      process.stderr.write(`${name}: ${JSON.stringify({ ends, first: losses.slice(0, 5), last: losses.slice(-5) })}\n`)
    })
    process.stderr.write(`${name}: ${lost} of ${outcomes.length} requests lost; ${ends.map(endText).join('; ')}\n`)
    return { ends, outcomes, lost }
  }

  const podsIn = (outcomes: readonly Outcome[]): ReadonlySet<string> =>
    new Set(outcomes.flatMap(({ result }) => ('status' in result ? [result.headers[podHeader] ?? ''] : [])))

  it('sends to Pods that have addresses of their own and the same port', async () => {
    await node.deploy({ name: 'ending', replicas: 2 })
    const pods = await node.lab.list<Pod>('/api/v1/namespaces/default/pods')
    const addresses = pods.map(({ status }) => status?.podIP ?? '')
    expect(new Set(addresses).size).toBe(2)
    for (const address of addresses) expect(address).toMatch(/^10\.245\.0\./)
    expect(node.reloads().at(-1)?.pods.ending?.toSorted()).toEqual(
      pods.map(({ metadata }) => metadata?.name).toSorted(),
    )
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(node.urlOf('ending', true))))
    expect(new Set(answers.map(({ headers }) => headers.get(podHeader)))).toEqual(
      new Set(pods.map(({ metadata }) => metadata?.name)),
    )
  })

  it('loses requests where Pods stop at once', async () => {
    const { ends, lost, outcomes } = await underLoad('ending', () => node.restart('ending'))
    expect(ends).toHaveLength(2)
    expect(lost).toBeGreaterThan(0)
    expect(podsIn(outcomes).size).toBeGreaterThanOrEqual(4)
    for (const { deletedAt, sigtermAt = 0, noEndpointAt = 0, notSentToAt = 0 } of ends) {
      expect(sigtermAt).toBeGreaterThan(deletedAt - 1000)
      expect(noEndpointAt).toBeGreaterThan(deletedAt - 1000)
      expect(notSentToAt).toBeGreaterThan(noEndpointAt)
    }
  })

  it('loses them as well where the application drains: nginx goes on sending to what does not listen any more', async () => {
    await node.deploy({ name: 'draining', replicas: 2, atSigterm: 'drains' })
    expect((await underLoad('draining', () => node.restart('draining'))).lost).toBeGreaterThan(0)
  })

  it('loses none where they wait for longer than nginx takes to learn of it', async () => {
    await node.deploy({ name: 'waiting', replicas: 2, waitSeconds })
    const { ends, lost } = await underLoad('waiting', () => node.restart('waiting'))
    expect(lost).toBe(0)
    expect(ends).toHaveLength(2)
    for (const { deletedAt, sigtermAt = 0, notSentToAt = Number.POSITIVE_INFINITY } of ends) {
      expect(sigtermAt - deletedAt).toBeGreaterThan(waitSeconds * 1000 - 500)
      expect(notSentToAt).toBeLessThan(sigtermAt)
    }
  })

  it('is told of as ingress-nginx does: an event that counts its reloads', async () => {
    const events = () => node.lab.list<Event>('/api/v1/namespaces/default/events', 'reason=RELOAD')
    await expect.poll(async () => (await events()).map(({ count }) => count)).toEqual([node.reloads().length])
  })

  it('leaves nothing', async () => {
    const names = readdirSync(folder)
    await node.stop()
    expectNothingOf(folder, names)
    expect(traces()).toEqual(before)
  })

  it.each([2, 12])('that is stopped %i s after its start leaves nothing', async (afterSeconds) => {
    const abort = new AbortController()
    let names: readonly string[] = []
    setTimeout(() => {
      names = readdirSync(folder)
      abort.abort()
    }, afterSeconds * 1000)
    const run = async (): Promise<void> => {
      const started = await startRolloutNode(abort.signal)
      try {
        await started.deploy({ name: 'many', replicas: 10 })
      } finally {
        await started.stop()
      }
    }
    await expect(run()).rejects.toThrow()
    expectNothingOf(folder, names)
    expect(traces()).toEqual(before)
  })

  it('whose owner is killed is taken down by the next one', async () => {
    const script = `
      const { startRolloutNode } = await import(${JSON.stringify(rolloutNode)})
      const node = await startRolloutNode(new AbortController().signal)
      await node.deploy({ name: 'orphan', replicas: 1 })
      console.log('up')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = new Promise((resolve) => child.once('exit', resolve))
    await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), exited])
    const names = readdirSync(folder)
    child.kill('SIGKILL')
    await exited
    expect(processesOf(folder)).not.toEqual([])
    removeOrphanedRuntimes(folder)
    removeOrphans(folder)
    await expect.poll(() => processesOf(folder)).toEqual([]) // nginx ends by itself
    expectNothingOf(folder, names)
    expect(traces()).toEqual(before)
  })
})

const seconds = (ms: number): number => Math.round(ms / 100) / 10

const endText = ({ pod, deletedAt, noEndpointAt, notSentToAt, sigtermAt }: PodEnd): string => {
  const after = (at: number | undefined): string => (at === undefined ? '?' : `${seconds(at - deletedAt)} s`)
  return `${pod}: no endpoint after ${after(noEndpointAt)}, SIGTERM ${after(sigtermAt)}, nginx told ${after(notSentToAt)}`
}
