// What runtimes say, and what they don't, with the shim of one container frozen: on a real containerd and a real dockerd.
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { command } from '../src/lab/command.ts'
import { type LabContainer, type LabContainerd, startContainerd } from '../src/lab/containerd.ts'
import { type LabDockerd, startDockerd } from '../src/lab/dockerd.ts'
import { stopProcess } from '../src/lab/processes.ts'
import { containerdRuntime } from '../src/runtimes/containerd.ts'
import { dockerRuntime } from '../src/runtimes/docker.ts'
import { findRuntimes, openRuntime } from '../src/runtimes/find.ts'
import type { Inspection, Runtime } from '../src/runtimes/runtime.ts'
import { runtimesOrSkip } from './require-runtimes.ts'

const skip = runtimesOrSkip()

/** ms; a healthy answer takes 1 to 20. */
const soon = 1_000

const podLabels = (name: string, container?: string): Record<string, string> => ({
  'io.kubernetes.pod.namespace': 'shop',
  'io.kubernetes.pod.name': name,
  'io.kubernetes.pod.uid': `uid-of-${name}`,
  ...(container && { 'io.kubernetes.container.name': container }),
})

const running = ({ pid }: LabContainer): Partial<Inspection> => ({ answer: 'told', state: 'running', pid })

/** Asks anew until the answer holds: a runtime needs a moment to notice a death. */
async function until(runtime: Runtime, id: string, expected: Partial<Inspection>): Promise<void> {
  await expect.poll(() => runtime.inspect(id, soon), { timeout: 10_000 }).toMatchObject(expected)
}

async function frozen<T>(pid: number, during: () => Promise<T>): Promise<T> {
  await stopProcess(pid)
  try {
    return await during()
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

describe.skipIf(skip)('containerd', () => {
  let containerd: LabContainerd
  let runtime: Runtime
  let sandbox: LabContainer
  let app: LabContainer
  let neighbour: LabContainer
  let ofDocker: LabContainer

  beforeAll(async () => {
    containerd = await startContainerd()
    runtime = containerdRuntime(containerd.socket)
    const kind = (is: string) => ({ 'io.cri-containerd.kind': is })
    sandbox = await containerd.run({ labels: { ...podLabels('cart'), ...kind('sandbox') } })
    app = await containerd.run({
      labels: { ...podLabels('cart', 'app'), ...kind('container') },
      annotations: { 'io.kubernetes.cri.sandbox-id': sandbox.id },
    })
    neighbour = await containerd.run()
    ofDocker = await containerd.run({ namespace: 'moby' })
  })
  afterAll(async () => {
    await runtime?.close()
    await containerd?.stop()
  })

  it('lists the containers of both namespaces, with Pod, sandbox and time', async () => {
    const pod = { namespace: 'shop', name: 'cart', uid: 'uid-of-cart' }
    const listed = await runtime.list(soon)
    if ('because' in listed) throw new Error(listed.because)
    const of = ({ id }: LabContainer) => listed.find((one) => one.id === id)
    expect(listed).toHaveLength(4)
    expect(of(sandbox)).toMatchObject({ name: 'cart', sandbox: true, state: 'unknown', pod })
    expect(of(app)).toMatchObject({
      name: 'app',
      sandbox: false,
      sandboxId: sandbox.id,
      pod: { ...pod, container: 'app' },
    })
    expect(of(neighbour)).toEqual({
      id: neighbour.id,
      name: neighbour.id,
      sandbox: false,
      state: 'unknown',
      createdAt: expect.any(Number),
    })
    expect(of(ofDocker)?.id).toBe(ofDocker.id)
    for (const { createdAt = 0 } of listed) expect(Math.abs(Date.now() - createdAt)).toBeLessThan(120_000)
  })

  it('answers, and tells of each container in ms; one that never was is gone', async () => {
    expect(await runtime.answers(soon)).toEqual({ ms: expect.any(Number) })
    for (const one of [sandbox, app, neighbour, ofDocker]) {
      expect(await runtime.inspect(one.id, soon)).toMatchObject(running(one))
    }
    expect(await runtime.inspect('0'.repeat(64), soon)).toMatchObject({ answer: 'gone' })
  })

  it('with a frozen shim says nothing of its pod, and all of the others', async () => {
    expect(app.shim).toBe(sandbox.shim)
    await frozen(app.shim, async () => {
      const [ofApp, ofSandbox, ofNeighbour] = await Promise.all(
        [app, sandbox, neighbour].map(({ id }) => runtime.inspect(id, soon)),
      )
      expect(ofApp?.answer).toBe('nothing')
      expect(ofApp?.ms).toBeGreaterThan(soon - 5)
      expect(ofApp?.ms).toBeLessThan(soon + 500)
      expect(ofSandbox?.answer).toBe('nothing')
      expect(ofNeighbour).toMatchObject(running(neighbour))
      expect(ofNeighbour?.ms).toBeLessThan(soon / 2)
      expect(await runtime.answers(soon)).toEqual({ ms: expect.any(Number) })
      expect(await runtime.list(soon)).toHaveLength(4)
    })
    await until(runtime, app.id, running(app))
  })

  it("takes containerd's own giving up, after 2 s, for no answer", async () => {
    const answer = await frozen(neighbour.shim, () => runtime.inspect(neighbour.id, 10_000))
    expect(answer.answer).toBe('nothing')
    expect(answer.ms).toBeGreaterThan(1_900)
    expect(answer.ms).toBeLessThan(5_000)
  })

  it('with its shim killed, a container is told to have exited, and is gone once it is deleted', async () => {
    const { id, shim } = await containerd.run()
    await stopProcess(shim)
    process.kill(shim, 'SIGKILL')
    await until(runtime, id, { answer: 'told', state: 'exited' })
    await command('ctr', ['-a', containerd.socket, '-n', 'k8s.io', 'container', 'delete', id])
    await until(runtime, id, { answer: 'gone' })
    expect(await runtime.inspect(neighbour.id, soon)).toMatchObject(running(neighbour))
  })

  it('frozen itself, gives no answer to anything, and all of them again afterwards', async () => {
    await frozen(containerd.daemon.pid, async () => {
      const because = expect.stringContaining('no whole answer in time')
      expect(await runtime.answers(300)).toMatchObject({ because })
      expect(await runtime.list(300)).toMatchObject({ because })
      expect(await runtime.inspect(app.id, 300)).toMatchObject({ answer: 'nothing' })
    })
    await until(runtime, app.id, running(app))
  })

  it("is found below a node's root, though /var/run there is a link to /run", async () => {
    const root = join(containerd.folder, 'node')
    mkdirSync(join(root, 'run/containerd'), { recursive: true })
    mkdirSync(join(root, 'var'))
    symlinkSync('/run', join(root, 'var/run'))
    linkSync(containerd.socket, join(root, 'run/containerd/containerd.sock'))
    linkSync(containerd.socket, join(root, 'run/docker.sock')) // not what its name says
    const found = await findRuntimes({ root }, soon)
    expect(found).toEqual([
      { socket: join(root, 'run/containerd/containerd.sock'), name: 'containerd' },
      { socket: join(root, 'run/docker.sock'), name: 'containerd' },
    ])
    const opened = found.flatMap((one) => openRuntime(one) ?? [])
    onTestFinished(() => Promise.all(opened.map((one) => one.close())).then(() => undefined))
    for (const one of opened) expect(await one.list(soon)).toHaveLength(4)
  })
})

describe.skipIf(skip)('Docker', () => {
  let dockerd: LabDockerd
  let runtime: Runtime
  let sandbox: LabContainer
  let app: LabContainer
  let other: LabContainer

  beforeAll(async () => {
    dockerd = await startDockerd()
    runtime = dockerRuntime(dockerd.socket)
    const type = (is: string) => ({ 'io.kubernetes.docker.type': is })
    sandbox = await dockerd.run({
      name: 'k8s_POD_cart_shop',
      labels: { ...podLabels('cart', 'POD'), ...type('podsandbox') },
    })
    app = await dockerd.run({
      name: 'k8s_app_cart_shop',
      labels: { ...podLabels('cart', 'app'), ...type('container'), 'io.kubernetes.sandbox.id': sandbox.id },
    })
    other = await dockerd.run({ name: 'other' })
  })
  afterAll(async () => {
    await runtime?.close()
    await dockerd?.stop()
  })

  /** As many as are open at the daemon's side: /proc/net/unix names the path only there; state 03 is connected. */
  const connections = (): number =>
    readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .filter((line) => line.endsWith(` ${dockerd.socket}`) && line.split(/\s+/)[5] === '03').length

  /** Inspection hangs once somebody has called stop on a container with a frozen shim. */
  async function hanging(container: LabContainer): Promise<{ stopped: Promise<void> }> {
    expect(await runtime.inspect(container.id, soon)).toMatchObject(running(container))
    const stopped = dockerd.stopContainer(container.id, 1).catch(() => undefined)
    await expect
      .poll(() => runtime.inspect(container.id, 500), { timeout: 10_000 })
      .toMatchObject({ answer: 'nothing' })
    return { stopped }
  }

  it('lists containers with Pod, sandbox, state and time, and tells of each in ms', async () => {
    const pod = { namespace: 'shop', name: 'cart', uid: 'uid-of-cart' }
    const createdAt = expect.any(Number)
    const listed = await runtime.list(soon)
    expect(listed).toHaveLength(3)
    expect(listed).toEqual(
      expect.arrayContaining([
        { id: sandbox.id, name: 'k8s_POD_cart_shop', state: 'running', sandbox: true, createdAt, pod },
        {
          id: app.id,
          name: 'k8s_app_cart_shop',
          state: 'running',
          sandbox: false,
          sandboxId: sandbox.id,
          createdAt,
          pod: { ...pod, container: 'app' },
        },
        { id: other.id, name: 'other', state: 'running', sandbox: false, createdAt },
      ]),
    )
    for (const one of [sandbox, app, other]) expect(await runtime.inspect(one.id, soon)).toMatchObject(running(one))
    expect(await runtime.inspect('0'.repeat(64), soon)).toMatchObject({ answer: 'gone' })
  })

  it('with a frozen shim that was to stop says nothing, lists all the same, and is asked no second time', async () => {
    await frozen(app.shim, async () => {
      await hanging(app)
      expect(await runtime.liveRestore?.(3000)).toBe(false)
      const before = { connections: connections(), goroutines: await dockerd.goroutines() }
      const again = await Promise.all(Array.from({ length: 40 }, () => runtime.inspect(app.id, 200)))
      for (const { answer, ms } of again)
        expect({ answer, asked: ms > 200 }).toEqual({ answer: 'nothing', asked: true })
      expect(before.connections).toBeGreaterThan(0)
      expect(connections()).toBe(before.connections)
      expect(await dockerd.goroutines()).toBeLessThan(before.goroutines + 5)
      expect(await runtime.answers(soon)).toEqual({ ms: expect.any(Number) })
      expect(await runtime.list(soon)).toHaveLength(3)
      expect(await runtime.inspect(other.id, soon)).toMatchObject(running(other))
    })
    await until(runtime, app.id, { answer: 'told', state: 'exited' })
  })

  it('with the frozen shim killed tells of the end, and the stop ends too', async () => {
    const killed = await dockerd.run({ name: 'killed' })
    await stopProcess(killed.shim)
    const { stopped } = await hanging(killed)
    process.kill(killed.shim, 'SIGKILL')
    await until(runtime, killed.id, { answer: 'told', state: 'exited' })
    await stopped
    expect(await runtime.inspect(other.id, soon)).toMatchObject(running(other))
  })

  it('frozen itself, gives no answer to anything, and all of them again afterwards', async () => {
    await frozen(dockerd.daemon.pid, async () => {
      const because = expect.stringContaining('no whole answer in time')
      expect(await runtime.answers(300)).toMatchObject({ because })
      expect(await runtime.list(300)).toMatchObject({ because })
      expect(await runtime.inspect(other.id, 300)).toMatchObject({ answer: 'nothing' })
    })
    await until(runtime, other.id, running(other))
  })

  it('says what it is, as does the containerd below it', async () => {
    const { socket } = dockerd
    expect(await findRuntimes({ socket }, soon)).toEqual([{ socket, name: 'docker' }])
    const below = containerdRuntime(dockerd.containerd.socket)
    onTestFinished(() => below.close())
    expect(await below.inspect(other.id, soon)).toMatchObject(running(other))
  })
})

describe.skipIf(skip)('the lab', () => {
  it('leaves nothing behind, though a shim is frozen and the daemon was killed', async () => {
    const containerd = await startContainerd()
    const { pid, shim } = await containerd.run()
    await stopProcess(shim)
    process.kill(containerd.daemon.pid, 'SIGKILL')
    await sleep(100)
    await containerd.stop()
    for (const one of [pid, shim]) expect(() => process.kill(one, 0)).toThrow('ESRCH')
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(containerd.folder)
    expect(existsSync(containerd.folder)).toBe(false)
    expect(await command('find', ['/sys/fs/cgroup', '-name', containerd.cgroup])).toBe('')
  })
})
