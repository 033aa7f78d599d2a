import { afterEach, describe, expect, it } from 'vitest'
import type { Kind } from '../contract/hazard.ts'
import { kind } from '../contract/reads.ts'
import type { Batch } from '../contract/world.ts'
import { configMaps, cronJobs, jobs, namespaces, nodes, pods } from '../objects/kinds.ts'
import type { Answer, Call } from './fixtures/fake-api-server.ts'
import { cronJob, fakeCluster, oldServer } from './fixtures/fake-cluster.ts'
import { clusterWorld, type ReadOptions } from './world.ts'

const cluster = fakeCluster()
afterEach(() => cluster.close())

async function batches(
  lists: (call: Call) => Answer,
  kinds: readonly Kind<unknown>[] = [cronJobs],
  options: ReadOptions = {},
): Promise<Batch[]> {
  await cluster.serve(oldServer(lists))
  const world = await clusterWorld(cluster.client, options)
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
    expect(cluster.server.calls.at(-1)?.path).toBe('/apis/batch/v1beta1/cronjobs')
    expect(cluster.server.calls.at(-1)?.query.get('limit')).toBe('500')
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
    await cluster.serve(
      oldServer(({ path }) => (path.endsWith('/jobs') ? { status: 401 } : { body: { items: [] } })),
      { credentials },
    )
    const world = await clusterWorld(cluster.client)
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

describe('a narrowed world', () => {
  const served = (name: string, kindName: string, namespaced: boolean) => ({ name, kind: kindName, namespaced })
  const answers = ({ path }: Call): Answer => {
    if (path === '/version') return { body: { major: '1', minor: '34' } }
    if (path === '/apis/batch/v1') return { body: { resources: [served('cronjobs', 'CronJob', true)] } }
    const core = [served('nodes', 'Node', false), served('namespaces', 'Namespace', false), served('pods', 'Pod', true)]
    return { body: path === '/api/v1' ? { resources: core } : { items: [], metadata: { name: 'shop' } } }
  }
  const read = async (options: ReadOptions, kinds: readonly Kind<unknown>[]): Promise<Batch[]> => {
    const world = await clusterWorld(await cluster.serve(answers), options)
    const all: Batch[] = []
    for await (const batch of world.read(kinds)) all.push(batch)
    return all
  }

  it('to namespaces asks for nothing that belongs to none, but for the namespaces themselves', async () => {
    const read3 = await read({ namespaces: ['shop'] }, [nodes, namespaces, cronJobs])
    expect(read3).toContainEqual({ of: nodes, absent: 'not asked for: a Node belongs to no namespace' })
    const paths = cluster.server.calls.map(({ path }) => path)
    expect(paths.filter((path) => path.includes('nodes'))).toEqual([])
    expect(paths).toContain('/apis/batch/v1/namespaces/shop/cronjobs')
  })

  it('to some objects of a kind asks for each by its name and never for a list', async () => {
    const named = (answer: (path: string) => Answer) => (call: Call) =>
      call.path === '/api/v1'
        ? { body: { resources: [served('configmaps', 'ConfigMap', true)] } }
        : call.path.includes('/configmaps')
          ? answer(call.path)
          : answers(call)
    const of = kind('ConfigMap', {
      group: '',
      versions: ['v1'],
      namespaced: true,
      only: { namespace: 'n', names: ['a', 'b'] },
    })
    const of404 = named((path) =>
      path.endsWith('/a') ? { status: 404 } : { body: { metadata: { name: 'b', namespace: 'n' }, data: {} } },
    )
    const readFrom = async (answer: (call: Call) => Answer, options: ReadOptions = {}) => {
      const world = await clusterWorld(await cluster.serve(answer), options)
      const all: Batch[] = []
      for await (const batch of world.read([of])) all.push(batch)
      return all
    }
    expect(await readFrom(of404)).toMatchObject([{ items: [{ subject: { kind: 'ConfigMap', name: 'b' } }] }])
    const asked = () => cluster.server.calls.map(({ path }) => path).filter((path) => path.includes('configmaps'))
    expect(asked()).toEqual(['/api/v1/namespaces/n/configmaps/a', '/api/v1/namespaces/n/configmaps/b'])
    await cluster.close()
    await readFrom(of404, { namespaces: ['shop'] })
    expect(asked()).toEqual(['/api/v1/namespaces/shop/configmaps/a', '/api/v1/namespaces/shop/configmaps/b'])
    await cluster.close()
    const refused = await readFrom(named(() => ({ status: 403, body: { message: 'not yours' } })))
    expect(refused).toMatchObject([{ unread: 'not yours' }, { unread: 'not yours' }])
  })

  it('of all ConfigMaps are few', () => expect(configMaps.api?.only?.namespace).toBe('kube-system'))

  it('by fields lets the API server leave out the others of that kind', async () => {
    await read({ fieldSelectors: { Pod: 'spec.nodeName=node-1' } }, [pods, nodes])
    const selectors = cluster.server.calls.map(({ path, query }) => [path, query.get('fieldSelector')])
    expect(selectors).toContainEqual(['/api/v1/pods', 'spec.nodeName=node-1'])
    expect(selectors).toContainEqual(['/api/v1/nodes', null])
  })
})
