// What a Pod told Prometheus, saved as it was: a file beside a cluster's export, named after the Pod.
import { basename } from 'node:path'
import type { Item, Kind } from '../contract/hazard.ts'
import type { Broken } from '../contract/world.ts'
import type { PodMetrics } from '../objects/pod-metrics.ts'
import { sampleTaker } from '../objects/prometheus-text.ts'

/** Neither namespaces nor Pods have an underscore in their names. */
const ofPod = /^([a-z0-9-]+)_([a-z0-9.-]+)\.prom$/

/** Whether a file is named as one of them: `<namespace>_<pod>.prom`. */
export const isOfPod = (file: string): boolean => ofPod.test(basename(file))

/** Whether a file holds metrics, whatever it is called otherwise. */
export const isMetricsFile = (file: string): boolean => file.endsWith('.prom')

/** The samples that a kind asks for; or why they can't be read. */
export function metricsIn(file: string, text: string, of: Kind<unknown>): Item<PodMetrics> | Broken {
  const [, namespace, pod] = ofPod.exec(basename(file)) ?? []
  if (namespace === undefined || pod === undefined)
    return { place: file, because: 'whose metrics are they? Name it <namespace>_<pod>.prom' }
  const { take, samples } = sampleTaker(of.metrics?.names ?? [])
  try {
    for (const line of text.split('\n')) take(line)
  } catch (error) {
    return { place: file, because: error instanceof Error ? error.message : String(error) }
  }
  const subject = { source: { file, document: 0 }, kind: of.kind, namespace, name: pod }
  return { subject, object: { namespace, pod, samples } }
}
