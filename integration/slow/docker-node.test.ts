// Two nodes with Docker and a real kubelet, at the same time: two containers of each can't be inspected and are to be stopped.
// Without the agent the whole node turns NotReady; with it, it never does.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LabNode, startNode } from '../../src/lab/kubelet.ts'
import { type Lab, startLab } from '../../src/lab/lab.ts'
import { pause } from '../../src/lab/pause.ts'
import { startOf } from '../../src/lab/processes.ts'
import { type ActingAgent, allowToAct, holdsBackFor, startAgent } from './acting-agent.ts'
import { nodeOrSkip } from './require-node.ts'
import { createNamespace, freezeAndDelete, grace, left, type Running, readyOf, runPods } from './workload.ts'

/** The kubelet's own timeouts of 2 minutes add up to 5 to 7 of them; more than this is another story (ms). */
const longest = 12 * 60_000

/** A broken Pod is to be gone so soon after its grace period (ms). */
const healsWithin = 60_000

describe.skipIf(nodeOrSkip())('a node with Docker', () => {
  const ends: (() => Promise<void>)[] = []
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    ends.push(() => lab.stop())
    await Promise.all([createNamespace(lab), allowToAct(lab)])
  })
  afterAll(async () => {
    for (const end of ends.reverse()) await end()
  })

  const start = (name: string): Promise<LabNode> => {
    const starting = startNode(lab, { name, runtime: 'docker' })
    // Also one that comes up while the test fails already.
    ends.push(() =>
      starting.then(
        (node) => node.stop(),
        () => undefined,
      ),
    )
    return starting
  }

  it('is never NotReady for two containers that can not be stopped, twice as long as it takes without the agent', async ({
    onTestFailed,
  }) => {
    const [bare, tended] = await Promise.all([start('bare'), start('tended')])
    const agent = startAgent(lab, tended)
    ends.push(() => agent.stop())
    onTestFailed(() => void process.stderr.write(agent.log()))
    const [alone, watched] = await Promise.all([untilNotReady(bare), heal(tended, agent)])
    expect(alone.message).toContain('PLEG is not healthy')
    process.stderr.write(
      `two frozen shims on Docker: NotReady ${seconds(alone.after)} s after their Pods were deleted; with the agent their Pods were gone ${seconds(watched.healed)} s after the end of their grace period\n`,
    )
    while (Date.now() < watched.frozenAt + 2 * alone.after) {
      await expectReadySince(tended, watched.readySince)
      await pause(2000)
    }
    watched.expectUntouched()
  })

  /** Freezes two of its three, and waits for what a node without an agent comes to. */
  async function untilNotReady(node: LabNode): Promise<{ readonly after: number; readonly message: string }> {
    const [first, second] = await runPods(lab, node, 3)
    const broken = two(first, second)
    const frozenAt = await freezeAndDelete(lab, broken)
    for (;;) {
      const { status, message = '' } = await readyOf(lab, node)
      if (status === 'False') {
        expect(await left(lab, node, broken)).toHaveLength(2)
        return { after: Date.now() - frozenAt, message }
      }
      if (Date.now() - frozenAt > longest) throw new Error(`${node.name} is still Ready: ${message}`)
      await pause(1000)
    }
  }

  /** The same once the agent acts, and waits until the two are gone. */
  async function heal(node: LabNode, agent: ActingAgent) {
    const [first, second, neighbour] = await runPods(lab, node, 3)
    await pause(agent.since + holdsBackFor + 15_000 - Date.now())
    const { lastTransitionTime: readySince = '' } = await readyOf(lab, node)
    const broken = two(first, second)
    const frozenAt = await freezeAndDelete(lab, broken)
    const overdueAt = frozenAt + grace * 1000
    await expect.poll(() => left(lab, node, broken), { timeout: grace * 1000 + healsWithin, interval: 500 }).toEqual([])
    const healed = Date.now() - overdueAt
    const done = agent.lines().filter(({ msg, outcome }) => msg === 'audit' && outcome === 'done')
    for (const { name } of broken) {
      expect(done).toContainEqual(
        expect.objectContaining({ hazard: 'stuck-container', subject: expect.stringContaining(name) }),
      )
    }
    await expectReadySince(node, readySince)
    const expectUntouched = (): void => {
      expect(startOf(neighbour?.container.pid ?? 0)).toBe(neighbour?.started)
      expect(startOf(neighbour?.container.shim ?? 0)).not.toBe('gone')
    }
    expectUntouched()
    return { frozenAt, healed, readySince, expectUntouched }
  }

  /** Ready, and never anything else since: the condition tells when it last changed. */
  async function expectReadySince(node: LabNode, since: string): Promise<void> {
    expect(await readyOf(lab, node)).toMatchObject({ status: 'True', lastTransitionTime: since })
  }
})

function two(first: Running | undefined, second: Running | undefined): readonly Running[] {
  if (!first || !second) throw new Error('fewer than two Pods run')
  return [first, second]
}

const seconds = (ms: number): number => Math.round(ms / 1000)
