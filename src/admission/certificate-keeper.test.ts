// Several keepers at once before a fake of the API server that knows versions, with answers in any order. The real one:
// integration/webhook-certificate.test.ts.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Ask, Client } from '../kubernetes/client.ts'
import { CertificateKeeper } from './certificate-keeper.ts'
import { faultOf } from './generation.ts'
import { makeGeneration } from './make-generation.ts'

const names = ['roadcrew-webhook.roadcrew.svc']
const day = 24 * 3_600_000

interface Stored {
  metadata: { resourceVersion: string; labels?: Record<string, string> }
  data?: Record<string, string> | null
  webhooks?: { clientConfig: { caBundle?: string } }[]
}

/** One Secret and one configuration, with optimistic concurrency. */
class FakeApi {
  readonly objects = new Map<string, Stored>()
  #version = 1
  now = Date.parse('2026-11-30T08:00:00Z')

  store(path: string, object: object): void {
    const { metadata } = object as { metadata?: object }
    const version = { ...metadata, resourceVersion: String(this.#version++) }
    this.objects.set(path, { ...structuredClone(object), metadata: version } as Stored)
  }

  ask({ method, path, body }: Ask): unknown {
    const at = method === 'POST' ? `${path}/own` : path
    const found = this.objects.get(at)
    if (method === 'POST' && found) throw new ApiError(409, 'AlreadyExists', 'it is there')
    if (method === 'POST') return this.store(at, body as object)
    if (!found) throw new ApiError(404, 'NotFound', 'it is not there')
    if (method === 'GET') return structuredClone(found)
    if (Array.isArray(body)) {
      for (const { path: field, value } of body as { path: string; value: string }[]) {
        if (field === '/metadata/resourceVersion' && value !== found.metadata.resourceVersion) conflict()
        const [, , place, , key] = field.split('/')
        if (key === 'caBundle') Object.assign(found.webhooks?.[Number(place)]?.clientConfig ?? {}, { caBundle: value })
      }
    } else {
      const { metadata, data } = body as Stored
      if (metadata.resourceVersion !== found.metadata.resourceVersion) conflict()
      const kept = Object.entries({ ...found.data, ...data }).filter(([, value]) => value !== null)
      Object.assign(found, { data: Object.fromEntries(kept), metadata: { ...found.metadata, ...metadata } })
    }
    this.store(path, found)
    return found
  }

  get bundle(): string {
    return atob(this.objects.get(configuration)?.webhooks?.[0]?.clientConfig.caBundle ?? '')
  }
}

const conflict = (): never => {
  throw new ApiError(409, 'Conflict', 'it was changed')
}

const secret = '/api/v1/namespaces/roadcrew/secrets/own'
const configuration = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/roadcrew'

function keeperOf(api: FakeApi, scheduler: fc.Scheduler): CertificateKeeper {
  const ask = (asked: Ask): Promise<unknown> => scheduler.schedule(Promise.resolve()).then(() => api.ask(asked))
  return new CertificateKeeper({
    ...{ client: { ask } as unknown as Client, namespace: 'roadcrew', secret: 'own', configuration: 'roadcrew', names },
    ...{ now: () => api.now, ticks: () => api.now, make: makeGeneration, wrote: () => {} },
  })
}

async function allLook(keepers: readonly CertificateKeeper[], scheduler: fc.Scheduler): Promise<void> {
  const looks = keepers.map((keeper) => keeper.look())
  await scheduler.waitFor(Promise.all(looks))
}

async function started(scheduler: fc.Scheduler): Promise<{ api: FakeApi; keepers: CertificateKeeper[] }> {
  const api = new FakeApi()
  api.store(configuration, { webhooks: [{ clientConfig: {} }] })
  const keepers = [1, 2, 3].map(() => keeperOf(api, scheduler))
  await allLook(keepers, scheduler)
  await allLook(keepers, scheduler)
  return { api, keepers }
}

/** At no moment anybody serves what the API server was not told of, or what has expired. */
async function trustedWhile(
  looking: Promise<void>,
  api: FakeApi,
  keepers: readonly CertificateKeeper[],
): Promise<void> {
  let isOver = false
  const over = looking.finally(() => {
    isOver = true
  })
  while (!isOver) {
    const { bundle } = api
    expect(keepers.filter(({ held }) => !held || !bundle.includes(held.ca))).toEqual([])
    await new Promise((resolve) => setImmediate(resolve))
  }
  await over
  for (const { held } of keepers) expect(held && faultOf(held, names, api.now)).toBeUndefined()
}

describe('three replicas at once', () => {
  it('serve one certificate from the start', () =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { api, keepers } = await started(scheduler)
        expect(new Set(keepers.map(({ held }) => held?.cert)).size).toBe(1)
        expect(api.bundle).toBe(keepers[0]?.held?.ca)
      }),
      { numRuns: 10 },
    ))

  it('never serve what is not trusted, over years, whoever is faster and whoever is restarted', () =>
    fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.option(fc.nat(2))), { minLength: 5, maxLength: 10 }),
        async (scheduler, spans) => {
          const { api, keepers } = await started(scheduler)
          const before = keepers[0]?.held?.cert
          let passed = 0
          for (const [days, restarted] of spans) {
            api.now += days * day
            passed += days
            if (restarted !== null) {
              keepers[restarted] = keeperOf(api, scheduler)
              await allLook([keepers[restarted]], scheduler)
            }
            for (let round = 0; round < 6; round++) {
              api.now += 20_000
              await trustedWhile(allLook(keepers, scheduler), api, keepers)
            }
          }
          if (passed > 61) expect(keepers[0]?.held?.cert).not.toBe(before)
        },
      ),
      { numRuns: 5 },
    ))

  const sabotage: Readonly<Record<string, (api: FakeApi) => void>> = {
    'the Secret is deleted': (api) => void api.objects.delete(secret),
    'the Secret is emptied': (api) => api.store(secret, { data: {} }),
    'a part of the Secret is damaged': (api) => {
      const { metadata, data } = api.objects.get(secret) ?? {}
      api.store(secret, { metadata, data: { ...data, 'tls.key': btoa('x') } })
    },
    'the bundle is blanked': (api) => api.store(configuration, { webhooks: [{ clientConfig: {} }] }),
    'the bundle is that of another': (api) =>
      api.store(configuration, { webhooks: [{ clientConfig: { caBundle: btoa('another') } }] }),
  }

  it.each(Object.keys(sabotage))('come to rest on one that is trusted where %s', (what) =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.option(fc.nat(2)), async (scheduler, restarted) => {
        const { api, keepers } = await started(scheduler)
        const before = keepers[0]?.held
        sabotage[what]?.(api)
        if (restarted !== null) keepers[restarted] = keeperOf(api, scheduler)
        await allLook(keepers, scheduler)
        // What is written first may be another's: one more look and all have it.
        await allLook(keepers, scheduler)
        expect(new Set(keepers.map(({ held }) => held?.cert)).size).toBe(1)
        const [{ held } = { held: undefined }] = keepers
        expect(held && api.bundle.includes(held.ca)).toBe(true)
        if (what.startsWith('the bundle')) expect(held).toEqual(before)
        // Whoever made it go away gets another one, within minutes.
        for (let round = 0; round < 8; round++) {
          api.now += 20_000
          await allLook(keepers, scheduler)
        }
        if (what.startsWith('the Secret')) expect(keepers[0]?.held?.cert).not.toBe(before?.cert)
        expect(api.bundle.includes(keepers[0]?.held?.ca ?? 'none')).toBe(true)
      }),
      { numRuns: 6 },
    ),
  )
})

describe('one keeper', () => {
  const scheduled = { schedule: <T>(task: Promise<T>) => task } as unknown as fc.Scheduler

  it('leaves a Secret of somebody else as it is, and says so', async () => {
    const api = new FakeApi()
    api.store(configuration, { webhooks: [{ clientConfig: {} }] })
    api.store(secret, { data: { password: 'eA==' } })
    const keeper = keeperOf(api, scheduled)
    await expect(keeper.look()).rejects.toThrow('the Secret own has no label roadcrew.dev/certificate')
    expect(api.objects.get(secret)?.data).toEqual({ password: 'eA==' })
    expect(keeper.held).toBeUndefined()
  })

  it('has a certificate without the configuration, but never changes it for one that could not be told', async () => {
    const api = new FakeApi()
    const keeper = keeperOf(api, scheduled)
    await expect(keeper.look()).rejects.toThrow('there is no MutatingWebhookConfiguration roadcrew')
    expect([keeper.held !== undefined, keeper.wasTold]).toEqual([true, false])
    const before = keeper.held?.cert
    api.now += 65 * day
    for (let round = 0; round < 9; round++) {
      api.now += 20_000
      await expect(keeper.look()).rejects.toThrow('there is no')
    }
    expect(keeper.held?.cert).toBe(before)
    api.store(configuration, { webhooks: [{ clientConfig: {} }] })
    for (let round = 0; round < 9; round++) {
      api.now += 20_000
      await keeper.look()
    }
    expect([keeper.held?.cert === before, keeper.wasTold]).toEqual([false, true])
  })

  it('keeps what it holds while the API server does not answer', async () => {
    const api = new FakeApi()
    api.store(configuration, { webhooks: [{ clientConfig: {} }] })
    const keeper = keeperOf(api, scheduled)
    await keeper.look()
    const before = keeper.held
    api.ask = () => {
      throw new ApiError(0, 'ECONNREFUSED', 'nothing listens there')
    }
    await expect(keeper.look()).rejects.toThrow('nothing listens there')
    expect(keeper.held).toBe(before)
  })
})
