import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js'
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js'
import type { Namespace, Pod, Service } from 'kubernetes-types/core/v1.js'
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'
import { describe, expect, test } from 'vitest'
import { clusters, eventsOf, items, now } from './fleet-generator/read-back.ts'

describe('the apps that lose requests when their Pods go', () => {
  const find = <T extends { metadata?: ObjectMeta }>(path: string, name: string): T | undefined =>
    items<T>(path).find(({ metadata }) => metadata?.name === name)
  const podsOf = (cluster: string, app: string): Pod[] =>
    items<Pod>(`${cluster}/pods.json`).filter(({ metadata }) => metadata?.labels?.app === app)

  test('are nine websites of one chart, whose hook takes the whole grace period', () => {
    const websites = clusters
      .flatMap((cluster) => items<Deployment>(`${cluster}/deployments.json`))
      .filter(({ metadata }) => metadata?.labels?.['helm.sh/chart'] === 'web-base-1.4.2')
    expect(websites).toHaveLength(9)
    expect(new Set(websites.map(({ metadata }) => metadata?.namespace)).size).toBe(7)
    for (const { spec } of websites) {
      const pod = spec?.template.spec
      expect(pod?.terminationGracePeriodSeconds).toBe(30)
      expect(pod?.containers[0]?.lifecycle?.preStop).toEqual({ exec: { command: ['/bin/sh', '-c', 'sleep 30'] } })
    }
  })

  test('are a StatefulSet without a grace period, behind a Service that is not headless', () => {
    const pod = find<StatefulSet>('eu-west/statefulsets.json', 'geo-store')?.spec?.template.spec
    expect(pod?.terminationGracePeriodSeconds).toBe(0)
    expect(pod?.containers[0]?.lifecycle?.preStop?.exec?.command?.at(-1)).toBe('sleep 10')
    expect(find<Service>('eu-west/services.json', 'geo-store')?.spec?.clusterIP).toMatch(/^10\./)
  })

  test('are one whose image has no `sleep`: the kubelet tells of it', () => {
    const [pod] = podsOf('us-east', 'fare-quotes')
    const events = eventsOf('us-east', pod?.metadata?.name ?? '', 'FailedPreStopHook')
    expect(events).toHaveLength(1)
    expect(events[0]?.involvedObject).toMatchObject({
      uid: pod?.metadata?.uid,
      fieldPath: 'spec.containers{fare-quotes}',
    })
    expect(events[0]?.source).toEqual({ component: 'kubelet', host: pod?.spec?.nodeName })
    expect(events[0]?.count).toBe(pod?.status?.containerStatuses?.[0]?.restartCount)
    expect(now - Date.parse(events[0]?.lastTimestamp ?? '')).toBeLessThan(3_600_000)
  })

  test('are an old ingress controller that does not wait', () => {
    const pod = find<Deployment>('eu-legacy/deployments.json', 'edge-nginx')?.spec?.template.spec
    expect(pod?.terminationGracePeriodSeconds).toBe(30)
    expect(pod?.containers[0]?.lifecycle).toBeUndefined()
    expect(find<Service>('eu-legacy/services.json', 'edge-nginx')?.spec?.type).toBe('LoadBalancer')
  })

  test('are one whose sidecar only its Pods have', () => {
    const template = find<Deployment>('eu-west/deployments.json', 'points-api')?.spec?.template.spec
    expect(template?.containers.map(({ name }) => name)).toEqual(['points-api'])
    const pods = podsOf('eu-west', 'points-api')
    expect(pods).toHaveLength(3)
    for (const { spec, status } of pods) {
      expect(spec?.containers.map(({ name }) => name)).toEqual(['points-api', 'istio-proxy'])
      expect(spec?.containers[1]?.lifecycle).toBeUndefined()
      expect(status?.containerStatuses?.map(({ name }) => name)).toEqual(['points-api', 'istio-proxy'])
    }
  })

  test('are one Pod that should have gone, and its EndpointSlice does not know it', () => {
    const leaving = clusters
      .flatMap((cluster) => items<Pod>(`${cluster}/pods.json`))
      .filter(({ metadata }) => metadata?.deletionTimestamp)
    expect(leaving).toHaveLength(1)
    const { metadata, spec } = leaving[0] ?? {}
    const grace = metadata?.deletionGracePeriodSeconds ?? 0
    expect(grace).toBe(spec?.terminationGracePeriodSeconds)
    expect(Date.parse(metadata?.deletionTimestamp ?? '') - grace * 1000).toBe(now - 240_000)
    const endpoints = items<EndpointSlice>('eu-west/endpointslices.json').flatMap((slice) => slice.endpoints)
    expect(endpoints.find(({ targetRef }) => targetRef?.uid === metadata?.uid)?.conditions?.ready).toBe(true)
    // Its ReplicaSet has made another one for it.
    expect(podsOf('eu-west', 'payment-api')).toHaveLength(5)
  })

  test('are one that may not be evicted, and one that is about to be three', () => {
    const single = find<PodDisruptionBudget>('eu-west/poddisruptionbudgets.json', 'tax-rates')
    expect(single?.status).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 })
    const scaler = find<HorizontalPodAutoscaler>('us-east/horizontalpodautoscalers.json', 'link-shortener')
    expect(scaler?.spec?.minReplicas).toBe(3)
    expect(find<Deployment>('us-east/deployments.json', 'link-shortener')?.spec?.replicas).toBe(1)
  })

  test('are of the versions that each release serves', () => {
    const served = (cluster: string, file: string) =>
      new Set(items<Namespace>(`${cluster}/${file}.json`).map(({ apiVersion }) => apiVersion))
    expect(served('eu-legacy', 'endpointslices')).toEqual(new Set(['discovery.k8s.io/v1beta1']))
    expect(served('eu-legacy', 'poddisruptionbudgets')).toEqual(new Set(['policy/v1beta1']))
    expect(served('eu-legacy', 'horizontalpodautoscalers')).toEqual(new Set(['autoscaling/v1']))
    expect(served('eu-west', 'endpointslices')).toEqual(new Set(['discovery.k8s.io/v1']))
    expect(served('eu-west', 'poddisruptionbudgets')).toEqual(new Set(['policy/v1']))
    expect(served('us-east', 'horizontalpodautoscalers')).toEqual(new Set(['autoscaling/v2']))
    expect(items('us-east/poddisruptionbudgets.json')).toEqual([])
  })
})
