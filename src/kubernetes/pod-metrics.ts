// What Pods tell Prometheus, asked through the API server's proxy: it reaches Pods from wherever the API server can be reached.
import type { Pod } from 'kubernetes-types/core/v1.js'
import type { Item, Kind, MetricsKind } from '../contract/hazard.ts'
import type { Batch } from '../contract/world.ts'
import type { PodMetrics } from '../objects/pod-metrics.ts'
import { sampleTaker } from '../objects/prometheus-text.ts'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'

/** One that answers at all does so at once, but for pages of many MB (ms). */
const mostMs = 15_000
/** A controller with thousands of hosts has some tens of MB; it is read line by line. */
const mostBytes = 256 * 1024 * 1024
/** How many Pods are asked at the same time. */
const parallel = 8

interface Target {
  readonly namespace: string
  readonly pod: string
  readonly port: number
  readonly path: string
}

/**
 * Asks those of the Pods that `metrics` picks, one request for each. What one of them refuses or can't answer is told of it alone: who
 * may not use the proxy (`get pods/proxy`) is told so for each, since a Role may allow it for some of them.
 */
export async function* readPodMetrics(
  client: Client,
  of: Kind<unknown>,
  metrics: MetricsKind,
  pods: AsyncIterable<Batch>,
): AsyncGenerator<Batch> {
  let targets: Target[] = []
  for await (const batch of pods) {
    if ('items' in batch) targets.push(...batch.items.flatMap((item) => targetOf(item, metrics)))
    else if ('restart' in batch) targets = []
    else if ('unread' in batch) yield { of, unread: batch.unread }
  }
  const items: Item<PodMetrics>[] = []
  for (let at = 0; at < targets.length; at += parallel) {
    items.push(
      ...(await Promise.all(targets.slice(at, at + parallel).map((target) => ask(client, of, metrics, target)))),
    )
  }
  yield { of, items }
}

function targetOf({ subject, object }: Item<unknown>, { at }: MetricsKind): Target[] {
  const { status } = object as Pod
  if (status?.phase !== 'Running' || !status.podIP) return [] // there is nobody to be asked
  const place = at(object as never)
  return place ? [{ namespace: subject.namespace ?? '', pod: subject.name, ...place }] : []
}

async function ask(client: Client, of: Kind<unknown>, metrics: MetricsKind, target: Target): Promise<Item<PodMetrics>> {
  const { namespace, pod } = target
  const subject = { source: { cluster: client.name }, kind: of.kind, namespace, name: pod }
  const timeout = AbortSignal.timeout(mostMs)
  const { take, samples } = sampleTaker(metrics.names)
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}:${target.port}/proxy${target.path}`
    const options = { signal: timeout, idleMs: mostMs, text: { mostBytes } }
    for await (const line of client.lines({ method: 'GET', path }, options)) take(String(line))
    return { subject, object: { namespace, pod, samples } }
  } catch (error) {
    const because = timeout.aborted ? `no whole answer within ${mostMs / 1000} s` : reasonOf(error)
    const unread = `the metrics of Pod ${namespace}/${pod} at :${target.port}${target.path} could not be read: ${because}`
    return { subject, object: { namespace, pod, samples: [], unread } }
  }
}

/** A refusal, or a text that is none of Prometheus; the end of the whole look goes on. */
function reasonOf(error: unknown): string {
  if (error instanceof ApiError || (error instanceof Error && error.name === 'Error')) return error.message
  throw error
}
