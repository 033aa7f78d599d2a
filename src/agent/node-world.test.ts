import { expect, it } from 'vitest'
import type { Kind } from '../contract/hazard.ts'
import type { Batch } from '../contract/world.ts'
import { type ConnectsSeen, connectsSeen } from '../linux/connects.ts'
import { type KubeletSeen, kubeletSeen } from '../linux/kubelet.ts'
import type { KubeletReader } from '../node/kubelet.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { lookAround, nodeWorld, type Round } from './round.ts'

const roots = { proc: '/proc', cgroup: '/sys/fs/cgroup' }
const limits = { callMs: 100, inspectMs: 100 }
const unasked = { how: 'unasked', because: 'it was not asked for', ms: 0 } as const
const seen: KubeletSeen = {
  healthz: { answered: true, ms: 3 },
  metrics: unasked,
  resource: unasked,
  summary: unasked,
}

/** One whose daemon answers nothing. */
const fakeMuteRuntime: Runtime = {
  name: 'docker',
  socket: '/s',
  answers: () => Promise.resolve({ ms: 100, because: 'no answer' }),
  list: () => Promise.resolve({ because: 'no answer' }),
  inspect: () => Promise.resolve({ answer: 'nothing', ms: 100 }),
  close: () => Promise.resolve(),
}

async function batchesOf(round: Round, kind: Kind<unknown>): Promise<Batch[]> {
  const batches: Batch[] = []
  for await (const batch of nodeWorld('node-1', round).read([kind])) batches.push(batch)
  return batches
}

it('shows the kubelet, whatever the runtime answers', async () => {
  const fakeReader: KubeletReader = { look: () => Promise.resolve(seen), close: () => undefined }
  const round = await lookAround({ runtime: fakeMuteRuntime, roots, limits, node: 'node-1', kubelet: fakeReader })
  const subject = { source: { node: 'node-1' }, kind: 'Kubelet', name: 'node-1' }
  expect(await batchesOf(round, kubeletSeen)).toEqual([{ of: kubeletSeen, items: [{ subject, object: seen }] }])
})

it('says nothing of one that nobody asked', async () => {
  const round = await lookAround({ runtime: fakeMuteRuntime, roots, limits, node: 'node-1' })
  expect(round.kubelet).toBeUndefined()
  expect(await batchesOf(round, kubeletSeen)).toEqual([{ of: kubeletSeen, elsewhere: 'the kubelet was not asked' }])
})

it('shows what the probe saw of each target, and nothing where nothing is probed', async () => {
  const eyes = { runtime: fakeMuteRuntime, roots, limits, node: 'node-1' }
  const object: ConnectsSeen = { target: 'db:5432', forMs: 1000, connects: 1, lost: 0, failed: 0 }
  const subject = { source: { node: 'node-1' }, kind: 'Connects', name: 'db:5432' }
  const round = await lookAround({ ...eyes, connects: () => [object] })
  expect(await batchesOf(round, connectsSeen)).toEqual([{ of: connectsSeen, items: [{ subject, object }] }])
  const without = await batchesOf(await lookAround(eyes), connectsSeen)
  expect(without).toEqual([{ of: connectsSeen, elsewhere: 'nothing is probed' }])
})
