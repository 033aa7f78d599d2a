import { afterEach, describe, expect, it } from 'vitest'
import type { Step } from '../contract/hazard.ts'
import { cronJobs, jobs } from '../objects/kinds.ts'
import { deleteArm } from './delete.ts'
import type { Answer } from './fixtures/fake-api-server.ts'
import { fakeCluster, oldServer } from './fixtures/fake-cluster.ts'

const cluster = fakeCluster()
afterEach(() => cluster.close())

describe('a delete', () => {
  const target = { source: { cluster: 'fake' }, kind: 'Job', name: 'a-1', namespace: 'jobs', uid: 'uid-a' }
  const step = (more: object = {}, finished = true): Step => ({
    do: 'delete',
    why: 'to try',
    target: { ...target, ...more },
    ...(finished && { finished: true as const }),
  })
  const done = { conditions: [{ type: 'Complete', status: 'True' }] }
  const job = (status: object = done, metadata: object = {}) => ({
    metadata: { name: 'a-1', uid: 'uid-a', resourceVersion: '7', ...metadata },
    status,
  })
  const apply = async (
    wanted: Step,
    object: object = job(),
    { deleted = {}, onlyFinished }: { readonly deleted?: Answer; readonly onlyFinished?: true } = {},
  ) => {
    const answer = oldServer(({ method }) => (method === 'GET' ? { body: object } : deleted))
    await cluster.serve(answer, deleted.hang ? { timeoutMs: 1000 } : {})
    const outcome = await deleteArm(cluster.client, [jobs], onlyFinished ? { onlyFinished } : {}).apply(wanted)
    const sent = cluster.server.calls.filter(({ method }) => method === 'DELETE')
    return { outcome, sent: sent.map(({ path, body }) => ({ path, body: JSON.parse(body) as unknown })) }
  }

  it('holds only for the very object that was looked at, and lets what belongs to it follow', async () => {
    const { outcome, sent } = await apply(step(), job(), { onlyFinished: true })
    expect(outcome).toBe('done')
    expect(sent).toEqual([
      {
        path: '/apis/batch/v1/namespaces/jobs/jobs/a-1',
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: 'uid-a', resourceVersion: '7' },
          propagationPolicy: 'Background',
        },
      },
    ])
  })

  it('of one that runs is a step of its own', async () => {
    expect((await apply(step({}, false), job({ active: 1 }))).outcome).toBe('done')
  })

  it.each([
    ['made anew', step({ uid: 'uid-b' }), job(), 'Job a-1 was made anew since it was looked at'],
    ['still running', step(), job({ active: 1 }), 'Job a-1 has not finished'],
    [
      'going already',
      step(),
      job(done, { deletionTimestamp: '2026-11-23T08:00:00Z' }),
      'Job a-1 is being deleted already',
    ],
    ['of another cluster', step({ source: { cluster: 'other' } }), job(), 'Job a-1 is not in the cluster fake'],
    [
      'of a kind that may not go',
      step({ kind: 'CronJob' }),
      job(),
      'CronJob is not among what may be deleted, or not served',
    ],
  ])('of one that is %s is held, and nothing is sent', async (_, wanted, object, held) => {
    const { outcome, sent } = await apply(wanted, object)
    expect(outcome).toEqual({ held })
    expect(sent).toEqual([])
  })

  it('that may end what runs is held where only what has finished may go', async () => {
    const { outcome, sent } = await apply(step({}, false), job(), { onlyFinished: true })
    expect(outcome).toEqual({ held: 'it may end a Job that runs, which is for people' })
    expect(sent).toEqual([])
  })

  it('that the server refuses in the last moment is held', async () => {
    const message = 'Precondition failed: ResourceVersion in precondition: 7, ResourceVersion in object meta: 8'
    const { outcome } = await apply(step(), job(), { deleted: { status: 409, body: { message } } })
    expect(outcome).toEqual({ held: message })
  })

  it('without an answer may have been done, and says so', async () => {
    const { outcome } = await apply(step(), job(), { deleted: { hang: true } })
    expect(outcome).toEqual({ held: expect.stringContaining('it may have been deleted all the same') })
  })

  it('of a kind that is not known to finish is held', async () => {
    await cluster.serve(oldServer(() => ({ body: { metadata: { name: 'a', uid: 'uid-a' }, status: done } })))
    const outcome = await deleteArm(cluster.client, [cronJobs]).apply(step({ kind: 'CronJob', name: 'a' }))
    expect(outcome).toEqual({ held: 'CronJob a has not finished' })
  })
})
