import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defaultPolicy } from '../engine/policy.ts'
import { type FakeCluster, fakeCluster } from '../kubernetes/fixtures/fake-cluster.ts'
import { policyFrom, readPolicy } from './policy-source.ts'

const lamps = [{ id: 'dark-lamp', steps: { light: 'Light it' }, settings: z.object({}) }]

describe('the policy of a cluster', () => {
  let cluster: FakeCluster
  afterEach(() => cluster.close())
  const policy = async (answer: Parameters<FakeCluster['serve']>[0]) => {
    cluster = fakeCluster()
    return readPolicy(await cluster.serve(answer), 'roadcrew', lamps)
  }
  const map =
    (text: string | undefined, annotations = {}) =>
    () => ({
      body: { metadata: { annotations }, ...(text !== undefined && { data: { 'policy.yaml': text } }) },
    })

  it('is read', async () => {
    expect(await policy(map('hazards: {dark-lamp: {mode: act}}\n'))).toEqual({
      policy: { ...defaultPolicy, hazards: { 'dark-lamp': { mode: 'act' } } },
      from: 'ConfigMap roadcrew/roadcrew-policy',
    })
  })

  it('observes everything where there is none, or an empty one', async () => {
    const status = { status: 404, body: { kind: 'Status', reason: 'NotFound', message: 'not found' } }
    expect(await policy(() => status)).toEqual({ policy: defaultPolicy })
    await cluster.close()
    expect((await policy(map(undefined))).policy).toEqual(defaultPolicy)
    await cluster.close()
    expect((await policy(map('# nothing yet\n'))).policy).toEqual(defaultPolicy)
  })

  it('is paused by a note on it', async () => {
    const note = { 'roadcrew.dev/paused': 'anna since 2026-11-23T08:00:00Z' }
    expect(await policy(map('', note))).toMatchObject({ policy: { paused: true }, paused: note['roadcrew.dev/paused'] })
  })

  it.each([403, 500])('is none where the answer is %i', async (status) => {
    await expect(policy(() => ({ status, body: {} }))).rejects.toThrow(String(status))
  })

  it('that is wrong is an error that says where', async () => {
    await expect(policy(map('hazards: {dark-lmp: {}}'))).rejects.toThrow(
      'ConfigMap roadcrew/roadcrew-policy, policy.yaml: hazards.dark-lmp: there is no such hazard; expected one of dark-lamp',
    )
  })
})

it('a policy that is no YAML is an error with its line', () => {
  expect(() => policyFrom('hazards:\n  dark-lamp: {mode: act\n', 'policy.yaml', lamps)).toThrow(
    /^policy\.yaml: .*line 3/,
  )
})
