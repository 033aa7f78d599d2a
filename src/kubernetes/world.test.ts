import { expect, it } from 'vitest'
import type { Batch } from '../contract/world.ts'
import { cronJobs, namespaces, nodes } from '../objects/kinds.ts'
import { connect } from './client.ts'
import { fakeApiServer } from './fixtures/fake-api-server.ts'
import { clusterWorld } from './world.ts'

it('with namespaces given asks for nothing that belongs to none, but for the namespaces themselves', async () => {
  const served = (name: string, kind: string, namespaced: boolean) => ({ name, kind, namespaced })
  const server = await fakeApiServer(({ path }) => {
    if (path === '/version') return { body: { major: '1', minor: '34' } }
    if (path === '/apis/batch/v1') return { body: { resources: [served('cronjobs', 'CronJob', true)] } }
    if (path === '/api/v1')
      return { body: { resources: [served('nodes', 'Node', false), served('namespaces', 'Namespace', false)] } }
    return { body: { items: [], metadata: { name: 'shop' } } }
  })
  const credentials = async () => ({ headers: {}, tls: {} })
  const client = connect({ name: 'fake', server: server.url, proxy: undefined, credentials }, { env: {} })
  try {
    const world = await clusterWorld(client, { namespaces: ['shop'] })
    const batches: Batch[] = []
    for await (const batch of world.read([nodes, namespaces, cronJobs])) batches.push(batch)
    expect(batches).toContainEqual({ of: nodes, absent: 'not asked for: a Node belongs to no namespace' })
    const paths = server.calls.map(({ path }) => path)
    expect(paths.filter((path) => path.includes('nodes'))).toEqual([])
    expect(paths).toContain('/apis/batch/v1/namespaces/shop/cronjobs')
  } finally {
    await client.close()
    await server.close()
  }
})
