import { describe, expect, it } from 'vitest'
import { forgottenAfter, type Kept, planOf, type Situation, toldFor } from './certificate-plan.ts'
import { isForeign, keptOf, ownLabel, secretOf, secretPatch } from './certificate-secret.ts'
import { lasts, renewedBefore } from './generation.ts'
import { makeGeneration } from './make-generation.ts'
import { trustPatch } from './webhook-configuration.ts'

const made = Date.parse('2026-11-30T08:00:00Z')
const names = ['roadcrew-webhook.roadcrew.svc']
const dueAt = made + lasts - renewedBefore
const [first, second, third] = await Promise.all([
  makeGeneration(names, made),
  makeGeneration(names, dueAt),
  makeGeneration(names, dueAt),
])
const foreign = await makeGeneration(['other.svc'], made)

/** What is done, and what the Secret holds then; a new one is `third`. */
function planned(situation: Partial<Situation>): [string, Kept | undefined] {
  const plan = planOf({ found: { current: first }, held: undefined, toldMs: 0, names, now: made, ...situation })
  if (plan.do === 'keep') return ['keep', undefined]
  return [plan.because, plan.do === 'write' ? plan.kept : plan.with(third)]
}

describe('what is done about the certificate', () => {
  const keep = ['keep', undefined]

  it('nothing, while it lasts', () => {
    expect(planned({})).toEqual(keep)
    expect(planned({ now: dueAt })).toEqual(keep)
  })

  it('a month before it ends the next one is made, and not served yet', () =>
    expect(planned({ now: dueAt + 1000 })).toEqual(['it expires within 29 days', { current: first, next: third }]))

  it('the next one is served once its authority has been told for a while', () => {
    const found = { current: first, next: second }
    expect(planned({ found, now: dueAt, toldMs: toldFor - 1 })).toEqual(keep)
    const served = { current: second, previous: first.ca }
    expect(planned({ found, now: dueAt, toldMs: toldFor })).toEqual(['its authority is trusted', served])
    // Or at once, where the one that is served is of no use any more.
    expect(planned({ found, now: made + lasts })).toEqual([expect.stringMatching(/^it expired/), served])
  })

  it('the authority before is forgotten when nobody can serve what it signed', () => {
    const found = { current: second, previous: first.ca }
    expect(planned({ found, now: dueAt, toldMs: forgottenAfter - 1 })).toEqual(keep)
    expect(planned({ found, now: dueAt, toldMs: forgottenAfter })).toEqual([expect.any(String), { current: second }])
  })

  it('a next one that is of no use is made anew', () => {
    const found = { current: first, next: { ...second, key: '' } }
    expect(planned({ found, now: dueAt, toldMs: toldFor })).toEqual([
      expect.stringMatching(/^the next one: its key/),
      { current: first, next: third },
    ])
  })

  it.each<[string, Kept | string, RegExp]>([
    ['is gone', 'there is no Secret', /^there is no Secret/],
    ['is damaged', { current: { ...first, cert: 'x' } }, /^it is no certificate/],
    ['is for another Service', { current: foreign }, /^it is not for/],
  ])('where it %s, a new one; what is served goes on until that is trusted', (_, found, because) => {
    expect(planned({ found })).toEqual([expect.stringMatching(because), { current: third }])
    expect(planned({ found, held: first })).toEqual([expect.stringMatching(because), { current: first, next: third }])
    // But not one that nobody takes any more.
    const late = planned({ found, held: first, now: made + lasts })
    expect(late[1]).toEqual({ current: third })
  })

  it('where the clock was set back before it was made, a new one', () =>
    expect(planned({ found: { current: second }, now: made })).toEqual([
      expect.stringMatching(/^it is not valid before/),
      { current: third },
    ]))
})

describe('the Secret', () => {
  const all: Kept = { current: first, next: second, previous: third.ca }

  it('holds all of it, and gives it back', () => {
    for (const kept of [all, { current: first }]) {
      const secret = secretOf('s', kept) as Parameters<typeof keptOf>[0]
      expect(keptOf(secret)).toEqual(kept)
      expect(isForeign(secret)).toBe(false)
    }
  })

  it('is patched as a whole, under its version', () => {
    const seen = {
      metadata: { resourceVersion: '7' },
      data: { ...(secretOf('s', all) as { data: object }).data, x: '' },
    }
    const { metadata, data } = secretPatch(seen, { current: second }) as ReturnType<typeof secretPatch> & {
      metadata: object
      data: Record<string, string | null>
    }
    expect(metadata).toEqual({ resourceVersion: '7', labels: { [ownLabel]: 'webhook' } })
    expect(Object.keys(data).filter((key) => data[key] === null)).toEqual(
      expect.arrayContaining(['x', 'next-tls.key', 'previous-ca.crt']),
    )
    expect(
      keptOf({ data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null)) as never }),
    ).toEqual({
      current: second,
    })
  })

  it.each([
    [undefined, 'the Secret is empty'],
    [{}, 'the Secret is empty'],
    [{ 'tls.crt': 'eA==' }, 'the Secret lacks a part'],
  ])('%j is nothing to go by', (data, why) => expect(keptOf({ ...(data && { data }) })).toBe(why))

  it('does not take what is no certificate for the authority before', () => {
    const { data } = secretOf('s', all) as { data: Record<string, string> }
    expect(keptOf({ data: { ...data, 'previous-ca.crt': 'eA==' } })).toEqual({ current: first, next: second })
  })

  it('of somebody else is told by what is in it without the label', () => {
    expect(isForeign({ data: { 'tls.crt': 'eA==' } })).toBe(true)
    expect(isForeign({ data: {} })).toBe(false)
    expect(isForeign({ metadata: { labels: { [ownLabel]: 'webhook' } }, data: { 'tls.crt': 'eA==' } })).toBe(false)
  })
})

it('of the configuration only the bundle is written, under its version, and only where it is wrong', () => {
  const webhooks = [{ clientConfig: { caBundle: btoa('right') } }, { clientConfig: {} }, {}]
  expect(trustPatch({ metadata: { resourceVersion: '7' }, webhooks }, 'right')).toEqual([
    { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
    { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: btoa('right') },
    { op: 'add', path: '/webhooks/2/clientConfig/caBundle', value: btoa('right') },
  ])
  expect(trustPatch({ webhooks: webhooks.slice(0, 1) }, 'right')).toEqual([])
  expect(trustPatch({ webhooks: null }, 'right')).toEqual([])
})
