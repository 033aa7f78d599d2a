// The webhook's own certificate, as the chart sets it up, on a real kube-apiserver 1.20 that reaches it by its Service: with the
// rights of its account, two replicas at once. What the API server does not trust it does not ask, so a Pod that was changed is the proof.
import { X509Certificate } from 'node:crypto'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import type { Secret } from 'kubernetes-types/core/v1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keptOf, secretOf } from '../src/admission/certificate-secret.ts'
import { expiresAt, lasts, namesOf } from '../src/admission/generation.ts'
import { makeGeneration } from '../src/admission/make-generation.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { clientOf } from './agent-as-account.ts'
import { impersonateAccount } from './as-user.ts'
import { rightsOf, webhookRights } from './chart-rights.ts'
import { chart, helm, helmOrSkip } from './chart-tools.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { Door, isPatched, madePod, redirect, space, WebhookProcess, webhooksOf } from './webhook-lab.ts'

const day = 24 * 3_600_000
const secretPath = '/api/v1/namespaces/roadcrew/secrets/roadcrew-webhook-certificate'
const names = namesOf('roadcrew-webhook', 'roadcrew')
const values = { webhook: { enabled: true }, policy: { hazards: { 'lost-requests': { mode: 'act' } } } }

/** The certificate that a replica serves. */
const servedBy = (listens: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const [host = '', port] = listens.split(':')
    const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).fingerprint256)
      socket.destroy()
    })
    socket.on('error', reject)
  })

describe.skipIf(helmOrSkip() || controlPlaneOrSkip())("the webhook's own certificate", () => {
  let lab: Lab
  let door: Door
  let replicas: WebhookProcess[] = []

  const install = (more: object = {}): void => {
    const to = ['-n', 'roadcrew', '--create-namespace', '--kubeconfig', lab.kubeconfig, '--reset-values']
    const { status, out } = helm(['upgrade', '--install', 'roadcrew', chart, ...to], { ...values, ...more })
    expect(status, out).toBe(0)
  }
  /** By the Service's name, to where the replicas are: no proxy runs here that would lead to its Pods. */
  const lead = () =>
    redirect(lab, 'roadcrew-webhook', {
      service: { name: 'roadcrew-webhook', namespace: 'roadcrew', path: '/review', port: door.port },
    })
  const start = async (count = 2): Promise<void> => {
    const kubeconfig = join(dirname(lab.kubeconfig), 'roadcrew-webhook.kubeconfig')
    const own = ['--own-certificate', 'roadcrew-webhook-certificate', '--configuration', 'roadcrew-webhook']
    replicas = Array.from({ length: count }, () => new WebhookProcess('--kubeconfig', kubeconfig, ...own))
    door.leadsTo(...(await Promise.all(replicas.map((one) => one.ready()))))
  }
  const stop = () => Promise.all(replicas.map((one) => one.stop()))
  const secret = async () => (await lab.send('GET', secretPath)) as Secret
  const bundle = async () => atob((await webhooksOf(lab, 'roadcrew-webhook'))[0]?.clientConfig.caBundle ?? '')
  const isAsked = async () => isPatched(await madePod(lab, 'web'))

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    install()
    const service = '/api/v1/namespaces/roadcrew/services/roadcrew-webhook'
    await lab.send('DELETE', service)
    const spec = { type: 'ExternalName', externalName: 'localhost' }
    await lab.send('POST', dirname(service), { metadata: { name: 'roadcrew-webhook' }, spec })
    await (await clientOf(lab, 'roadcrew-webhook')).close()
    await space(lab, 'web')
    door = await new Door().listen()
    await lead()
    await start()
  })

  afterAll(async () => {
    await stop()
    door?.close()
    await lab?.stop()
  })

  it('is one for two that start at once, and is trusted', async () => {
    await expect.poll(isAsked, { timeout: 10_000 }).toBe(true)
    const served = await Promise.all(replicas.map(({ listens }) => servedBy(listens)))
    expect(new Set(served).size).toBe(1)
    for (const replica of replicas) {
      expect(await replica.metric('roadcrew_admission_certificate_left_seconds')).toBeGreaterThan(89 * 24 * 3600)
      expect(replica.logged('could not look again')).toEqual([])
    }
  })

  it('takes the rights of its table, and no other', async () => {
    const [account, nobody] = await Promise.all(
      ['roadcrew-webhook', 'default'].map((name) => impersonateAccount(lab, 'roadcrew', name)),
    )
    if (!account || !nobody) return
    for (const [namespace, rights] of Object.entries(webhookRights)) {
      const [own, all] = [await rightsOf(account, namespace), await rightsOf(nobody, namespace)]
      expect(own.filter((right) => !all.includes(right)).toSorted(), namespace).toEqual([...rights].toSorted())
    }
    await Promise.all([account.close(), nobody.close()])
  })

  it('stays trusted through an upgrade of the chart', async () => {
    const before = await bundle()
    install({ podAnnotations: { a: 'b' } })
    expect(await bundle()).toBe(before)
    await lead()
    await expect.poll(isAsked, { timeout: 10_000 }).toBe(true)
  })

  it('is trusted again soon after somebody overwrote caBundle; meanwhile Pods are made as they come', async () => {
    const { ca } = await makeGeneration(names, Date.now())
    await redirect(lab, 'roadcrew-webhook', { caBundle: btoa(ca) })
    const results: boolean[] = []
    const look = async () => {
      results.push(await isAsked())
      return results.at(-1)
    }
    await expect.poll(look, { timeout: 5_000, interval: 100 }).toBe(false)
    await expect.poll(look, { timeout: 40_000, interval: 500 }).toBe(true)
    const distrusted = await Promise.all(replicas.map((one) => one.metric('roadcrew_admission_distrusted_total')))
    expect(distrusted.reduce((a, b) => a + b)).toBeGreaterThan(0)
    expect(replicas.flatMap((one) => one.logged('wrote the caBundle of roadcrew-webhook')).length).toBeGreaterThan(0)
  })

  it('is given back where the Secret is deleted or damaged, with the next one beside it, and no review is lost', async () => {
    const before = keptOf(await secret())
    if (typeof before === 'string') throw new Error(before)
    await lab.send('PATCH', secretPath, { data: { 'tls.key': btoa('x') } })
    await expect
      .poll(async () => keptOf(await secret()), { timeout: 40_000 })
      .toMatchObject({ current: before.current })
    const after = keptOf(await secret())
    expect(after).toHaveProperty('next')
    expect(await isAsked()).toBe(true)
    await lab.send('DELETE', secretPath)
    const made = () => secret().then(keptOf, () => undefined)
    await expect.poll(made, { timeout: 40_000 }).toMatchObject({ current: before.current })
    expect(await isAsked()).toBe(true)
    expect(
      replicas.flatMap((one) => one.logged('wrote the certificate in the Secret roadcrew-webhook-certificate')),
    ).toEqual(
      expect.arrayContaining([expect.objectContaining({ because: expect.stringMatching(/^there is no Secret/) })]),
    )
  })

  it('is renewed by two at once, with every Pod changed meanwhile', async () => {
    await stop()
    const old = await makeGeneration(names, Date.now() - lasts + 20 * day)
    await lab.send('DELETE', secretPath)
    await lab.send('POST', dirname(secretPath), secretOf('roadcrew-webhook-certificate', { current: old }))
    await start()
    await expect.poll(isAsked, { timeout: 10_000 }).toBe(true)
    const served = () => Promise.all(replicas.map(({ listens }) => servedBy(listens)))
    const before = await served()
    const until = performance.now() + 150_000
    const lost: string[] = []
    let asked = 0
    let isNew = false
    // On connections that are new each time too: those that are kept have been trusted long before.
    for (; !isNew && performance.now() < until; asked++) {
      door.becomes('open')
      await sleep(100) // until the API server has seen that they are closed
      if (!(await isAsked())) lost.push(new Date().toISOString())
      const now = await served()
      isNew = now.every((one, place) => one !== before[place]) && new Set(now).size === 1
      await sleep(100)
    }
    expect({ isNew, lost }).toEqual({ isNew: true, lost: [] })
    expect(asked).toBeGreaterThan(100)
    for (let more = 0; more < 20; more++) expect(await isAsked()).toBe(true)
    const kept = keptOf(await secret())
    if (typeof kept === 'string') throw new Error(kept)
    expect(expiresAt(kept.current.cert)).toBeGreaterThan(Date.now() + 89 * day)
    expect(kept.previous).toBe(old.ca)
    expect(await bundle()).toContain(kept.current.ca)
  }, 240_000)
})
