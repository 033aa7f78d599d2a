// What CRI-O stands on below its CRI: a real conmon above a real container of runc, as the agent and its hands meet it.
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { lookAround } from '../src/agent/round.ts'
import type { Step } from '../src/contract/hazard.ts'
import { type ConmonContainer, conmonHint, type LabConmon, startConmonLab } from '../src/lab/conmon.ts'
import { holdInNewFreezer } from '../src/lab/freezers.ts'
import { stateOf, stopProcess } from '../src/lab/processes.ts'
import { type ContainerState, containerState } from '../src/linux/container-processes.ts'
import { isOver } from '../src/linux/process.ts'
import { processTree } from '../src/linux/process-tree.ts'
import { containerCgroups, readCgroupLayout } from '../src/node/cgroup-state.ts'
import { nodeHands } from '../src/node/hands.ts'
import { readProcess, readProcesses } from '../src/node/processes.ts'
import { continueShimArm, endShimArm } from '../src/node/shim-arms.ts'
import { crioRuntime } from '../src/runtimes/cri-o.ts'
import { criOInfo, fakeCriO } from '../src/runtimes/fixtures/fake-cri-o.ts'
import { runtimesOrSkip } from './require-runtimes.ts'

const skip = runtimesOrSkip()
const hint = skip ? undefined : conmonHint()
if (hint !== undefined) process.stderr.write(`skipped for want of conmon: ${hint}\n`)

const labels = {
  'io.kubernetes.pod.namespace': 'shop',
  'io.kubernetes.pod.name': 'cart',
  'io.kubernetes.pod.uid': 'uid-of-cart',
}

describe.skipIf(skip || hint !== undefined)('a container under a real conmon', () => {
  let lab: LabConmon
  const releases: (() => void)[] = []
  beforeAll(async () => {
    lab = await startConmonLab()
  })
  afterEach(() => {
    for (const release of releases.splice(0)) release()
  })
  afterAll(() => lab?.stop())

  const name = 'k8s_app_cart_shop_0b6c12f8-8f6e-4b8f-9d3c-5f0b8b7a6c11_0'
  /** As the agent looks: the kernel's word alone. */
  const look = ({ id }: ConmonContainer): ContainerState => {
    const tree = processTree(readProcesses('/proc'))
    const layout = readCgroupLayout('/proc')
    if (layout === undefined) throw new Error('no cgroups are mounted')
    return containerState(tree, { id, sandboxId: 'f'.repeat(64) }, containerCgroups('/sys/fs/cgroup', layout).read(id))
  }
  const shimOf = ({ shim }: ConmonContainer) => {
    const found = readProcess('/proc', shim)
    if (!found) throw new Error(`no conmon ${shim}`)
    return { pid: shim, startTicks: found.startTicks, command: found.command.join(' ') }
  }
  const steps = (container: ConmonContainer) => {
    const target = { source: { node: 'here' }, kind: 'Container', name: 'app', uid: container.id }
    const same = { why: 'a test', target, shim: shimOf(container) }
    return {
      goOn: { do: 'continue-shim', ...same } satisfies Step,
      end: { do: 'end-shim', ...same, alsoEnds: [] } satisfies Step,
    }
  }
  const hands = () => nodeHands({ proc: '/proc', cgroup: '/sys/fs/cgroup' })
  const lives = (pid: number): boolean => {
    const now = readProcess('/proc', pid)
    return now !== undefined && !isOver(now)
  }

  it('is found with its conmon, Pod and processes, and none of its neighbour', async () => {
    const neighbour = await lab.run(name)
    const container = await lab.run(name, ['sh', '-c', 'sleep 86400 & wait'])
    await expect.poll(() => look(container).processes).toHaveLength(2)
    const state = look(container)
    expect(state.condition).toBe('alive')
    expect(state.processes[0]?.process.pid).toBe(container.pid)
    expect(state.processes.map(({ process: { pid } }) => pid)).not.toContain(neighbour.pid)
    expect(state.shims).toHaveLength(1)
    expect(state.shims[0]).toMatchObject({
      process: { pid: container.shim },
      children: [{ pid: container.pid }],
      shim: {
        kind: 'conmon',
        id: container.id,
        servesPod: false,
        killable: true,
        pod: { namespace: 'shop', name: 'cart', uid: '0b6c12f8-8f6e-4b8f-9d3c-5f0b8b7a6c11', container: 'app' },
      },
    })
  })

  it('is seen whole by a round of the agent: what CRI-O claims by its memory, and what is left of it', async () => {
    const container = await lab.run(name)
    await stopProcess(container.shim)
    process.kill(container.pid, 'SIGKILL')
    await expect.poll(() => stateOf(container.pid)).toBe('Z')
    const socket = join(tmpdir(), `${lab.cgroup}.sock`)
    const one = { id: container.id, podSandboxId: 'e'.repeat(64), metadata: { name: 'app' }, state: 1, labels }
    const fake = await fakeCriO(socket, 'runtime.v1', {
      Version: () => ({ runtimeName: 'cri-o' }),
      ListPodSandbox: () => ({ items: [{ id: 'e'.repeat(64), state: 0, labels }] }),
      ListContainers: () => ({ containers: [one] }),
      ContainerStatus: () => ({ status: { state: 1 }, info: criOInfo({ pid: container.pid }) }),
      PodSandboxStatus: () => ({ status: { state: 0 }, info: criOInfo({}) }),
    })
    const runtime = crioRuntime(socket)
    releases.push(() => fake.stop())
    releases.push(() => void runtime.close())
    const limits = { callMs: 5_000, inspectMs: 5_000 }
    const round = await lookAround({
      runtime,
      roots: { proc: '/proc', cgroup: '/sys/fs/cgroup' },
      limits,
      node: 'here',
    })
    if ('unread' in round.containers) throw new Error(round.containers.unread)
    const [ofSandbox, ofApp] = round.containers.map(({ object }) => object)
    expect(ofSandbox).toMatchObject({
      sandbox: true,
      inspection: { answer: 'gone' },
      condition: { is: 'no-processes' },
    })
    expect(ofApp).toMatchObject({
      claims: 'running',
      inspection: { answer: 'told', state: 'running', pid: container.pid },
      condition: { is: 'only-zombies' },
      shims: [{ program: 'conmon', killable: true, self: { pid: container.shim, state: 'T' } }],
      podmates: [],
    })
  })

  it('has only zombies left where it died under a stopped conmon, which tells of it once it goes on', async () => {
    const container = await lab.run(name)
    await stopProcess(container.shim)
    process.kill(container.pid, 'SIGKILL')
    await expect.poll(() => stateOf(container.pid)).toBe('Z')
    const state = look(container)
    expect(state.condition).toBe('only-zombies')
    expect(state.processes.map(({ process: { pid } }) => pid)).toEqual([container.pid])
    expect(state.shims.map(({ process: { pid, state: is } }) => [pid, is])).toEqual([[container.shim, 'T']])
    expect(existsSync(container.exitFile)).toBe(false)
    expect(await continueShimArm(hands()).apply(steps(container).goOn)).toBe('done')
    await expect.poll(() => existsSync(container.exitFile), { timeout: 10_000 }).toBe(true)
    expect(readFileSync(container.exitFile, 'utf8')).toBe('137')
    await expect
      .poll(() => look(container), { timeout: 60_000 })
      .toMatchObject({ condition: 'no-processes', shims: [] })
  })

  it('lives on where its conmon was killed, below nobody', async () => {
    const container = await lab.run(name)
    process.kill(container.shim, 'SIGKILL')
    await expect.poll(() => lives(container.shim)).toBe(false)
    await expect.poll(() => look(container).shims).toEqual([])
    const state = look(container)
    expect(state.condition).toBe('alive')
    expect(state.processes.map(({ process: { pid } }) => pid)).toEqual([container.pid])
  })

  it('is ended with its conmon, which no SIGCONT frees, and its neighbour is untouched', async () => {
    const neighbour = await lab.run(name)
    const before = [shimOf(neighbour), readProcess('/proc', neighbour.pid)?.startTicks]
    const container = await lab.run(name, ['sh', '-c', 'sleep 86400 & wait'])
    await expect.poll(() => look(container).processes).toHaveLength(2)
    releases.push(holdInNewFreezer(container.shim, `${lab.cgroup}-held`))
    const { goOn, end } = steps(container)
    const processes = look(container).processes.map(({ process: { pid } }) => pid)
    await continueShimArm(hands()).apply(goOn)
    expect(lives(container.shim)).toBe(true)
    expect(await endShimArm(hands()).apply(end)).toBe('done')
    for (const pid of [container.shim, ...processes]) await expect.poll(() => lives(pid)).toBe(false)
    // The zombie goes to the init of the machine, which takes its time.
    const noneLeft = { condition: 'no-processes', processes: [], shims: [] }
    await expect.poll(() => look(container), { timeout: 60_000 }).toMatchObject(noneLeft)
    // Nobody tells CRI-O: it notices when the kubelet stops the container.
    expect(existsSync(container.exitFile)).toBe(false)
    expect([shimOf(neighbour), readProcess('/proc', neighbour.pid)?.startTicks]).toEqual(before)
  })

  it('is ended under a conmon that is well, which then tells of the end and goes by itself', async () => {
    const container = await lab.run(name)
    const { end } = steps(container)
    expect(await endShimArm(hands()).apply(end)).toBe('done')
    expect(lives(container.shim)).toBe(false)
    expect(readFileSync(container.exitFile, 'utf8')).toBe('137')
  })
})
