import { describe, expect, it } from 'vitest'
import { largeFleet } from './large-fleet/fleet.ts'

interface Named {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string }
  readonly status?: object
}

const fleet = (options: Parameters<typeof largeFleet>[0]): Named[] => [...largeFleet(options)] as Named[]
const live = { workloads: 50, pods: 500, cronJobs: 20 }

describe('the large fleet', () => {
  it('has as many of each as asked', () => {
    const counts: Record<string, number> = {}
    for (const { kind } of fleet(live)) counts[kind] = (counts[kind] ?? 0) + 1
    expect((counts.Deployment ?? 0) + (counts.StatefulSet ?? 0) + (counts.DaemonSet ?? 0)).toBe(50)
    expect(counts).toMatchObject({ Pod: 500, CronJob: 20, Job: 60, Namespace: 3 })
    expect(counts.Service).toBe(counts.EndpointSlice)
  })

  it('names no object twice, and is the same at every call', () => {
    const names = fleet(live).map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)
    expect(new Set(names).size).toBe(names.length)
    expect(fleet(live)).toEqual(fleet(live))
  })

  it('as manifests holds nothing that only a cluster knows', () => {
    const objects = fleet({ ...live, asManifests: true })
    expect(objects.filter(({ status, metadata }) => status !== undefined || metadata.uid !== undefined)).toEqual([])
    expect(new Set(objects.map(({ kind }) => kind))).toEqual(
      new Set(['Namespace', 'Deployment', 'StatefulSet', 'DaemonSet', 'Service', 'Ingress', 'CronJob']),
    )
  })
})
