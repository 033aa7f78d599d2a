import { afterEach, describe, expect, it } from 'vitest'
import type { Kind, Step } from '../contract/hazard.ts'
import { kind } from '../contract/reads.ts'
import type { Batch } from '../contract/world.ts'
import { cronJobs, jobs, namespaces } from '../objects/kinds.ts'
import { type Client, connect } from './client.ts'
import { editArm } from './edit.ts'
import { type Answer, type Call, type FakeApiServer, fakeApiServer } from './fixtures/fake-api-server.ts'
import { clusterWorld, type ReadOptions } from './world.ts'

let server: FakeApiServer
let client: Client
afterEach(async () => {
  await client?.close()
  await server?.close()
})

async function serve(answer: (call: Call) => Answer, timeoutMs = 10_000): Promise<Client> {
  server = await fakeApiServer(answer)
  const target = {
    name: 'fake',
    server: server.url,
    proxy: undefined,
    credentials: async () => ({ headers: {}, tls: {} }),
  }
  client = connect(target, { env: {}, backOffMs: 1, timeoutMs })
  return client
}

const get = (path = '/x') => client.ask({ method: 'GET', path })

describe('a request', () => {
  it.each([429, 500, 502, 503, 504])('is made again after %d', async (status) => {
    let times = 0
    await serve(() => (++times < 3 ? { status } : { body: { well: true } }))
    expect(await get()).toEqual({ well: true })
    expect(times).toBe(3)
  })

  it('waits as long as Retry-After says', async () => {
    let times = 0
    await serve(() => (++times === 1 ? { status: 429, headers: { 'retry-after': '1' } } : {}))
    const began = performance.now()
    await get()
    expect(performance.now() - began).toBeGreaterThan(950)
  })

  it('gives up after five tries with what the server said', async () => {
    await serve(() => ({ status: 500, body: { kind: 'Status', message: 'etcdserver: request timed out' } }))
    await expect(get()).rejects.toThrow('etcdserver: request timed out')
    expect(server.calls).toHaveLength(5)
  })

  it('that writes is never made twice', async () => {
    await serve(() => ({ status: 503 }))
    await expect(client.ask({ method: 'POST', path: '/x', body: {} })).rejects.toThrow('503')
    expect(server.calls).toHaveLength(1)
  })

  it.each([400, 403, 404, 410, 422])('is not made again after %d', async (status) => {
    await serve(() => ({ status, body: { reason: 'Why', message: 'because' } }))
    await expect(get()).rejects.toMatchObject({ status, reason: 'Why', message: 'because' })
    expect(server.calls).toHaveLength(1)
  })

  it('that a login page answers is no success', async () => {
    await serve(() => ({ body: '<html><title>Log in</title>' }))
    await expect(get()).rejects.toThrow(
      'answered with "<html><title>Log in</title>", which is no answer of an API server',
    )
  })

  it('that is not answered ends in time', async () => {
    await serve(() => ({ hang: true }), 100)
    await expect(get()).rejects.toThrow('it did not answer in time')
  })

  it('to nobody says that nothing listens', async () => {
    await serve(() => ({}))
    await server.close()
    await expect(get()).rejects.toThrow(/cannot reach http:.* nothing listens there/)
  })

  it('with credentials that stay refused asks whether they expired', async () => {
    await serve(() => ({ status: 401, body: { message: 'Unauthorized' } }))
    await expect(get()).rejects.toThrow('are they expired?')
    expect(server.calls).toHaveLength(2)
  })
})

const resources = (name: string, of: string, namespaced = true) => ({
  resources: [
    { name: `${name}/status`, kind: of, namespaced },
    { name, kind: of, namespaced },
  ],
})

const cronJob = (name: string) => ({
  metadata: { name, namespace: 'jobs', uid: `uid-${name}`, managedFields: [{}] },
  spec: {},
})

/** An old server: batch/v1 without CronJob. */
function oldServer(lists: (call: Call) => Answer): (call: Call) => Answer {
  return (call) => {
    if (call.path === '/version') return { body: { major: '1', minor: '20+' } }
    if (call.path === '/apis/batch/v1') return { body: resources('jobs', 'Job') }
    if (call.path === '/apis/batch/v1beta1') return { body: resources('cronjobs', 'CronJob') }
    if (call.path === '/api/v1') return { body: resources('namespaces', 'Namespace', false) }
    return lists(call)
  }
}

async function batches(
  lists: (call: Call) => Answer,
  kinds: readonly Kind<unknown>[] = [cronJobs],
  options: ReadOptions = {},
): Promise<Batch[]> {
  await serve(oldServer(lists))
  const world = await clusterWorld(client, options)
  const all: Batch[] = []
  for await (const batch of world.read(kinds)) all.push(batch)
  return all
}

describe('a cluster as a world', () => {
  it('reads the version that the server has of a kind, page by page, without managedFields', async () => {
    const read = await batches(({ query }) =>
      query.get('continue') === 'more'
        ? { body: { items: [cronJob('b')], metadata: {} } }
        : { body: { items: [cronJob('a')], metadata: { continue: 'more' } } },
    )
    expect(read).toEqual(
      ['a', 'b'].map((name) => ({
        of: cronJobs,
        items: [
          {
            subject: { source: { cluster: 'fake' }, kind: 'CronJob', name, namespace: 'jobs', uid: `uid-${name}` },
            object: {
              apiVersion: 'batch/v1beta1',
              kind: 'CronJob',
              metadata: { name, namespace: 'jobs', uid: `uid-${name}` },
              spec: {},
            },
          },
        ],
      })),
    )
    expect(server.calls.at(-1)?.path).toBe('/apis/batch/v1beta1/cronjobs')
    expect(server.calls.at(-1)?.query.get('limit')).toBe('500')
  })

  it('begins anew when the continue token has expired, and gives up when that goes on', async () => {
    const read = await batches(({ query }) =>
      query.get('continue')
        ? { status: 410, body: { reason: 'Expired', message: 'too old' } }
        : { body: { items: [], metadata: { continue: 'more' } } },
    )
    expect(read.filter((batch) => 'restart' in batch)).toHaveLength(4)
    expect(read.at(-1)).toEqual({ of: cronJobs, unread: 'the list expired 4 times before its end: too old' })
  })

  it('names what may not be listed, and what is not served', async () => {
    const forbidden = 'cronjobs.batch is forbidden: User "x" cannot list resource "cronjobs"'
    expect(await batches(() => ({ status: 403, body: { reason: 'Forbidden', message: forbidden } }))).toEqual([
      { of: cronJobs, unread: forbidden },
    ])
    const gateways = kind('HTTPRoute', {
      group: 'gateway.networking.k8s.io',
      versions: ['v1', 'v1beta1'],
      namespaced: true,
    })
    expect(await batches(() => ({ status: 404 }), [gateways])).toEqual([
      {
        of: gateways,
        absent:
          'the API server does not serve HTTPRoute in gateway.networking.k8s.io/v1 or gateway.networking.k8s.io/v1beta1',
      },
    ])
  })

  it('reads only the namespaces asked for; one that is refused hides no other', async () => {
    const read = await batches(
      ({ path }) =>
        path.includes('/namespaces/secret')
          ? { status: 403, body: { message: 'not yours' } }
          : path.endsWith('/open')
            ? { body: { metadata: { name: 'open' } } }
            : { body: { items: [cronJob('a')] } },
      [cronJobs, namespaces],
      { namespaces: ['secret', 'open'] },
    )
    expect(read).toMatchObject([
      { unread: 'not yours' },
      { items: [{ subject: { name: 'a' } }] },
      { unread: 'not yours' },
      { items: [{ subject: { kind: 'Namespace', name: 'open' } }] },
    ])
  })

  it('takes an answer without a list for none', async () => {
    const [batch] = await batches(() => ({ body: { kind: 'Other' } }))
    expect(batch).toMatchObject({ unread: expect.stringContaining('answered with no list') })
  })

  it('says that a namespace does not exist, of which the API server gives an empty list', async () => {
    const lists = ({ path }: Call): Answer =>
      path === '/api/v1/namespaces/tpyo' ? { status: 404 } : { body: { items: null } }
    expect(await batches(lists, [cronJobs], { namespaces: ['tpyo'] })).toEqual([
      { of: cronJobs, items: [] },
      { broken: { place: 'namespace tpyo', because: 'there is no such namespace; is its name right?' } },
    ])
  })

  it('reads on where credentials can be had no more', async () => {
    let times = 0
    const credentials = () =>
      ++times === 1 ? Promise.resolve({ headers: {}, tls: {} }) : Promise.reject(new Error('log in again'))
    server = await fakeApiServer(
      oldServer(({ path }) => (path.endsWith('/jobs') ? { status: 401 } : { body: { items: [] } })),
    )
    client = connect({ name: 'fake', server: server.url, proxy: undefined, credentials }, { env: {}, backOffMs: 1 })
    const world = await clusterWorld(client)
    const all: Batch[] = []
    for await (const batch of world.read([jobs, cronJobs])) all.push(batch)
    expect(all.map((batch) => Object.keys(batch)[1])).toEqual(['unread', 'unread'])
    expect(all[0]).toMatchObject({ unread: 'log in again' })
  })

  it('never reads Secrets', async () => {
    await expect(
      batches(() => ({}), [kind('Secret', { group: '', versions: ['v1'], namespaced: true })]),
    ).rejects.toThrow('Secrets are never read')
  })
})

describe('an edit', () => {
  const target = { source: { cluster: 'fake' }, kind: 'CronJob', name: 'a', namespace: 'jobs', uid: 'uid-a' }
  const step = (changes: Extract<Step, { do: 'edit' }>['changes'], uid = 'uid-a'): Step => ({
    do: 'edit',
    why: 'to try',
    target: { ...target, uid },
    changes,
  })
  const object = {
    metadata: { name: 'a', uid: 'uid-a', resourceVersion: '7' },
    spec: { suspend: false },
    status: { lastScheduleTime: 'old' },
  }
  /** What the server says the object is after any of the edits here. */
  const after = { spec: { suspend: true, jobTemplate: { spec: { 'x/y': 1 } } }, status: { lastScheduleTime: 'new' } }
  const apply = async (edit: Step, patched: Answer = {}, kinds: readonly Kind<unknown>[] = [cronJobs]) => {
    const answer = oldServer(({ method }) => (method === 'GET' ? { body: object } : { body: after, ...patched }))
    await serve(answer, patched.hang ? 1000 : undefined)
    const outcome = await editArm(client, kinds).apply(edit)
    return {
      outcome,
      patches: server.calls
        .filter(({ method }) => method === 'PATCH')
        .map(({ path, body, headers }) => ({ path, body: JSON.parse(body) as unknown, type: headers['content-type'] })),
    }
  }

  it('tests what it replaces and the resourceVersion; status goes to its subresource, first', async () => {
    const { outcome, patches } = await apply(
      step([
        { path: ['spec', 'jobTemplate', 'spec', 'x/y'], before: undefined, after: 1 },
        { path: ['status', 'lastScheduleTime'], before: 'old', after: 'new' },
        { path: ['spec', 'suspend'], before: false, after: undefined },
      ]),
    )
    expect(outcome).toBe('done')
    const version = { op: 'test', path: '/metadata/resourceVersion', value: '7' }
    expect(patches).toEqual([
      {
        path: '/apis/batch/v1beta1/namespaces/jobs/cronjobs/a/status',
        type: 'application/json-patch+json',
        body: [
          version,
          { op: 'test', path: '/status/lastScheduleTime', value: 'old' },
          { op: 'replace', path: '/status/lastScheduleTime', value: 'new' },
        ],
      },
      {
        path: '/apis/batch/v1beta1/namespaces/jobs/cronjobs/a',
        type: 'application/json-patch+json',
        body: [
          version,
          { op: 'add', path: '/spec/jobTemplate', value: { spec: { 'x/y': 1 } } },
          { op: 'test', path: '/spec/suspend', value: false },
          { op: 'remove', path: '/spec/suspend' },
        ],
      },
    ])
  })

  it.each([
    [
      'a field that changed',
      step([{ path: ['spec', 'suspend'], before: true, after: false }]),
      'spec.suspend is false, expected true',
    ],
    [
      'a field that somebody set',
      step([{ path: ['spec', 'suspend'], before: undefined, after: true }]),
      'spec.suspend is false',
    ],
    ['an object made anew', step([{ path: ['spec', 'x'], before: undefined, after: 1 }], 'uid-b'), 'was made anew'],
  ])('is held for %s, and nothing is sent', async (_, edit, held) => {
    const { outcome, patches } = await apply(edit)
    expect(outcome).toEqual({ held: expect.stringContaining(held) })
    expect(patches).toEqual([])
  })

  it('is held when the server refuses it in the last moment, and the spec stays', async () => {
    const both = step([
      { path: ['spec', 'suspend'], before: false, after: true },
      { path: ['status', 'lastScheduleTime'], before: 'old', after: 'new' },
    ])
    const { outcome, patches } = await apply(both, { status: 422, body: { message: 'test operation failed' } })
    expect(outcome).toEqual({ held: 'test operation failed' })
    expect(patches).toHaveLength(1)
  })

  it('of another cluster is held', async () => {
    const other = step([{ path: ['spec', 'suspend'], before: false, after: true }])
    const { outcome, patches } = await apply({
      ...other,
      target: { ...target, source: { cluster: 'production' } },
    } as Step)
    expect(outcome).toEqual({ held: 'CronJob a is not in the cluster fake' })
    expect(patches).toEqual([])
  })

  it('that the server drops is not done', async () => {
    const { outcome } = await apply(step([{ path: ['spec', 'timeZone'], before: undefined, after: 'UTC' }]))
    expect(outcome).toEqual({ held: 'the API server dropped spec.timeZone; its release may not know that field' })
  })

  it('without an answer may have been made, and says so', async () => {
    const { outcome } = await apply(step([{ path: ['spec', 'suspend'], before: false, after: true }]), { hang: true })
    expect(outcome).toEqual({ held: expect.stringContaining('the edit may have been made all the same') })
  })

  it('is held where discovery is refused', async () => {
    await serve(() => ({ status: 403, body: { message: 'no discovery' } }))
    const outcome = await editArm(client, [cronJobs]).apply(step([]))
    expect(outcome).toEqual({ held: 'no discovery' })
  })

  it('is held for a kind that may not be written', async () => {
    const { outcome } = await apply(step([{ path: ['spec', 'suspend'], before: false, after: true }]), {}, [])
    expect(outcome).toEqual({ held: 'CronJob is not among what may be written, or not served' })
  })
})
