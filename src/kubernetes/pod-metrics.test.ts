// The rim by itself, on a client that only plays one; integration/pod-metrics.test.ts asks a real API server.
import { describe, expect, it } from 'vitest'
import type { Kind } from '../contract/hazard.ts'
import type { Batch } from '../contract/world.ts'
import { pods } from '../objects/kinds.ts'
import type { PodMetrics } from '../objects/pod-metrics.ts'
import { ApiError } from './api-error.ts'
import type { Ask, Client } from './client.ts'
import { readPodMetrics } from './pod-metrics.ts'

const metrics = {
  names: ['reloads'],
  at: ({ metadata }: { metadata?: { name?: string } }) =>
    metadata?.name === 'other' ? undefined : { port: 9113, path: '/metrics' },
}
const kind: Kind<PodMetrics> = { kind: 'PodMetrics', metrics }

const pod = (name: string, status: object = { phase: 'Running', podIP: '10.0.0.1' }) => ({
  subject: { source: { cluster: 'fake' }, kind: 'Pod', namespace: 'web', name },
  object: { metadata: { name, namespace: 'web' }, status },
})

/** @param answer the lines of an answer, or the error of none. */
async function read(answer: (path: string) => readonly string[], pages: readonly Batch[]) {
  const asked: string[] = []
  const fakeClient: Client = {
    name: 'fake',
    server: 'https://fake',
    ask: () => Promise.reject(new Error('it is not asked that way')),
    async *lines({ path }: Ask) {
      asked.push(path)
      yield* answer(path)
    },
    close: () => Promise.resolve(),
  }
  async function* all(): AsyncGenerator<Batch> {
    yield* pages
  }
  const batches: Batch[] = []
  for await (const batch of readPodMetrics(fakeClient, kind, metrics, all())) batches.push(batch)
  const objects = batches.flatMap((batch) => ('items' in batch ? batch.items.map(({ object }) => object) : []))
  return { asked, batches, objects: objects as readonly PodMetrics[] }
}

describe('metrics of Pods', () => {
  it('are asked of those that run and are picked, by name and port', async () => {
    const page = {
      of: pods,
      items: [
        pod('edge'),
        pod('other'),
        pod('done', { phase: 'Succeeded', podIP: '10.0.0.2' }),
        pod('new', { phase: 'Pending' }),
      ],
    }
    const { asked, objects } = await read(() => ['# HELP', 'reloads 7', 'else 1'], [page])
    expect(asked).toEqual(['/api/v1/namespaces/web/pods/edge:9113/proxy/metrics'])
    expect(objects).toEqual([{ namespace: 'web', pod: 'edge', samples: [{ name: 'reloads', labels: {}, value: 7 }] }])
  })

  it('that one Pod does not give hide no other', async () => {
    const answer = (path: string): readonly string[] => {
      if (path.includes('/closed:')) throw new ApiError(503, 'ServiceUnavailable', 'connection refused')
      return path.includes('/broken:') ? ['reloads often'] : ['reloads 7']
    }
    const { objects } = await read(answer, [{ of: pods, items: ['closed', 'broken', 'edge'].map((name) => pod(name)) }])
    expect(objects.map(({ pod: name, unread, samples }) => [name, unread ?? samples.length])).toEqual([
      ['closed', 'the metrics of Pod web/closed at :9113/metrics could not be read: connection refused'],
      [
        'broken',
        'the metrics of Pod web/broken at :9113/metrics could not be read: line 1: not a sample of a metric: reloads often',
      ],
      ['edge', 1],
    ])
  })

  it('are not read where Pods are not, and only once where their list began anew', async () => {
    const { batches } = await read(() => [], [{ of: pods, unread: 'pods is forbidden' }])
    expect(batches).toEqual([
      { of: kind, unread: 'pods is forbidden' },
      { of: kind, items: [] },
    ])
    const again = await read(
      () => [],
      [
        { of: pods, items: [pod('edge')] },
        { of: pods, restart: true },
        { of: pods, items: [pod('edge')] },
      ],
    )
    expect(again.asked).toHaveLength(1)
  })

  it('of which the reading was ended are no finding about a Pod', async () => {
    const ended = new DOMException('This operation was aborted', 'AbortError')
    const answer = () => {
      throw ended
    }
    await expect(read(answer, [{ of: pods, items: [pod('edge')] }])).rejects.toThrow('aborted')
  })
})
