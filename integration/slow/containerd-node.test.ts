// A node with containerd and a real kubelet. One shim that does not answer leaves it Ready and blinds it: what the kubelet tells of
// itself and its containers hangs, while its health answers.
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { holdInNewFreezer } from '../../src/lab/freezers.ts'
import { type LabNode, startNode } from '../../src/lab/kubelet.ts'
import { type Lab, startLab } from '../../src/lab/lab.ts'
import { pause } from '../../src/lab/pause.ts'
import { startOf, stopProcess } from '../../src/lab/processes.ts'
import { type ActingAgent, allowToAct, holdsBackFor, type Line, startAgent } from './acting-agent.ts'
import { nodeOrSkip } from './require-node.ts'
import { createNamespace, deletePods, grace, left, type Running, readyOf, runPods } from './workload.ts'

const told = ['/metrics', '/metrics/resource', '/stats/summary']

/** Each of them takes milliseconds when all is well (ms). */
const patience = 8000

describe.skipIf(nodeOrSkip())('a node with containerd', () => {
  const ends: (() => Promise<void>)[] = []
  let lab: Lab
  let node: LabNode
  let agent: ActingAgent
  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    ends.push(() => lab.stop())
    await Promise.all([createNamespace(lab), allowToAct(lab)])
    node = await startNode(lab, { name: 'node-1', runtime: 'containerd' })
    ends.push(() => node.stop())
    agent = startAgent(lab, node)
    ends.push(() => agent.stop())
  })
  afterAll(async () => {
    for (const end of ends.reverse()) await end()
  })

  const answers = (url: string): Promise<number | 'hangs'> =>
    fetch(url, { signal: AbortSignal.timeout(patience) }).then(
      async (response) => {
        await response.text()
        return response.status
      },
      (error: Error) => {
        if (error.name === 'TimeoutError') return 'hangs'
        throw error
      },
    )
  const all = () => Promise.all(told.map((path) => answers(`${node.readOnly}${path}`)))

  const says = (wanted: Partial<Line>): boolean =>
    agent.lines().some((line) => Object.entries(wanted).every(([key, value]) => line[key as keyof Line] === value))
  const done = ({ name }: Running): boolean =>
    agent.lines().some(({ outcome, subject }) => outcome === 'done' && subject?.includes(name))
  const expectBlind = async (): Promise<void> => {
    // What it asked for a moment ago may still be answered.
    await expect.poll(all, { timeout: 60_000 }).toEqual(['hangs', 'hangs', 'hangs'])
    expect(await answers(node.healthz)).toBe(200)
  }
  const expectSeeing = () => expect.poll(all, { timeout: 30_000 }).toEqual([200, 200, 200])

  it('tells nothing while a shim does not answer, is healthy and Ready all the same, and tells again once the agent has cured it', async ({
    onTestFailed,
  }) => {
    onTestFailed(() => void process.stderr.write(agent.log()))
    const [stopped, held, neighbour] = await runPods(lab, node, 3)
    if (!stopped || !held || !neighbour) throw new Error('fewer than three Pods run')
    await expectSeeing()
    const { lastTransitionTime: readySince } = await readyOf(lab, node)

    // A stopped shim of a Pod that is wanted: nothing but SIGCONT, and nothing is lost.
    await stopProcess(stopped.container.shim)
    const since = Date.now()
    await expectBlind()
    await expect.poll(() => says({ hazard: 'blind-kubelet', is: 'found' }), { timeout: 120_000 }).toBe(true)
    await pause(agent.since + holdsBackFor - 2 * patience - Date.now())
    await expectBlind()
    expect(done(stopped)).toBe(false)
    await expect.poll(() => done(stopped), { timeout: 60_000 }).toBe(true)
    const blindFor = Date.now() - since
    await expectSeeing()
    expect(startOf(stopped.container.pid)).toBe(stopped.started)
    expect(await left(lab, node, [stopped])).toEqual([stopped.name])
    await expect.poll(() => says({ hazard: 'blind-kubelet', msg: 'ended' }), { timeout: 120_000 }).toBe(true)

    // A shim that SIGCONT does not free, of a Pod that should be gone: it is ended.
    const release = holdInNewFreezer(held.container.shim, `roadcrew-held-${held.container.shim}`)
    process.once('exit', release)
    ends.push(() => Promise.resolve(release()))
    await expectBlind()
    const overdueAt = (await deletePods(lab, [held])) + grace * 1000
    const gone = { timeout: 120_000, interval: 500 }
    await expect.poll(() => left(lab, node, [held]), gone).toEqual([])
    const healed = Date.now() - overdueAt
    await expectSeeing()
    expect(done(held)).toBe(true)
    expect(readdirSync(agent.evidence)).toHaveLength(1)

    expect(startOf(neighbour.container.pid)).toBe(neighbour.started)
    expect(await readyOf(lab, node)).toMatchObject({ status: 'True', lastTransitionTime: readySince })
    process.stderr.write(
      `a mute shim on containerd: ${told.join(', ')} hung for ${seconds(blindFor)} s with the node Ready, until the agent was old enough to act; a Pod whose shim SIGCONT did not free was gone ${seconds(healed)} s after the end of its grace period\n`,
    )
  })
})

const seconds = (ms: number): number => Math.round(ms / 1000)
