// Metrics of Pods through a real API server's proxy: what is read, what may not be, and Pods that answer badly.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { scan } from '../src/commands/scan.ts'
import { plainScan, type ScanOptions } from '../src/commands/scan-options.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { testIo } from './test-io.ts'

/** An API server's proxy refuses loopback addresses. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address
if (address === undefined) process.stderr.write('skipped for want of an address that is not loopback\n')

const f5 = 'nginx_ingress_controller_nginx'
const storm = `# HELP ${f5}_reloads_total Number of successful NGINX reloads
# TYPE ${f5}_reloads_total counter
${f5}_reloads_total{class="nginx",reason="endpoints"} 5000
${f5}_reloads_total{class="nginx",reason="other"} 12
${f5}_last_reload_status{class="nginx"} 1
${f5}_worker_processes_total{class="nginx",generation="current"} 2
${f5}_worker_processes_total{class="nginx",generation="old"} 9
`

describe.skipIf(controlPlaneOrSkip() || address === undefined)('metrics of Pods', () => {
  let lab: Lab
  let server: Server
  let asked: string[] = []
  const port = (): number => (server.address() as AddressInfo).port

  beforeAll(async () => {
    server = createServer((question, answer) => {
      asked.push(question.url ?? '')
      const kind = /^\/metrics$/.test(question.url ?? '') ? question.headers.host : undefined
      answer.setHeader('content-type', 'text/plain; version=0.0.4')
      if (kind === undefined) answer.writeHead(404).end('404 page not found\n')
      else answer.end(storm)
    })
    await new Promise<void>((resolve) => void server.listen(0, address, resolve))
    lab = await startLab(new AbortController().signal, ['scanner', 'one-namespace', 'all'])
    for (const name of ['edge', 'other']) await lab.send('POST', '/api/v1/namespaces', { metadata: { name } })
    await controller('edge', 'stormy', port())
    await rights()
  })
  afterAll(async () => {
    await lab?.stop()
    server?.closeAllConnections()
    server?.close()
  })

  /** A Pod that runs as far as its API server knows; there is no kubelet. */
  async function controller(namespace: string, name: string, metricsPort: number): Promise<void> {
    const container = {
      name: 'nginx-ingress',
      image: 'docker.io/nginx/nginx-ingress:5.2.0',
      args: ['-enable-prometheus-metrics', `-prometheus-metrics-listen-port=${metricsPort}`],
    }
    const path = `/api/v1/namespaces/${namespace}/pods`
    await lab.send('POST', path, { metadata: { name }, spec: { containers: [container] } })
    const running = { startedAt: new Date(Date.now() - 10 * 3_600_000).toISOString().replace(/\.\d+/, '') }
    const { image } = container
    await lab.send('PATCH', `${path}/${name}/status`, {
      status: {
        ...{ phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
        containerStatuses: [
          { name: container.name, image, imageID: '', ready: true, restartCount: 0, state: { running } },
        ],
      },
    })
  }

  /** All have what docs/rbac.yaml gives, `all` and (in `edge`) `one-namespace` also docs/rbac-pod-metrics.yaml. */
  async function rights(): Promise<void> {
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    for (const file of ['rbac.yaml', 'rbac-pod-metrics.yaml']) {
      const text = readFileSync(join(import.meta.dirname, '../docs', file), 'utf8')
      await lab.send('POST', `${rbac}/clusterroles`, parse(text) as object)
    }
    const bind = (user: string, role: string, where: string) =>
      lab.send('POST', where, {
        metadata: { name: `${user}-${role}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      })
    for (const user of ['scanner', 'one-namespace', 'all'])
      await bind(user, 'roadcrew-scan', `${rbac}/clusterrolebindings`)
    await bind('one-namespace', 'roadcrew-scan-pod-metrics', `${rbac}/namespaces/edge/rolebindings`)
    await bind('all', 'roadcrew-scan-pod-metrics', `${rbac}/clusterrolebindings`)
  }

  const scanAs = async (user: string, more: Partial<ScanOptions> = { podMetrics: true }) => {
    asked = []
    const options = {
      ...plainScan,
      output: [{ format: 'json' }],
      kubeconfig: lab.kubeconfigFor(user),
      only: ['reload-storm'],
      ...more,
    }
    return scan([], options as ScanOptions, testIo())
  }
  const reasonsOf = ({ findings }: Awaited<ReturnType<typeof scan>>, name: string): string[] =>
    findings
      .filter(({ subject }) => subject.name === name)
      .map(({ reason }) => reason)
      .toSorted()

  it('are not asked for unless a scan is told to', async () => {
    const report = await scanAs('all', {})
    expect([asked, report.unread, reasonsOf(report, 'stormy')]).toEqual([[], [], []])
  })

  it('are read with the right to, and judged', async () => {
    const report = await scanAs('all')
    expect(asked).toEqual(['/metrics'])
    expect(reasonsOf(report, 'stormy')).toEqual(['many-reloads', 'old-workers-pile-up'])
    const [many] = report.findings.filter(({ reason }) => reason === 'many-reloads')
    expect(many?.fact).toMatch(/^NGINX Ingress Controller reloaded 501 times per hour, a mean of 5012 in 10 h/)
    expect(report.unread).toEqual([])
  })

  it('without the right to it is not known, and said so; all else is judged', async () => {
    await lab.send('POST', '/apis/apps/v1/namespaces/other/deployments', deploymentWithoutWait)
    try {
      const report = await scanAs('scanner', { podMetrics: true, only: [] })
      expect(asked).toEqual([])
      const unread = report.unread.filter(({ hazard }) => hazard === 'reload-storm')
      expect(unread).toHaveLength(1)
      expect(unread[0]).toMatchObject({ what: 'Pod edge/stormy', count: 1 })
      expect(unread[0]?.because).toContain('cannot get resource "pods/proxy"')
      expect(reasonsOf(report, 'shop')).toContain('wait-exceeds-grace')
      expect(report.summary.exitCode).toBe(2)
    } finally {
      await lab.send('DELETE', '/apis/apps/v1/namespaces/other/deployments/shop')
    }
  })

  it('of each Pod by itself: a Role may allow some, one may not listen, one may serve none', async () => {
    await controller('other', 'elsewhere', port())
    await controller('edge', 'closed', 1)
    const report = await scanAs('one-namespace')
    expect(reasonsOf(report, 'stormy')).toEqual(['many-reloads', 'old-workers-pile-up'])
    const told = Object.fromEntries(report.unread.map(({ what, because }) => [what, because]))
    expect(Object.keys(told).toSorted()).toEqual(['Pod edge/closed', 'Pod other/elsewhere'])
    expect(told['Pod edge/closed']).toMatch(/at :1\/metrics could not be read: .*connect: connection refused/)
    expect(told['Pod other/elsewhere']).toContain('pods/proxy')
    const inEdge = await scanAs('one-namespace', { podMetrics: true, namespace: ['edge'] })
    expect(reasonsOf(inEdge, 'stormy')).toEqual(['many-reloads', 'old-workers-pile-up'])
  })
})

const deploymentWithoutWait = {
  metadata: { name: 'shop' },
  spec: {
    selector: { matchLabels: { app: 'shop' } },
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: {
        terminationGracePeriodSeconds: 30,
        containers: [
          {
            name: 'shop',
            image: 'registry.example.com/shop:1',
            lifecycle: { preStop: { exec: { command: ['sleep', '60'] } } },
          },
        ],
      },
    },
  },
}
