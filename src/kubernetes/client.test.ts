import { afterEach, describe, expect, it } from 'vitest'
import { fakeCluster } from './fixtures/fake-cluster.ts'

const cluster = fakeCluster()
afterEach(() => cluster.close())

const get = (path = '/x') => cluster.client.ask({ method: 'GET', path })

describe('a request', () => {
  it.each([429, 500, 502, 503, 504])('is made again after %d', async (status) => {
    let times = 0
    await cluster.serve(() => (++times < 3 ? { status } : { body: { well: true } }))
    expect(await get()).toEqual({ well: true })
    expect(times).toBe(3)
  })

  it('waits as long as Retry-After says', async () => {
    let times = 0
    await cluster.serve(() => (++times === 1 ? { status: 429, headers: { 'retry-after': '1' } } : {}))
    const began = performance.now()
    await get()
    expect(performance.now() - began).toBeGreaterThan(950)
  })

  it('gives up after five tries with what the server said', async () => {
    await cluster.serve(() => ({ status: 500, body: { kind: 'Status', message: 'etcdserver: request timed out' } }))
    await expect(get()).rejects.toThrow('etcdserver: request timed out')
    expect(cluster.server.calls).toHaveLength(5)
  })

  it('that writes is never made twice', async () => {
    await cluster.serve(() => ({ status: 503 }))
    await expect(cluster.client.ask({ method: 'POST', path: '/x', body: {} })).rejects.toThrow('503')
    expect(cluster.server.calls).toHaveLength(1)
  })

  it.each([400, 403, 404, 410, 422])('is not made again after %d', async (status) => {
    await cluster.serve(() => ({ status, body: { reason: 'Why', message: 'because' } }))
    await expect(get()).rejects.toMatchObject({ status, reason: 'Why', message: 'because' })
    expect(cluster.server.calls).toHaveLength(1)
  })

  it('that a login page answers is no success', async () => {
    await cluster.serve(() => ({ body: '<html><title>Log in</title>' }))
    await expect(get()).rejects.toThrow(
      'answered with "<html><title>Log in</title>", which is no answer of an API server',
    )
  })

  it('that is not answered ends in time', async () => {
    await cluster.serve(() => ({ hang: true }), { timeoutMs: 100 })
    await expect(get()).rejects.toThrow('it did not answer in time')
  })

  it('to nobody says that nothing listens', async () => {
    await cluster.serve(() => ({}))
    await cluster.server.close()
    await expect(get()).rejects.toThrow(/cannot reach http:.* nothing listens there/)
  })

  it('with credentials that stay refused asks whether they expired', async () => {
    await cluster.serve(() => ({ status: 401, body: { message: 'Unauthorized' } }))
    await expect(get()).rejects.toThrow('are they expired?')
    expect(cluster.server.calls).toHaveLength(2)
  })
})
