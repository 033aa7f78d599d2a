import { describe, expect, it } from 'vitest'
import type { Creation, Step } from '../contract/hazard.ts'
import { cronJobs, jobs } from '../objects/kinds.ts'
import { ApiError } from './api-error.ts'
import type { Ask, Client } from './client.ts'
import { createArm, nextWrite } from './create.ts'

const target = { source: { cluster: 'fake' }, kind: 'CronJob', name: 'a', namespace: 'shop', uid: 'u' }
const step: Creation & { readonly why: string } = {
  do: 'create',
  why: 'to try',
  target,
  object: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'a-late-1' }, spec: {} },
  note: { key: 'n', value: 'run' },
  given: [{ path: ['spec'], value: { schedule: 'x' } }],
  changes: [{ path: ['status', 'last'], before: 'old', after: 'new' }],
  refer: ['status', 'active'],
}
const owner = ({ note = '', last = 'old', uid = 'u', schedule = 'x', active = [] as object[] } = {}) => ({
  metadata: { uid, resourceVersion: '7', annotations: note === '' ? {} : { n: note } },
  spec: { schedule },
  status: { last, active },
})
const made = (uid = 'u', finished = false) => ({
  metadata: { name: 'a-late-1', uid: 'j', ownerReferences: [{ uid, controller: true }] },
  status: { conditions: finished ? [{ type: 'Failed', status: 'True' }] : [] },
})

describe('what is written next', () => {
  it.each([
    ['nothing was begun', owner(), undefined, { write: 'note' }],
    ['something else was begun', owner({ note: 'other' }), undefined, { write: 'note' }],
    ['it is noted', owner({ note: 'run' }), undefined, { write: 'object' }],
    ['it is made', owner({ note: 'run' }), made(), { write: 'status' }],
    ['it is made, and its maker forgot it', owner(), made(), { write: 'status' }],
    [
      'all is said but the note',
      owner({ note: 'run', last: 'new', active: [{ uid: 'j' }] }),
      made(),
      { write: 'clear' },
    ],
    ['it has ended meanwhile', owner({ note: 'run', last: 'new' }), made('u', true), { write: 'clear' }],
    ['all is said', owner({ last: 'new', active: [{ uid: 'j' }] }), made(), 'done'],
    ['somebody moved on, and does not know it', owner({ note: 'run', last: 'newer' }), made(), { write: 'status' }],
    ['somebody moved on', owner({ note: 'run', last: 'newer', active: [{ uid: 'j' }] }), made(), { write: 'clear' }],
  ])('%s', (_, seen, object, next) => expect(nextWrite(step, seen, object)).toEqual(next))

  it.each([
    ['it is gone', undefined, undefined, 'is gone'],
    ['it was made anew', owner({ uid: 'v' }), undefined, 'was made anew'],
    ['the name is taken', owner(), made('v'), 'has the name a-late-1'],
    ['it was edited', owner({ schedule: 'y' }), undefined, 'spec was changed'],
    ['a native controller started one', owner({ last: 'newer' }), undefined, 'status.last is "newer"'],
  ])('nothing where %s', (_, seen, object, held) =>
    expect(nextWrite(step, seen, object)).toEqual({ held: expect.stringContaining(held) }),
  )

  it('is to take the note back where it may not be made any more', () => {
    const held = expect.stringContaining('spec was changed')
    expect(nextWrite(step, owner({ note: 'run', schedule: 'y' }), undefined)).toEqual({ write: 'clear', held })
  })
})

/** A fake API server that keeps one owner and what is made, in memory. */
function fake(refuse: (ask: Ask) => ApiError | undefined = () => undefined) {
  const asked: string[] = []
  let [seen, object] = [owner(), undefined as ReturnType<typeof made> | undefined]
  const resources = (name: string, kind: string) => ({ resources: [{ name, kind, namespaced: true }] })
  const ask = async (one: Ask): Promise<unknown> => {
    const { method, path } = one
    if (path === '/apis/batch/v1')
      return { resources: [resources('cronjobs', 'CronJob'), resources('jobs', 'Job')].flatMap((all) => all.resources) }
    if (method === 'GET' && path.includes('/jobs/')) {
      if (!object) throw new ApiError(404, 'NotFound', 'none')
      return object
    }
    if (method === 'GET') return seen
    asked.push(`${method} ${path.split('/').slice(-2).join('/')}`)
    const refused = refuse(one)
    if (refused) throw refused
    if (method === 'POST') {
      object = made()
      return object
    }
    const { metadata, status } = one.body as {
      metadata: { annotations: { n: string | null } }
      status?: { last: string; active: object[] }
    }
    seen = owner({ note: metadata.annotations.n ?? '', ...(status ?? seen.status) })
    return seen
  }
  const client: Client = {
    name: 'fake',
    server: 'fake',
    ask,
    lines: () => {
      throw new Error('nothing is watched')
    },
    close: async () => {},
  }
  return { client, asked, seen: () => seen }
}

describe('an object that is made for another', () => {
  const apply = (client: Client, mayNot: () => string | undefined = () => undefined) =>
    createArm({ client, kinds: [cronJobs, jobs], mayNot }).apply(step as Step)

  it('is noted, made and said, by the status alone', async () => {
    const { client, asked, seen } = fake()
    expect(await apply(client)).toBe('done')
    expect(asked).toEqual(['PATCH a/status', 'POST shop/jobs', 'PATCH a/status'])
    expect(seen()).toMatchObject({
      metadata: { annotations: {} },
      status: { last: 'new', active: [{ uid: 'j', kind: 'Job' }] },
    })
    expect(await apply(client)).toBe('done')
    expect(asked).toHaveLength(3)
  })

  it('is not made by who may not any more, asked before each write', async () => {
    for (const most of [0, 1, 2]) {
      let left = most
      const { client, asked } = fake()
      expect(await apply(client, () => (left-- > 0 ? undefined : 'another leads'))).toEqual({ held: 'another leads' })
      expect(asked).toHaveLength(most)
    }
  })

  it('is tried again where somebody was faster, and not for ever', async () => {
    let conflicts = 1
    const { client, asked } = fake(() => (conflicts-- > 0 ? new ApiError(409, 'Conflict', 'changed') : undefined))
    expect(await apply(client)).toBe('done')
    expect(asked).toHaveLength(4)
    const never = fake(() => new ApiError(409, 'Conflict', 'changed'))
    expect(await apply(never.client)).toEqual({ held: 'others wrote to CronJob a all the time' })
  })

  it('is held with the words of who refuses it, and stays noted', async () => {
    const { client, seen } = fake(({ method }) =>
      method === 'POST' ? new ApiError(403, 'Forbidden', 'exceeded quota: q') : undefined,
    )
    expect(await apply(client)).toEqual({ held: 'exceeded quota: q' })
    expect(seen().metadata.annotations).toEqual({ n: 'run' })
  })
})
