import { expect, it } from 'vitest'
import type { Action } from './decide.ts'
import { zonedCronJob } from './fixtures/held-cluster.ts'
import { heldByClock, refused } from './held-back.ts'
import type { Way } from './native.ts'
import type { ZonedCronJob } from './zoned-cronjob.ts'

const created = Date.parse('2027-03-01T00:00:30Z')
const run = Date.parse('2027-03-01T01:00:00Z')
function after(zcj: ZonedCronJob, actions: readonly Action[]): ZonedCronJob {
  const [action] = actions
  return action?.do === 'status' ? { ...zcj, status: action.status } : zcj
}
const doing = (...actions: readonly Action[]): Way => ({ steps: [], decision: { actions, again: false } })
const dos = (actions: readonly Action[]) => actions.map((action) => action.do)

it('a refusal is told once, however many runs are refused for it, and again when it is for something else', () => {
  const because = (at: number, value: string) =>
    `Job.batch "report-${at / 1000}" is invalid: spec.template.spec.restartPolicy: Unsupported value: "${value}"`
  const first = refused(zonedCronJob({}, created), run, 'Refused', because(run, 'Always'), run)
  expect(dos(first)).toEqual(['status', 'tell'])
  const told = after(zonedCronJob({}, created), first)
  expect(refused(told, run, 'Refused', because(run, 'Always'), run + 2_000)).toEqual([])
  const next = run + 60_000
  const second = refused(told, next, 'Refused', because(next, 'Always'), next)
  expect(dos(second)).toEqual(['status'])
  expect(after(told, second).status?.conditions).toMatchObject([
    { message: expect.stringContaining('2027-03-01T01:01:00Z'), lastTransitionTime: '2027-03-01T01:00:00Z' },
  ])
  expect(dos(refused(after(told, second), next, 'Refused', because(next, 'Sometimes'), next))).toEqual([
    'status',
    'tell',
  ])
  expect(dos(refused(told, next, 'QuotaExceeded', because(next, 'Always'), next))).toEqual(['status', 'tell'])
})

it('a wrong clock is told of where something is to be started or counted, and not each second anew', () => {
  const zcj = zonedCronJob({}, created)
  const status: Action = { do: 'status', status: {} }
  expect(heldByClock(zcj, doing({ do: 'delete', name: 'j', uid: 'u', why: 'ttl' }), 60_000, run)).toEqual([])
  const first = heldByClock(zcj, doing(status), 3_599_000, run)
  expect(dos(first)).toEqual(['status', 'tell'])
  expect(heldByClock(after(zcj, first), doing(status), 3_600_900, run)).toEqual([])
  expect(dos(heldByClock(after(zcj, first), doing(status), -3_600_000, run))).toEqual(['status', 'tell'])
  const said = { type: 'Delegated', status: 'True', reason: 'Native', message: '', lastTransitionTime: '' } as const
  expect(heldByClock({ ...zcj, status: { conditions: [said] } }, doing(status), 60_000, run)).toEqual([])
})
