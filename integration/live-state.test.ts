// What only a cluster shows, on a real API server: Jobs that ran late, Pods that stop, events of hooks, EndpointSlices.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scan } from '../src/commands/scan.ts'
import { plainScan } from '../src/commands/scan-options.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import type { ReportFinding } from '../src/report/schema.ts'
import { create } from './create.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { testIo } from './test-io.ts'

const seconds = 1000
const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, '')

describe.skipIf(controlPlaneOrSkip())('the state of a real cluster', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    await create(lab, { kind: 'Namespace', metadata: { name: 'live' } })
  })
  afterAll(() => lab?.stop())

  const metadata = (name: string, more: object = {}) => ({ name, namespace: 'live', ...more })

  /** What a scan finds in the namespace, `later` (ms). */
  async function found(later = 0): Promise<readonly ReportFinding[]> {
    const options = {
      ...plainScan,
      output: [{ format: 'json' }],
      kubeconfig: lab.kubeconfig,
      namespace: ['live'],
    } as const
    const report = await scan([], options, testIo({ now: () => Date.now() + later }))
    expect(report.unread).toEqual([])
    return report.findings
  }

  const of = (findings: readonly ReportFinding[], name: string): string[] =>
    findings
      .filter(({ subject, tier }) => subject.name === name && tier !== 'advice')
      .map(({ reason, tier }) => `${reason}, ${tier}`)

  it('tells a late run by the annotation of its Job, against when the API server made it', async () => {
    const template = {
      spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
    }
    const cronJob = { schedule: '0 0 1 1 *', startingDeadlineSeconds: 600, jobTemplate: { spec: { template } } }
    const made = (await create(lab, { kind: 'CronJob', metadata: metadata('report'), spec: cronJob } as never)) as {
      metadata: { uid: string }
    }
    const owner = {
      apiVersion: 'batch/v1beta1',
      kind: 'CronJob',
      name: 'report',
      uid: made.metadata.uid,
      controller: true,
    }
    const planned = iso(Date.now() - 2 * 3600 * seconds)
    const annotations = { 'batch.kubernetes.io/cronjob-scheduled-timestamp': planned }
    const job = metadata('report-28000000', { annotations, ownerReferences: [owner] })
    await create(lab, { kind: 'Job', metadata: job, spec: { template } } as never)
    const findings = await found()
    expect(of(findings, 'report')).toEqual(['late-run, will-break'])
    const late = findings.find(({ reason }) => reason === 'late-run')
    expect(late?.fact).toMatch(/the worst 2 h( \d+ s)? after its time/)
    expect(late?.evidence.find(({ name }) => name === 'late Job')?.value).toContain(`planned for ${planned}`)
  })

  const labels = { app: 'shop' }
  const container = {
    name: 'app',
    image: 'registry.example.com/app:1',
    ports: [{ containerPort: 8080 }],
    readinessProbe: { tcpSocket: { port: 8080 } },
    lifecycle: { preStop: { exec: { command: ['sleep', '10'] } } },
  }
  const podSpec = { terminationGracePeriodSeconds: 60, containers: [container] }

  it('tells a Pod that stops and is still in an EndpointSlice, and a proxy that only Pods have', async () => {
    const selector = { matchLabels: labels }
    const spec = { replicas: 0, selector, template: { metadata: { labels }, spec: podSpec } }
    await create(lab, { kind: 'Deployment', metadata: metadata('shop'), spec } as never)
    await create(lab, {
      kind: 'Service',
      metadata: metadata('shop'),
      spec: { selector: labels, ports: [{ port: 80 }] },
    } as never)
    await create(lab, { kind: 'Ingress', metadata: metadata('shop'), spec: ingress } as never)
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'shop-5d9c7b9f4c',
      uid: 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6',
    }
    const pod = metadata('shop-5d9c7b9f4c-abcde', {
      labels: { ...labels, 'pod-template-hash': '5d9c7b9f4c' },
      ownerReferences: [{ ...owner, controller: true }],
      finalizers: ['example.com/hold'], // nobody runs it here, and it must not be gone at once
    })
    const proxy = { name: 'istio-proxy', image: 'registry.example.com/istio/proxyv2:1.26' }
    await create(lab, { kind: 'Pod', metadata: pod, spec: { ...podSpec, containers: [container, proxy] } } as never)
    await create(lab, slice('shop-xyz12', 'shop', 'shop-5d9c7b9f4c-abcde'))
    const before = await found()
    expect(of(before, 'shop')).toEqual([])
    expect(before.find(({ reason }) => reason === 'sidecar-stops-first')?.fact).toBe(
      'Istio proxy is gone 5 s after the deletion, while the application goes on serving for 10 s: requests fail in between (injected: only its Pods show it)',
    )
    await lab.send('DELETE', '/api/v1/namespaces/live/pods/shop-5d9c7b9f4c-abcde')
    expect(of(await found(10 * seconds), 'shop')).toEqual([])
    const findings = await found(120 * seconds)
    expect(of(findings, 'shop')).toEqual(['still-served, broken'])
    expect(findings.find(({ reason }) => reason === 'still-served')?.fact).toContain('Service shop still sends to it')
  })

  it('tells a hook that fails, also of a Pod that is gone', async () => {
    const involvedObject = {
      kind: 'Pod',
      namespace: 'live',
      name: 'shop-5d9c7b9f4c-zzzzz',
      fieldPath: 'spec.containers{app}',
    }
    const lastTimestamp = iso(Date.now())
    const event = {
      involvedObject,
      type: 'Warning',
      reason: 'FailedPreStopHook',
      message: 'PreStopHook failed',
      count: 2,
    }
    await create(lab, { kind: 'Event', metadata: metadata('shop.1'), ...event, lastTimestamp } as never)
    const finding = (await found()).find(({ reason }) => reason === 'failing-hook')
    expect(finding?.fact).toBe('its preStop hook failed 2 times: SIGTERM came at once, without a wait')
    expect(finding?.subject).toMatchObject({ kind: 'Deployment', name: 'shop' })
  })
})

const ingress = {
  rules: [
    {
      host: 'shop.example.com',
      http: {
        paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'shop', port: { number: 80 } } } }],
      },
    },
  ],
}

/** As a stuck controller leaves it: nobody of the lab's own touches it under another controller's name. */
const slice = (name: string, service: string, pod: string) => ({
  kind: 'EndpointSlice',
  metadata: {
    name,
    namespace: 'live',
    labels: { 'kubernetes.io/service-name': service, 'endpointslice.kubernetes.io/managed-by': 'stuck.example.com' },
  },
  addressType: 'IPv4',
  endpoints: [
    { addresses: ['10.1.2.3'], conditions: { ready: true }, targetRef: { kind: 'Pod', namespace: 'live', name: pod } },
  ],
  ports: [{ port: 8080 }],
})
