// What only CRI-O says, by a fake that says it: CRI-O is in no package of Debian 12. The same calls on a real CRI are in
// integration/runtimes-cri.test.ts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crioRuntime } from './cri-o.ts'
import { findRuntimes, openRuntime } from './find.ts'
import { criOInfo, fakeCriO, type Say } from './fixtures/fake-cri-o.ts'
import type { Runtime } from './runtime.ts'

const id = (letter: string): string => letter.repeat(64)
const limit = 150

let folder = ''
let socket = ''
const cleanUps: (() => unknown)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-crio-'))
  socket = join(folder, 'crio.sock')
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
  rmSync(folder, { recursive: true })
})

async function start(version: 'runtime.v1' | 'runtime.v1alpha2', says: Readonly<Record<string, Say>>) {
  const fake = await fakeCriO(socket, version, says)
  cleanUps.push(() => fake.stop())
  return fake
}

function opened(): Runtime {
  const runtime = crioRuntime(socket)
  cleanUps.unshift(() => runtime.close())
  return runtime
}

const labels = {
  'io.kubernetes.pod.namespace': 'shop',
  'io.kubernetes.pod.name': 'cart',
  'io.kubernetes.pod.uid': 'uid-of-cart',
}
const pod = { namespace: 'shop', name: 'cart', uid: 'uid-of-cart' }

const twoSandboxes: Readonly<Record<string, Say>> = {
  Version: () => ({ runtimeName: 'cri-o' }),
  ListPodSandbox: () => ({
    items: [
      // CRI-O itself adds the container's name (server/sandbox_run_linux.go).
      {
        id: id('a'),
        state: 0,
        createdAt: '1700000000123456789',
        labels: { ...labels, 'io.kubernetes.container.name': 'POD' },
      },
      { id: id('b'), state: 1, labels },
    ],
  }),
  ListContainers: () => ({
    containers: [
      {
        id: id('c'),
        podSandboxId: id('a'),
        metadata: { name: 'app' },
        state: 1,
        createdAt: 1_700_000_001_000_000_000,
        labels: { ...labels, 'io.kubernetes.container.name': 'app' },
      },
      { id: id('d'), podSandboxId: id('a'), metadata: { name: 'by-hand' }, state: 3 },
    ],
  }),
}

const missing = Object.assign(new Error(`could not find container "x"`), { code: status.NOT_FOUND })

describe.each(['runtime.v1', 'runtime.v1alpha2'] as const)('CRI-O that speaks %s', (version) => {
  it('is found, opened, and lists sandboxes and containers with Pod, state and time', async () => {
    await start(version, twoSandboxes)
    const [found, ...more] = await findRuntimes({ socket }, 2_000)
    expect([found, ...more]).toEqual([{ socket, name: 'cri-o' }])
    const runtime = found && openRuntime(found)
    if (!runtime) throw new Error('it was not opened')
    cleanUps.unshift(() => runtime.close())
    expect(runtime.name).toBe('cri-o')
    expect(await runtime.answers(2_000)).toEqual({ ms: expect.any(Number) })
    expect(await runtime.list(2_000)).toEqual([
      { id: id('a'), name: 'cart', state: 'running', sandbox: true, createdAt: 1_700_000_000_123, pod },
      { id: id('b'), name: 'cart', state: 'exited', sandbox: true, pod },
      {
        id: id('c'),
        name: 'app',
        state: 'running',
        sandbox: false,
        sandboxId: id('a'),
        createdAt: 1_700_000_001_000,
        pod: { ...pod, container: 'app' },
      },
      { id: id('d'), name: 'by-hand', state: 'unknown', sandbox: false, sandboxId: id('a') },
    ])
  })
})

describe('asked for one container, CRI-O', () => {
  it('tells the state, and the pid only while that is of something that runs', async () => {
    await start('runtime.v1', {
      ContainerStatus: ({ containerId, verbose }) =>
        containerId === id('e')
          ? missing
          : {
              status: { state: containerId === id('c') ? 1 : 2 },
              info: verbose ? criOInfo({ sandboxID: id('a'), pid: 4711, privileged: false }) : {},
            },
    })
    const runtime = opened()
    expect(await runtime.inspect(id('c'), 2_000)).toMatchObject({ answer: 'told', state: 'running', pid: 4711 })
    expect(await runtime.inspect(id('d'), 2_000)).toEqual({
      answer: 'told',
      fromMemory: true,
      state: 'exited',
      ms: expect.any(Number),
    })
    expect(await runtime.inspect(id('e'), 2_000)).toMatchObject({ answer: 'gone' })
  })

  it.each([
    ['none', {}],
    ['half a JSON', { info: '{"pid":47' }],
    ['no object', { info: '4711' }],
    ['without one', criOInfo({})],
    ['a pid that is none', criOInfo({ pid: 'x' })],
  ])('tells no pid where its info is %s', async (_, of) => {
    await start('runtime.v1', { ContainerStatus: () => ({ status: { state: 1 }, info: of }) })
    expect(await opened().inspect(id('c'), 2_000)).toEqual({
      answer: 'told',
      fromMemory: true,
      state: 'running',
      ms: expect.any(Number),
    })
  })

  it('has no container for a sandbox that came without one, lists it no more, and tells of one that has it', async () => {
    await start('runtime.v1', {
      ...twoSandboxes,
      PodSandboxStatus: ({ podSandboxId }) => ({
        status: { state: 0 },
        info: podSandboxId === id('a') ? criOInfo({ image: 'pause', pid: 4712 }) : criOInfo({}),
      }),
    })
    const runtime = opened()
    await runtime.list(2_000)
    expect(await runtime.inspect(id('a'), 2_000)).toMatchObject({ answer: 'told', state: 'running', pid: 4712 })
    expect(await runtime.inspect(id('b'), 2_000)).toMatchObject({ answer: 'gone' })
    const listed = await runtime.list(2_000)
    expect('because' in listed ? listed : listed.map((one) => one.id)).toEqual([id('a'), id('c'), id('d')])
  })

  it('that waits for the lock of one tells of the others, and is not asked for that one again until it is free', async () => {
    const { asked } = await start('runtime.v1', {
      ContainerStatus: ({ containerId }) =>
        containerId === id('c') ? 'never' : { status: { state: 1 }, info: criOInfo({ pid: 4711 }) },
    })
    const runtime = opened()
    const first = await runtime.inspect(id('c'), limit)
    const second = await runtime.inspect(id('c'), limit)
    expect([first.answer, second.answer]).toEqual(['nothing', 'nothing'])
    expect(second.ms).toBeGreaterThanOrEqual(first.ms)
    expect(await runtime.inspect(id('d'), 2_000)).toMatchObject({ answer: 'told', pid: 4711 })
    expect(asked).toEqual([`ContainerStatus ${id('c')}`, `ContainerStatus ${id('d')}`])
  })

  it('that ends meanwhile leaves an error, and the next question is a new one', async () => {
    const { asked } = await start('runtime.v1', { ContainerStatus: () => 'never' })
    const runtime = opened()
    const open = runtime.inspect(id('c'), 5_000)
    await expect.poll(() => asked).toHaveLength(1)
    await cleanUps.pop()?.()
    expect(await open).toMatchObject({ answer: 'error', because: expect.stringContaining(socket) })
    await start('runtime.v1', { ContainerStatus: () => ({ status: { state: 1 }, info: {} }) })
    await expect.poll(() => runtime.inspect(id('c'), 2_000), { timeout: 10_000 }).toMatchObject({ answer: 'told' })
  })
})

it('a question that is open when the runtime is closed is not waited for', async () => {
  const { asked } = await start('runtime.v1', { ContainerStatus: () => 'never' })
  const runtime = opened()
  const open = runtime.inspect(id('c'), 20_000)
  await expect.poll(() => asked).toHaveLength(1)
  await runtime.close()
  expect(await open).toMatchObject({ answer: 'error', because: expect.stringContaining('CANCELLED') })
})

it('a server of gRPC that speaks no CRI is said to be one', async () => {
  const server = new Server()
  await new Promise<void>((resolve) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), () => resolve()),
  )
  cleanUps.push(() => server.forceShutdown())
  const because = expect.stringContaining('UNIMPLEMENTED')
  expect(await opened().answers(2_000)).toMatchObject({ because })
  expect(await opened().list(2_000)).toMatchObject({ because })
  expect(await opened().inspect(id('c'), 2_000)).toMatchObject({ answer: 'error', because })
})
