// CRI-O is in no package of Debian 12, so its two halves are tested on what is. This is its CRI, on the CRI of a real containerd:
// the messages are the same; the locks are not, and what only CRI-O says is in src/runtimes/cri-o.test.ts. Its processes are in
// conmon.test.ts.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { image } from '../src/lab/busybox.ts'
import { type LabContainer, type LabContainerd, startContainerd } from '../src/lab/containerd.ts'
import { stopProcess } from '../src/lab/processes.ts'
import { crioRuntime } from '../src/runtimes/cri-o.ts'
import { type Caller, grpcCaller } from '../src/runtimes/grpc.ts'
import type { Runtime } from '../src/runtimes/runtime.ts'
import { runtimesOrSkip } from './require-runtimes.ts'

const skip = runtimesOrSkip()

/** ms. */
const soon = 2_000
const labels = {
  'io.kubernetes.pod.namespace': 'shop',
  'io.kubernetes.pod.name': 'cart',
  'io.kubernetes.pod.uid': 'uid-of-cart',
}
const pod = { namespace: 'shop', name: 'cart', uid: 'uid-of-cart' }

describe.skipIf(skip).each(['runtime.v1', 'runtime.v1alpha2'])(
  'CRI as CRI-O is asked, in %s on a real containerd',
  (version) => {
    let containerd: LabContainerd
    let caller: Caller
    let runtime: Runtime
    let sandbox: LabContainer
    let app: LabContainer

    const ask = async <T>(method: string, request: object): Promise<T> => {
      const reply = await caller.call<T>(`runtime.v1.RuntimeService.${method}`, request, Date.now() + 60_000)
      if ('failure' in reply) throw new Error(`${method}: ${reply.failure.because}`)
      return reply.value
    }
    const config = () => ({
      metadata: { name: 'cart', uid: 'uid-of-cart', namespace: 'shop' },
      labels,
      linux: { cgroupParent: `/${containerd.cgroup}`, securityContext: { namespaceOptions: { network: 'NODE' } } },
    })
    const create = async (name: string): Promise<string> => {
      const { containerId } = await ask<{ containerId: string }>('CreateContainer', {
        podSandboxId: sandbox.id,
        config: {
          metadata: { name },
          image: { image },
          command: ['sleep', '86400'],
          labels: { ...labels, 'io.kubernetes.container.name': name },
        },
        sandboxConfig: config(),
      })
      return containerId
    }
    const run = async (name: string): Promise<LabContainer> => {
      const containerId = await create(name)
      await ask('StartContainer', { containerId })
      return containerd.started('k8s.io', containerId)
    }

    beforeAll(async () => {
      containerd = await startContainerd()
      caller = grpcCaller(containerd.socket, ['../../../integration/cri-run.proto'])
      runtime = crioRuntime(containerd.socket, [version])
      await containerd.importImage('k8s.io')
      const { podSandboxId } = await ask<{ podSandboxId: string }>('RunPodSandbox', { config: config() })
      sandbox = await containerd.started('k8s.io', podSandboxId)
      app = await run('app')
    })
    afterAll(async () => {
      await runtime?.close()
      caller?.close()
      await containerd?.stop()
    })

    it('answers, and lists sandbox and containers with Pod, state and time', async () => {
      expect(await runtime.answers(soon)).toEqual({ ms: expect.any(Number) })
      const idle = await create('idle')
      onTestFinished(() => ask('RemoveContainer', { containerId: idle }).then(() => undefined))
      const listed = await runtime.list(soon)
      if ('because' in listed) throw new Error(listed.because)
      const createdAt = expect.any(Number)
      const of = (name: string) => ({
        name,
        sandbox: false,
        sandboxId: sandbox.id,
        createdAt,
        pod: { ...pod, container: name },
      })
      expect(listed).toHaveLength(3)
      expect(listed).toEqual(
        expect.arrayContaining([
          { id: sandbox.id, name: 'cart', state: 'running', sandbox: true, createdAt, pod },
          { id: app.id, state: 'running', ...of('app') },
          { id: idle, state: 'created', ...of('idle') },
        ]),
      )
      for (const { createdAt: at = 0 } of listed) expect(Math.abs(Date.now() - at)).toBeLessThan(300_000)
    })

    it('tells of each with the pid of its first process, and that another is gone', async () => {
      await runtime.list(soon)
      for (const { id, pid } of [sandbox, app])
        expect(await runtime.inspect(id, soon)).toMatchObject({ answer: 'told', state: 'running', pid })
      expect(await runtime.inspect('0'.repeat(64), soon)).toMatchObject({ answer: 'gone' })
    })

    it('tells of an end without a pid, and is gone once it is removed', async () => {
      const { id, pid } = await run('short')
      process.kill(pid, 'SIGKILL')
      await expect
        .poll(() => runtime.inspect(id, soon), { timeout: 20_000 })
        .toEqual({ answer: 'told', fromMemory: true, state: 'exited', ms: expect.any(Number) })
      await ask('RemoveContainer', { containerId: id })
      expect(await runtime.inspect(id, soon)).toMatchObject({ answer: 'gone' })
    })

    it('gives no answer while the daemon is frozen, is asked once, and tells all of it afterwards', async () => {
      await stopProcess(containerd.daemon.pid)
      try {
        const because = expect.stringContaining('no whole answer in time')
        expect(await runtime.answers(300)).toMatchObject({ because })
        expect(await runtime.list(300)).toMatchObject({ because })
        const first = await runtime.inspect(app.id, 300)
        const second = await runtime.inspect(app.id, 300)
        expect([first.answer, second.answer]).toEqual(['nothing', 'nothing'])
        expect(second.ms).toBeGreaterThanOrEqual(first.ms)
      } finally {
        process.kill(containerd.daemon.pid, 'SIGCONT')
      }
      await expect
        .poll(() => runtime.inspect(app.id, soon), { timeout: 20_000 })
        .toMatchObject({ answer: 'told', state: 'running', pid: app.pid })
    })

    it('with a sandbox that was stopped tells that it has ended', async () => {
      await ask('StopPodSandbox', { podSandboxId: sandbox.id })
      const listed = await runtime.list(soon)
      if ('because' in listed) throw new Error(listed.because)
      expect(listed.find(({ id }) => id === sandbox.id)?.state).toBe('exited')
      expect(listed.find(({ id }) => id === app.id)?.state).toBe('exited')
      expect(await runtime.inspect(sandbox.id, soon)).toMatchObject({ answer: 'told', state: 'exited' })
      await ask('RemovePodSandbox', { podSandboxId: sandbox.id })
      expect(await runtime.inspect(sandbox.id, soon)).toMatchObject({ answer: 'gone' })
    })
  },
)
