import { afterEach, describe, expect, it } from 'vitest'
import type { Kind, Step } from '../contract/hazard.ts'
import { cronJobs } from '../objects/kinds.ts'
import { editArm } from './edit.ts'
import type { Answer } from './fixtures/fake-api-server.ts'
import { fakeCluster, oldServer } from './fixtures/fake-cluster.ts'

const cluster = fakeCluster()
afterEach(() => cluster.close())

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
    await cluster.serve(answer, patched.hang ? { timeoutMs: 1000 } : {})
    const outcome = await editArm(cluster.client, kinds).apply(edit)
    return {
      outcome,
      patches: cluster.server.calls
        .filter(({ method }) => method === 'PATCH')
        .map(({ path, body, headers }) => ({ path, body: JSON.parse(body) as unknown, type: headers['content-type'] })),
    }
  }

  it('writes notes of its own with the status, and other annotations with the spec', async () => {
    const path = (key: string) => ['metadata', 'annotations', key]
    const { patches } = await apply(step([{ path: path('roadcrew.dev/x'), before: undefined, after: 'y' }]))
    expect(patches.map((one) => one.path)).toEqual(['/apis/batch/v1beta1/namespaces/jobs/cronjobs/a/status'])
    const other = await apply(step([{ path: path('example.com/x'), before: undefined, after: 'y' }]))
    expect(other.patches.map((one) => one.path)).toEqual(['/apis/batch/v1beta1/namespaces/jobs/cronjobs/a'])
  })

  it('is not made by who may not any more, asked before each write', async () => {
    await cluster.serve(oldServer(({ method }) => (method === 'GET' ? { body: object } : { body: after })))
    const change = [{ path: ['status', 'lastScheduleTime'], before: 'old', after: 'new' }]
    const arm = editArm(cluster.client, [cronJobs], { mayNot: () => 'another leads' })
    expect(await arm.apply(step(change))).toEqual({ held: 'another leads' })
    expect(cluster.server.calls.filter(({ method }) => method === 'PATCH')).toEqual([])
  })

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
    await cluster.serve(() => ({ status: 403, body: { message: 'no discovery' } }))
    const outcome = await editArm(cluster.client, [cronJobs]).apply(step([]))
    expect(outcome).toEqual({ held: 'no discovery' })
  })

  it('is held for a kind that may not be written', async () => {
    const { outcome } = await apply(step([{ path: ['spec', 'suspend'], before: false, after: true }]), {}, [])
    expect(outcome).toEqual({ held: 'CronJob is not among what may be written, or not served' })
  })
})
