// The webhook in front of a real kube-apiserver 1.20: Pods get a wait as they are made, and what makes them is not touched.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js'
import type { Pod } from 'kubernetes-types/core/v1.js'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadKubeconfig, type Target } from '../src/kubernetes/kubeconfig.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { waitFor } from '../src/lab/wait-for.ts'
import { create } from './create.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

const labels = { app: 'shop' }
const container = { name: 'app', image: 'registry.example.com/app:1' }
const hook = { preStop: { exec: { command: ['sleep', '6'] } } }

describe.skipIf(controlPlaneOrSkip())('the webhook', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-webhook-'))
  let lab: Lab
  let target: Target
  let webhook: ChildProcess
  let text = ''
  const logged = (message: string) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === message)

  /** One for 127.0.0.1, which is its own authority. */
  const makeCertificate = (): string => {
    const out = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')]
    const as = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...as, ...out], {
      stdio: 'ignore',
    })
    return readFileSync(join(folder, 'tls.crt')).toString('base64')
  }

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    target = (await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })).target('lab')
    await create(lab, { kind: 'Namespace', metadata: { name: 'roadcrew' } })
    const data = { 'policy.yaml': 'hazards: {lost-requests: {mode: act, settings: {waitSeconds: 6}}}\n' }
    await create(lab, {
      kind: 'ConfigMap',
      metadata: { name: 'roadcrew-policy', namespace: 'roadcrew' },
      data,
    } as never)
    const caBundle = makeCertificate()
    const files = ['--certificate', join(folder, 'tls.crt'), '--key', join(folder, 'tls.key')]
    const listen = ['--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0']
    webhook = spawn(
      process.execPath,
      [join(import.meta.dirname, '../dist/main.js'), 'webhook', ...files, ...listen, '--kubeconfig', lab.kubeconfig],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    webhook.stdout?.on('data', (part) => {
      text += part
    })
    const { signal } = new AbortController()
    await waitFor(signal, 30, async () => logged('started')[0])
    const [{ listens, metrics } = {}] = logged('started')
    await waitFor(signal, 30, async () => (await fetch(`http://${metrics}/readyz`)).ok || undefined)
    await lab.send('POST', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'roadcrew' },
      webhooks: [
        {
          name: 'review.roadcrew.dev',
          admissionReviewVersions: ['v1'],
          ...{ sideEffects: 'None', failurePolicy: 'Ignore', reinvocationPolicy: 'IfNeeded', timeoutSeconds: 2 },
          clientConfig: { url: `https://${listens}/review`, caBundle },
          namespaceSelector: { matchLabels: { 'roadcrew.dev/admission': 'enabled' } },
          rules: [
            { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
            { operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] },
          ],
        },
      ],
    })
  })

  afterAll(async () => {
    webhook?.kill('SIGTERM')
    await lab?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const space = async (name: string, more: object = { labels: { 'roadcrew.dev/admission': 'enabled' } }) => {
    await create(lab, { kind: 'Namespace', metadata: { name, ...more } })
    const spec = { selector: labels, ports: [{ port: 80 }] }
    await create(lab, { kind: 'Service', metadata: { name: 'shop', namespace: name }, spec } as never)
  }
  const deployment = (namespace: string, annotations: Record<string, string> = {}) => ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop', namespace } },
    spec: {
      ...{ replicas: 2, selector: { matchLabels: labels } },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [container], terminationGracePeriodSeconds: 8 },
      },
    },
  })
  const pods = (name: string) => lab.list<Pod>(`/api/v1/namespaces/${name}/pods`)
  const deploymentPath = (name: string) => `/apis/apps/v1/namespaces/${name}/deployments/shop`
  const stops = ({ spec }: Pod) => [spec?.containers[0]?.lifecycle, spec?.terminationGracePeriodSeconds]

  it('gives Pods a wait and the time for it, and leaves their Deployment as it was sent', async () => {
    await space('web')
    await create(lab, deployment('web'))
    await expect.poll(async () => (await pods('web')).length, { timeout: 30_000 }).toBe(2)
    for (const pod of await pods('web')) expect(stops(pod)).toEqual([hook, 11])
    const { spec } = (await lab.send('GET', deploymentPath('web'))) as Deployment
    expect(spec?.template.spec?.containers[0]).not.toHaveProperty('lifecycle')
    expect(spec?.template.spec?.terminationGracePeriodSeconds).toBe(8)
    await expect.poll(() => logged('audit').length).toBe(2)
  })

  it('makes no new ReplicaSet when the Deployment is annotated or scaled', async () => {
    await lab.send('PATCH', deploymentPath('web'), { metadata: { annotations: { note: 'x' } } })
    await lab.send('PATCH', deploymentPath('web'), { spec: { replicas: 3 } })
    await expect.poll(async () => (await pods('web')).length, { timeout: 30_000 }).toBe(3)
    expect(await lab.list<ReplicaSet>('/apis/apps/v1/namespaces/web/replicasets')).toHaveLength(1)
    for (const pod of await pods('web')) expect(stops(pod)).toEqual([hook, 11])
  })

  it('leaves alone what is not opted in, and what is opted out', async () => {
    await space('other', {})
    await space('spared')
    await space('calm', {
      ...{ labels: { 'roadcrew.dev/admission': 'enabled' }, annotations: { 'roadcrew.dev/spare': 'true' } },
    })
    await create(lab, deployment('calm'))
    await create(lab, deployment('other'))
    await create(lab, deployment('spared', { 'roadcrew.dev/spare': 'true' }))
    for (const name of ['other', 'spared', 'calm']) {
      await expect.poll(async () => (await pods(name)).length, { timeout: 30_000 }).toBe(2)
      for (const pod of await pods(name)) expect(stops(pod)).toEqual([undefined, 8])
    }
  })

  it('answers dry runs as it would in earnest, and warns of what makes Pods', async () => {
    const bare = { kind: 'Pod', metadata: { name: 'dry', namespace: 'web', labels }, spec: { containers: [container] } }
    const tried = (await create(lab, bare as never, '?dryRun=All')) as Pod
    expect(stops(tried)).toEqual([hook, 30])
    const { headers, tls } = await target.credentials()
    const dispatcher = new Agent({ connect: tls })
    const answer = await request(`${target.server}${deploymentPath('web')}?dryRun=All`, {
      ...{ method: 'PATCH', dispatcher, body: JSON.stringify({ spec: { replicas: 4 } }) },
      headers: { ...headers, 'content-type': 'application/merge-patch+json' },
    })
    await answer.body.dump()
    await dispatcher.close()
    expect(String(answer.headers.warning)).toMatch(/^299 - "roadcrew lost-requests: no preStop wait: it stops at once/)
  })

  it('refuses what is no review, and goes on', async () => {
    const [{ listens, metrics } = {}] = logged('started')
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
    const send = async (method: 'GET' | 'POST', path: string, body = '') => {
      const answer = await request(`https://${listens}${path}`, {
        method,
        dispatcher,
        ...(method === 'POST' && { body }),
      })
      return [answer.statusCode, await answer.body.text()]
    }
    const review = (object: unknown, kind = 'Pod') =>
      JSON.stringify({
        ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
        request: { uid: 'u', kind: { kind }, namespace: 'web', object },
      })
    expect(await send('GET', '/')).toEqual([404, 'there is POST /review\n'])
    expect(await send('POST', '/review', '{"kind": ')).toEqual([400, expect.stringMatching(/^no JSON: /)])
    expect(await send('POST', '/review', review(null))).toEqual([400, 'request.object: expected an object\n'])
    expect((await send('POST', '/review', ' '.repeat(10 * 2 ** 20)).catch(() => [413]))[0]).toBe(413)
    // What nobody judges, and what is no Pod at all, goes through.
    for (const sent of [review({}, 'Gadget'), review({ metadata: 7, spec: { containers: 'x' } })]) {
      const [status, text] = await send('POST', '/review', sent)
      expect([status, JSON.parse(String(text)).response]).toEqual([200, { uid: 'u', allowed: true }])
    }
    await dispatcher.close()
    const failed = async () =>
      /^roadcrew_admission_failed_total (\d+)/m.exec(await (await fetch(`http://${metrics}/metrics`)).text())
    expect(Number((await failed())?.[1])).toBeGreaterThanOrEqual(3)
  })

  it('takes another certificate without a restart', async () => {
    const caBundle = makeCertificate()
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/roadcrew'
    const { webhooks } = (await lab.send('GET', path)) as { webhooks: { clientConfig: object }[] }
    const [own] = webhooks
    await lab.send('PATCH', path, { webhooks: [{ ...own, clientConfig: { ...own?.clientConfig, caBundle } }] })
    const bare = (name: string) => ({
      ...{ kind: 'Pod', metadata: { name, namespace: 'web', labels } },
      spec: { containers: [container] },
    })
    // Until it has read the new one the API server does not trust it, and with Ignore lets the Pod through.
    const isPatched = async () => stops((await create(lab, bare('renewed') as never, '?dryRun=All')) as Pod)
    await expect.poll(isPatched, { timeout: 40_000, interval: 1_000 }).toEqual([hook, 30])
  })

  it('is in nobody’s way when it is gone', async () => {
    webhook.kill('SIGKILL')
    await sleep(100)
    const bare = {
      kind: 'Pod',
      metadata: { name: 'alone', namespace: 'web', labels },
      spec: { containers: [container] },
    }
    const began = performance.now()
    expect(stops((await create(lab, bare as never)) as Pod)).toEqual([undefined, 30])
    expect(performance.now() - began).toBeLessThan(4_000)
  })
})
