// The chart on a real API server: what it takes, and what it lets the agent and people do.
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Pod, PodSpec } from 'kubernetes-types/core/v1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pausedAnnotation } from '../src/acting/policy-source.ts'
import { controllerLoop } from '../src/commands/controller-loop.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { clientOf, doAll } from './agent-as-account.ts'
import { type Identity, impersonate, impersonateAccount } from './as-user.ts'
import { agentMay, agentRights, controllerRights, rightsOf } from './chart-rights.ts'
import { chart, containerOf, everything, helm, helmOrSkip, type Manifest, template } from './chart-tools.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { testIo } from './test-io.ts'

/** As `everything`, but for kinds that come with the Prometheus operator and with cert-manager. */
const everythingHere = {
  ...{ ...everything, podMonitor: { enabled: false }, alerts: { enabled: false } },
  webhook: { ...everything.webhook, certManager: { issuer: { name: '' } }, caBundle: 'Q0E=' },
}

describe.skipIf(helmOrSkip() || controlPlaneOrSkip())('a real API server', () => {
  let lab: Lab
  let agent: Identity
  const identities: Identity[] = []
  const install = (values: object): void => {
    const to = ['-n', 'roadcrew', '--create-namespace', '--kubeconfig', lab.kubeconfig]
    // Else an upgrade without any value keeps those of before.
    const { status, out } = helm(['upgrade', '--install', '--reset-values', 'roadcrew', chart, ...to], values)
    expect(status, out).toBe(0)
  }
  const as = async (somebody: Promise<Identity>): Promise<Identity> => {
    identities.push(await somebody)
    return somebody
  }

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    agent = await as(impersonateAccount(lab, 'roadcrew', 'roadcrew-agent'))
    const labels = { 'kubernetes.io/os': 'linux', pool: 'batch' }
    await lab.send('POST', '/api/v1/nodes', { metadata: { name: 'n1', labels } })
    await lab.send('POST', '/api/v1/namespaces', { metadata: { name: 'ads' } })
    const containers = [{ name: 'app', image: 'app' }]
    await lab.send('POST', '/api/v1/namespaces/ads/pods', { metadata: { name: 'p' }, spec: { containers } })
    await lab.send('POST', '/api/v1/namespaces/ads/configmaps', { metadata: { name: 'roadcrew-policy' } })
    await lab.send('POST', '/api/v1/namespaces/ads/secrets', { metadata: { name: 's' } })
    install({})
  })
  afterAll(async () => {
    for (const identity of identities) await identity.close()
    await lab?.stop()
  })

  it.each([
    ['with everything on', everythingHere],
    ['by default', {}],
  ])('takes it as it is, %s, and makes its Pod', async (_, values) => {
    install(values)
    const objects = template(values)
    expect(objects.length).toBeGreaterThan(8)
    for (const object of objects) {
      const stored = await lab.send('GET', await pathOf(lab, object))
      expect(stored, `${object.kind} ${object.metadata.name}`).toMatchObject(withoutEmpty(object))
    }
    const pod = await podOf(lab, objects)
    expect(pod.spec).toMatchObject({ hostPID: true, hostNetwork: true, priorityClassName: 'system-node-critical' })
    expect(pod.spec?.priority).toBeGreaterThan(1_000_000_000)
  })

  describe('lets the agent do', () => {
    it.each(agentMay)('$method $path: $status', async ({ method, path, status, body }) => {
      expect(await agent.ask({ method, path, ...(body && { body }) })).toMatchObject({ status })
    })

    it('all that its code does', async () => {
      const { metadata } = (await lab.send('GET', '/api/v1/namespaces/ads/pods/p')) as Pod
      const client = await clientOf(lab, 'roadcrew-agent')
      try {
        expect(await doAll(client, { name: 'p', namespace: 'ads', uid: metadata?.uid ?? '' })).toEqual([])
      } finally {
        await client.close()
      }
    })

    it('what the table of its rights says, and nothing else', async () => {
      const nobody = await as(impersonateAccount(lab, 'roadcrew', 'default'))
      for (const [namespace, rights] of Object.entries(agentRights)) {
        const [own, all] = [await rightsOf(agent, namespace), await rightsOf(nobody, namespace)]
        expect(own.filter((right) => !all.includes(right)).toSorted(), namespace).toEqual([...rights].toSorted())
      }
    })
  })

  it('lets the controller do what the table of its rights says, and that is all that it needs to thaw a CronJob', async () => {
    install({ policy: { hazards: { 'frozen-cronjob': { steps: { thaw: 'act' } } } } })
    const account = await as(impersonateAccount(lab, 'roadcrew', 'roadcrew-controller'))
    const nobody = await as(impersonateAccount(lab, 'roadcrew', 'default'))
    for (const [namespace, rights] of Object.entries(controllerRights)) {
      const [own, all] = [await rightsOf(account, namespace), await rightsOf(nobody, namespace)]
      expect(own.filter((right) => !all.includes(right)).toSorted(), namespace).toEqual([...rights].toSorted())
    }
    const client = await clientOf(lab, 'roadcrew-controller')
    await client.close()
    const stop = new AbortController()
    const io = testIo({ signal: stop.signal, env: {} })
    const kubeconfig = join(dirname(lab.kubeconfig), 'roadcrew-controller.kubeconfig')
    const options = { kubeconfig, listen: '127.0.0.1:0', namespace: 'roadcrew', leaderElection: true } as const
    const running = controllerLoop({ ...options, mode: 'act', timeZone: 'UTC', zonedCronJobs: false }, io)
    const path = '/apis/batch/v1beta1/namespaces/ads/cronjobs'
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'task' }] } }
    const spec = { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template } } }
    await lab.send('POST', path, { metadata: { name: 'report' }, spec })
    const lastScheduleTime = new Date(Date.now() - 3 * 3_600_000).toISOString().replace(/\.\d+/, '')
    await lab.send('PATCH', `${path}/report/status`, { status: { lastScheduleTime } })
    await lab.send('PATCH', `${path}/report`, { spec: { suspend: false } })
    const last = async () => ((await lab.send('GET', `${path}/report`)) as CronJob).status?.lastScheduleTime
    await expect.poll(last, { timeout: 90_000, interval: 500 }).not.toBe(lastScheduleTime)
    await expect.poll(() => io.written.out, { timeout: 30_000 }).toContain('"outcome":"cured"')
    stop.abort()
    await running
    expect(io.written.out.split('\n').filter((line) => /could not|forbidden/.test(line))).toEqual([])
    expect(await account.ask({ method: 'PATCH', path: `${path}/report`, body: { spec } })).toMatchObject({
      status: 403,
    })
    await lab.send('DELETE', `${path}/report`)
    install({})
  })

  it('lets it set conditions only where that is asked for', async () => {
    install({ agent: { conditions: true } })
    const condition = { type: 'RoadcrewStuckContainer', status: 'False' }
    const body = { status: { conditions: [condition] } }
    const status = { method: 'PATCH', path: '/api/v1/nodes/n1/status', body } as const
    await expect.poll(async () => (await agent.ask(status)).status, { timeout: 10_000 }).toBe(200)
    expect(await agent.ask({ ...status, path: '/api/v1/nodes/n1' })).toMatchObject({ status: 403 })
    install({})
    await expect.poll(async () => (await agent.ask(status)).status, { timeout: 10_000 }).toBe(403)
  })

  it('lets people pause who were given the role, and no one else', async () => {
    const [oncall, other] = [await as(impersonate(lab, 'ann', ['oncall'])), await as(impersonate(lab, 'bob', []))]
    const group = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'oncall' }
    await lab.send('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/roadcrew/rolebindings', {
      metadata: { name: 'oncall' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'roadcrew-rails' },
      subjects: [group],
    })
    const paused = { metadata: { annotations: { [pausedAnnotation]: 'by ann' } } }
    const policy = '/api/v1/namespaces/roadcrew/configmaps/roadcrew-policy'
    const leases = '/apis/coordination.k8s.io/v1/namespaces/roadcrew/leases'
    await expect.poll(async () => (await oncall.ask({ method: 'GET', path: policy })).status).toBe(200)
    expect(await oncall.ask({ method: 'PATCH', path: policy, body: paused })).toMatchObject({ status: 200 })
    expect(await oncall.ask({ method: 'GET', path: leases })).toMatchObject({ status: 200 })
    for (const path of [policy.replace('roadcrew-policy', 'kube-root-ca.crt'), policy.replace('/roadcrew/', '/ads/')])
      expect(await oncall.ask({ method: 'PATCH', path, body: paused }), path).toMatchObject({ status: 403 })
    expect(await other.ask({ method: 'PATCH', path: policy, body: paused })).toMatchObject({ status: 403 })
    install({ policy: { perNodePerHour: 1 } })
    expect(await lab.send('GET', policy), 'a pause outlives an upgrade').toMatchObject({
      ...paused,
      data: { 'policy.yaml': 'perNodePerHour: 1\n' },
    })
  })
})

/** Where the API server keeps an object, by what it says of its kinds. */
async function pathOf(lab: Lab, { apiVersion, kind, metadata: { name, namespace } }: Manifest): Promise<string> {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const { resources } = (await lab.send('GET', root)) as {
    resources: readonly { name: string; kind: string; namespaced: boolean }[]
  }
  const resource = resources.find((one) => one.kind === kind && !one.name.includes('/'))
  if (!resource) throw new Error(`${apiVersion} has no ${kind}`)
  expect(resource.namespaced, `${kind} ${name} says where it is`).toBe(namespace !== undefined)
  return `${root}${namespace ? `/namespaces/${namespace}` : ''}/${resource.name}/${name}`
}

/** The API server leaves out what is empty. */
function withoutEmpty<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutEmpty) as T
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, one]) => one !== null && JSON.stringify(one) !== '{}')
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutEmpty(one)])) as T
}

const argsOf = (spec: PodSpec | undefined): readonly string[] | undefined =>
  spec?.containers.find(({ name }) => name === 'actor')?.args

/** The Pod that the DaemonSet's controller makes for the node: it went through admission. */
async function podOf(lab: Lab, objects: readonly Manifest[]): Promise<Pod> {
  const args = containerOf(objects, 'actor').args
  let seen: readonly Pod[] = []
  await expect
    .poll(
      async () => {
        seen = await lab.list<Pod>('/api/v1/namespaces/roadcrew/pods')
        return seen.map(({ spec }) => argsOf(spec))
      },
      { timeout: 60_000, interval: 500 },
    )
    .toContainEqual(args)
  const pod = seen.find(({ spec }) => isDeepStrictEqual(argsOf(spec), args))
  if (!pod) throw new Error('there is no Pod')
  return pod
}
