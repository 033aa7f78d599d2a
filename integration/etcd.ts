import { expect } from 'vitest'

/** Asks etcd itself, by the JSON form of its API (https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway). Keys and values: base64. */
export async function askEtcd<T>(etcdUrl: string, what: 'range' | 'put' | 'compaction', body: object): Promise<T> {
  const answer = await fetch(`${etcdUrl}/v3/kv/${what}`, { method: 'POST', body: JSON.stringify(body) })
  expect(answer.status, await answer.clone().text()).toBe(200)
  return (await answer.json()) as T
}

/** Forgets all but the present revision. */
export async function compact(etcdUrl: string): Promise<void> {
  const key = Buffer.from('/registry').toString('base64')
  const { header } = await askEtcd<{ header: { revision: string } }>(etcdUrl, 'range', { key })
  await askEtcd(etcdUrl, 'compaction', { revision: header.revision, physical: true })
}
