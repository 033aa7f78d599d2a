// What goes wrong with a webhook, and what a real kube-apiserver 1.20 makes of it: objects are made in any case, and soon.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js'
import type { Pod, PodSpec } from 'kubernetes-types/core/v1.js'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { create } from './create.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import {
  configurationPath,
  container,
  Door,
  hook,
  isPatched,
  labels,
  type Manner,
  madePod,
  makeCertificate,
  optedIn,
  space,
  WebhookProcess,
} from './webhook-lab.ts'

/** The API server waits for 2 s; so much is for a machine that does other things (ms). */
const soon = 6_000

describe.skipIf(controlPlaneOrSkip())('a webhook that is not well', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-webhook-faults-'))
  let lab: Lab
  let door: Door
  let caBundle: string
  let replicas: WebhookProcess[] = []

  const policy = (mode: string): string => {
    const file = join(folder, `${mode}.yaml`)
    writeFileSync(file, `hazards: {lost-requests: {mode: ${mode}}}\n`)
    return file
  }
  const started = (mode = 'act', ...more: readonly string[]): WebhookProcess => {
    const files = ['--certificate', join(folder, 'tls.crt'), '--key', join(folder, 'tls.key')]
    return new WebhookProcess('--kubeconfig', lab.kubeconfig, ...files, '--policy', policy(mode), ...more)
  }
  const register = (name: string, url: string, trusted: string, resources: readonly string[]) =>
    lab.send('POST', configurationPath, {
      ...{ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration', metadata: { name } },
      webhooks: [
        {
          ...{ name: `${name}.roadcrew.dev`, admissionReviewVersions: ['v1'], sideEffects: 'None' },
          ...{ failurePolicy: 'Ignore', reinvocationPolicy: 'IfNeeded', timeoutSeconds: 2 },
          ...{ clientConfig: { url, caBundle: trusted }, namespaceSelector: { matchLabels: optedIn } },
          rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: ['', 'apps'], apiVersions: ['v1'], resources }],
        },
      ],
    })
  const timed = async <T>(what: () => Promise<T>): Promise<readonly [T, number]> => {
    const began = performance.now()
    return [await what(), performance.now() - began]
  }
  const deployment = (namespace: string, name: string, count: number, spec: Partial<PodSpec> = {}) => ({
    ...{ kind: 'Deployment', metadata: { name, namespace } },
    spec: {
      ...{ replicas: count, selector: { matchLabels: { ...labels, name } } },
      template: { metadata: { labels: { ...labels, name } }, spec: { containers: [container], ...spec } },
    },
  })
  const podsOf = async (namespace: string, name: string) =>
    (await lab.list<Pod>(`/api/v1/namespaces/${namespace}/pods`)).filter(
      ({ metadata }) => metadata?.labels?.name === name,
    )
  const count = (namespace: string, name: string) => async () => (await podsOf(namespace, name)).length

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    caBundle = makeCertificate(folder)
    replicas = [started(), started()]
    door = await new Door().listen()
    door.leadsTo(...(await Promise.all(replicas.map((one) => one.ready()))))
    const kinds = ['pods', 'deployments', 'replicasets']
    await register('roadcrew', `https://127.0.0.1:${door.port}/review`, caBundle, kinds)
    await space(lab, 'web')
    while (!isPatched(await madePod(lab, 'web'))) await sleep(200) // the API server has heard of it
  })

  afterAll(async () => {
    await Promise.all(replicas.map((one) => one.stop()))
    door?.close()
    await lab?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each<[string, Manner, boolean, number]>([
    ['takes connections and says nothing', 'hung', false, 1_500],
    ['breaks off every connection', 'down', false, 0],
    ['answers after the API server went on', { slowMs: 4_000 }, false, 1_500],
    ['answers late, but in time', { slowMs: 700 }, true, 600],
  ])('that %s holds up a Pod for two seconds at most', async (_, manner, patched, least) => {
    door.becomes(manner)
    await sleep(100)
    const [pod, ms] = await timed(() => madePod(lab, 'web'))
    expect(isPatched(pod)).toBe(patched)
    expect(ms).toBeGreaterThanOrEqual(least)
    expect(ms).toBeLessThan(soon)
    door.becomes('open')
    await sleep(100)
    expect(isPatched(await madePod(lab, 'web'))).toBe(true)
  })

  it('holds up no whole rollout, however it hangs', async () => {
    door.becomes('hung')
    await create(lab, deployment('web', 'hung', 6) as never)
    // One after the other, each 2 s: the ReplicaSet controller starts slowly, with 1, 2, then 4 at once.
    await expect.poll(count('web', 'hung'), { timeout: 40_000 }).toBe(6)
    door.becomes('open')
  })

  it('that is killed and comes back in the middle of a rollout loses no Pod', async () => {
    const [first, second] = replicas
    if (!first || !second) throw new Error('there are two')
    await create(lab, deployment('web', 'long', 5) as never)
    await expect.poll(count('web', 'long')).toBe(5)
    door.leadsTo()
    door.becomes('open')
    await Promise.all([first.stop('SIGKILL'), second.stop('SIGKILL')])
    await lab.send('PATCH', '/apis/apps/v1/namespaces/web/deployments/long', { spec: { replicas: 10 } })
    await expect.poll(count('web', 'long'), { timeout: 30_000 }).toBe(10)
    replicas = [started(), started()]
    door.leadsTo(...(await Promise.all(replicas.map((one) => one.ready()))))
    await lab.send('PATCH', '/apis/apps/v1/namespaces/web/deployments/long', { spec: { replicas: 15 } })
    await expect.poll(count('web', 'long'), { timeout: 30_000 }).toBe(15)
    const patched = (await podsOf('web', 'long')).filter(isPatched)
    expect(patched).toHaveLength(10)
    expect(
      await lab.list<ReplicaSet>('/apis/apps/v1/namespaces/web/replicasets', 'metadata.namespace=web'),
    ).toHaveLength(2)
  })

  it('that is replaced one by one, as a Service leads to them, misses no Pod', async () => {
    const missed: string[] = []
    let isDone = false
    const asking = (async () => {
      while (!isDone) if (!isPatched(await madePod(lab, 'web'))) missed.push(new Date().toISOString())
    })()
    for (const place of [0, 1]) {
      const [old, other] = [replicas[place], replicas[1 - place]]
      const next = started()
      const listens = await next.ready()
      door.leadsTo(listens, other?.listens ?? '')
      await sleep(500) // no new connections by now; those that are kept are ended by the one that goes
      await old?.stop()
      replicas[place] = next
    }
    isDone = true
    await asking
    expect(missed).toEqual([])
  })

  it('of another version or with other settings makes no new ReplicaSet and writes to no Deployment', async () => {
    await create(lab, deployment('web', 'still', 2) as never)
    await expect.poll(count('web', 'still')).toBe(2)
    const path = '/apis/apps/v1/namespaces/web/deployments/still'
    const seen = async () => {
      const { spec } = (await lab.send('GET', path)) as Deployment
      const sets = await lab.list<ReplicaSet>('/apis/apps/v1/namespaces/web/replicasets')
      const own = sets.filter(({ metadata }) => metadata?.labels?.name === 'still')
      const written = (await podsOf('web', 'still')).map(({ metadata }) => metadata?.uid)
      return {
        spec,
        sets: own.map((one) => one.metadata?.name),
        written,
      }
    }
    const before = await seen()
    for (const mode of ['advise', 'observe', 'act']) {
      const next = started(mode)
      door.leadsTo(await next.ready())
      door.becomes('open')
      await sleep(300)
      await Promise.all(replicas.map((one) => one.stop()))
      replicas = [next]
      // Whatever touches the Deployment passes the webhook.
      await lab.send('PATCH', path, { metadata: { annotations: { touched: mode } } })
      await sleep(1_000)
      expect(await seen(), mode).toEqual(before)
    }
  })

  describe('beside another that writes to the same fields', () => {
    let other: Server
    let asked: Pod[] = []

    beforeAll(async () => {
      const bundle = makeCertificate(folder, 'other')
      const { readFileSync } = await import('node:fs')
      const files = { cert: readFileSync(join(folder, 'other.crt')), key: readFileSync(join(folder, 'other.key')) }
      other = createServer(files, (incoming, outgoing) => {
        let text = ''
        incoming.on('data', (part) => {
          text += part
        })
        incoming.on('end', () => {
          const { uid, object } = JSON.parse(text).request as { uid: string; object: Pod }
          asked.push(object)
          const patch = quarrelsome(object)
          const response = {
            uid,
            allowed: true,
            ...(patch.length > 0 && { patchType: 'JSONPatch', patch: btoa(JSON.stringify(patch)) }),
          }
          outgoing.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }))
        })
      })
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
      await register('zz-other', `https://127.0.0.1:${(other.address() as AddressInfo).port}/`, bundle, ['pods'])
      await sleep(2_000)
    })

    afterAll(async () => {
      await lab.send('DELETE', `${configurationPath}/zz-other`)
      other?.closeAllConnections()
      other?.close()
    })

    it('comes to rest: its own fields as they have to be, each of them once', async () => {
      asked = []
      const { spec } = await madePod(lab, 'web')
      expect(asked.length).toBeGreaterThan(0)
      // The first one before there was another; then that of what serves.
      expect(spec?.containers.map(({ name, lifecycle }) => [name, lifecycle])).toEqual([
        ['app', hook],
        ['proxy', hook],
      ])
      expect(spec?.terminationGracePeriodSeconds).toBe(10)
      // What comes out of it goes through unchanged.
      const again = await madePod(lab, 'web', '', spec)
      expect(again.spec).toEqual(spec)
    })

    it('leaves a wait that the other one gave', async () => {
      const own = { preStop: { exec: { command: ['sleep', '12'] } } }
      const { spec } = await madePod(lab, 'web', '', { containers: [{ ...container, lifecycle: own }] })
      expect(spec?.containers[0]?.lifecycle).toEqual(own)
      expect(spec?.terminationGracePeriodSeconds).toBeGreaterThan(12)
    })
  })

  describe('is sent what no API server sends', () => {
    const review = (object: unknown, kind = 'Pod') =>
      `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"kind":"${kind}"},"namespace":"web","object":${typeof object === 'string' ? object : JSON.stringify(object)}}}`
    const big = 'x'.repeat(10 * 2 ** 20)
    const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    const spec = { containers: [container] }

    it.each<[string, string, number | string]>([
      ['nothing', '', 400],
      ['half a review', review({}).slice(0, -9), 400],
      ['an old review', review({}).replace('k8s.io/v1', 'k8s.io/v1beta1'), 400],
      ['a list', '[]', 400],
      ['no text', '\u0000\ud800', 400],
      ['10 MB of a Pod', review({ metadata: { annotations: { big } }, spec }), 413],
      [
        '5 MB of a Pod',
        review({ metadata: { labels, annotations: { big: big.slice(0, 5 * 2 ** 20) } }, spec }),
        'patched',
      ],
      ['a kind of its own', review({ metadata: {}, spec: { containers: 7 } }, 'Gadget'), 200],
      ['a kind with a name of the language', review({}, '__proto__'), 200],
      [
        'fields with names of the language',
        review('{"metadata":{"__proto__":{"labels":{"app":"shop"}}},"spec":{"constructor":1}}'),
        200,
      ],
      [
        'a Pod of the wrong form',
        review({ metadata: { labels: [7] }, spec: { containers: [null, 7, { name: {} }] } }),
        200,
      ],
      [
        'a Deployment of the wrong form',
        review({ spec: { template: { spec: { containers: null } } } }, 'Deployment'),
        200,
      ],
      [
        '20,000 levels',
        review(
          `{"metadata":{"labels":{"app":"shop"}},"spec":{"containers":[{"name":"a","image":"a"}],"deep":${deep(20_000)}}}`,
        ),
        200,
      ],
      [
        '50,000 containers',
        review({
          metadata: { labels },
          spec: { containers: Array.from({ length: 50_000 }, (_, n) => ({ name: `c${n}` })) },
        }),
        200,
      ],
    ])('%s: it answers, and goes on', async (_, body, expected) => {
      const [one] = replicas
      const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, headersTimeout: 60_000 })
      try {
        const answer = await request(`https://${one?.listens}/review`, { method: 'POST', dispatcher, body }).catch(
          (error: { code?: string }) => error.code,
        )
        // Who is told that it is too much may still be sending, and see a broken connection instead.
        if (typeof answer !== 'object')
          return expect([expected, answer]).toEqual([413, expect.stringMatching(/EPIPE|ECONNRESET|UND_ERR_SOCKET/)])
        expect(answer.statusCode).toBe(expected === 'patched' ? 200 : expected)
        const text = await answer.body.text()
        if (answer.statusCode === 200) {
          const { response } = JSON.parse(text)
          expect([response.allowed, response.uid]).toEqual([true, 'u'])
          if (expected === 'patched') expect(response.patchType).toBe('JSONPatch')
        } else expect(text).toMatch(/^[\w.]+[^\n]*\n$/)
      } finally {
        await dispatcher.close()
      }
      expect(isPatched(await madePod(lab, 'web'))).toBe(true)
    })

    it('who begins and says no more is let go, and keeps nobody from being answered', async () => {
      const [one] = replicas
      const [host = '', port] = (one?.listens ?? '').split(':')
      const sockets = Array.from({ length: 50 }, () =>
        connectTls({ host, port: Number(port), rejectUnauthorized: false }),
      )
      let closed = 0
      for (const socket of sockets) {
        socket.on('error', () => {})
        socket.on('close', () => closed++)
        socket.resume()
        socket.write('POST /review HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{')
      }
      const [pod, ms] = await timed(() => madePod(lab, 'web'))
      expect(isPatched(pod)).toBe(true)
      expect(ms).toBeLessThan(soon)
      await expect.poll(() => closed, { timeout: 60_000, interval: 500 }).toBe(sockets.length)
    })

    it('and tells failures from strangers', async () => {
      const [one] = replicas
      const figures = async () =>
        Promise.all(['failed', 'strays'].map((name) => one?.metric(`roadcrew_admission_${name}_total`) ?? 0))
      const before = await figures()
      const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
      for (const path of ['/', '/healthz', '/review/x'])
        await (await request(`https://${one?.listens}${path}`, { dispatcher })).body.dump()
      await (await request(`https://${one?.listens}/review`, { method: 'POST', dispatcher, body: '{' })).body.dump()
      await dispatcher.close()
      const after = await figures()
      expect(after.map((figure, place) => figure - (before[place] ?? 0))).toEqual([1, 3])
    })
  })
})

/** Lowers the grace period each time, and adds a container of its own once. */
function quarrelsome({ spec }: Pod): object[] {
  const hasProxy = spec?.containers.some(({ name }) => name === 'proxy')
  return [
    ...(spec?.terminationGracePeriodSeconds === 30
      ? [{ op: 'replace', path: '/spec/terminationGracePeriodSeconds', value: 5 }]
      : []),
    ...(hasProxy
      ? []
      : [
          {
            op: 'add',
            path: '/spec/containers/-',
            value: { name: 'proxy', image: 'registry.example.com/proxy:1', ports: [{ containerPort: 80 }] },
          },
        ]),
  ]
}
