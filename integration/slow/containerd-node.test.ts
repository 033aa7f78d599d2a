// A node with containerd and a real kubelet. One shim that does not answer leaves it Ready and blinds it: what the kubelet tells of
// itself and its containers hangs, while its health answers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LabNode, startNode } from '../../src/lab/kubelet.ts'
import { type Lab, startLab } from '../../src/lab/lab.ts'
import { pause } from '../../src/lab/pause.ts'
import { startOf, stopProcess } from '../../src/lab/processes.ts'
import { type ActingAgent, allowToAct, holdsBackFor, startAgent } from './acting-agent.ts'
import { nodeOrSkip } from './require-node.ts'
import { createNamespace, freezeAndDelete, grace, left, readyOf, runPods } from './workload.ts'

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

  it('tells nothing while a shim is frozen, is healthy and Ready all the same, and tells again once the agent has cured it', async () => {
    const [broken, neighbour] = await runPods(lab, node, 2)
    if (!broken || !neighbour) throw new Error('fewer than two Pods run')
    await expect.poll(all).toEqual([200, 200, 200])
    const { lastTransitionTime: readySince } = await readyOf(lab, node)

    await stopProcess(broken.container.shim)
    // What it asked for in the last seconds may still be answered.
    await expect.poll(all, { timeout: 60_000 }).toEqual(['hangs', 'hangs', 'hangs'])
    expect(await answers(node.healthz)).toBe(200)
    // Its Pod is wanted, and the agent leaves it alone.
    await pause(agent.since + holdsBackFor + 15_000 - Date.now())
    expect(await all()).toEqual(['hangs', 'hangs', 'hangs'])
    expect(await answers(node.healthz)).toBe(200)
    expect(agent.audits().filter(({ outcome }) => outcome === 'done')).toEqual([])
    expect(await readyOf(lab, node)).toMatchObject({ status: 'True', lastTransitionTime: readySince })

    const overdueAt = (await freezeAndDelete(lab, [broken])) + grace * 1000
    await expect
      .poll(() => left(lab, node, [broken]), { timeout: 65_000, interval: 500, message: agent.log() })
      .toEqual([])
    const healed = Date.now() - overdueAt
    await expect.poll(all, { timeout: 30_000 }).toEqual([200, 200, 200])
    process.stderr.write(
      `a frozen shim on containerd: ${told.join(', ')} hung for ${Math.round((overdueAt - agent.since) / 1000)} s with the node Ready; the Pod was gone ${Math.round(healed / 1000)} s after the end of its grace period\n`,
    )
    expect(agent.audits().filter(({ outcome }) => outcome === 'done')).toContainEqual(
      expect.objectContaining({ hazard: 'stuck-container', subject: expect.stringContaining(broken.name) }),
    )
    expect(startOf(neighbour.container.pid)).toBe(neighbour.started)
    expect(await readyOf(lab, node)).toMatchObject({ status: 'True', lastTransitionTime: readySince })
  })
})
