// After a long outage thousands wait at once: what they get, minute by minute.
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Finding, Step, Subject } from '../contract/hazard.ts'
import { hazard } from '../contract/reads.ts'
import { clear, found, read } from '../contract/verdicts.ts'
import type { Arm } from '../contract/world.ts'
import { type Budget, budgetOf, freePlaces, rateOf } from './budgets.ts'
import { execute } from './executor.ts'
import type { Judged } from './look.ts'
import { defaultPolicy } from './policy.ts'
import type { Done } from './situation.ts'

const minute = 60_000
const policy = { ...defaultPolicy, hazards: { 'dark-lamp': { mode: 'act' as const } } }
const dark = hazard({
  id: 'dark-lamp',
  title: 'It is dark',
  severity: 'high',
  settings: z.object({}),
  reasons: { dark: { title: 'Dark', why: 'It is not lit.', fix: 'Light it.' } },
})

/** Lamps that are dark until a step is taken; of each hundred the first `owed` need a run to be started. */
function flood(count: number, owed: number) {
  const target = (at: number): Subject => ({
    source: { cluster: 'c' },
    kind: 'CronJob',
    namespace: 'n',
    name: `l${at}`,
  })
  const lit = new Set<string>()
  const stepOf = (at: number): Step =>
    at % 100 < owed
      ? {
          ...{ do: 'create', name: 'light', why: 'w', target: target(at), object: {}, given: [], changes: [] },
          ...{ note: { key: 'k', value: 'v' }, refer: ['status', 'active'] },
        }
      : {
          ...{ do: 'edit', name: 'thaw', why: 'w', target: target(at) },
          changes: [{ path: ['status', 'x'], before: 1, after: 2 }],
        }
  const judged = Array.from({ length: count }, (_, at): Judged => {
    const finding: Finding = {
      ...{ reason: 'dark', state: 'occurring', fact: 'dark', evidence: [read('lit', false, 'here')] },
      remedy: [stepOf(at)],
    }
    return { hazard: dark, vantage: 'cluster', subject: target(at), verdict: found(finding), origin: {} }
  })
  const arms = (['edit', 'create'] as const).map(
    (does): Arm => ({
      does,
      apply: async (step) => {
        if ('target' in step) lit.add(step.target.name)
        return 'done'
      },
    }),
  )
  const dim = () => judged.filter(({ subject }) => !lit.has(subject.name))
  const again = async (one: Judged) => [lit.has(one.subject.name) ? { ...one, verdict: clear } : one]
  return { dim, arms, again }
}

describe('5,000 at once', () => {
  it('are corrected at one rate and started at another, and never faster, by a program that is begun anew too', async () => {
    const { dim, arms, again } = flood(5_000, 4)
    const places = new Map<string, Done & { readonly budget: Budget }>()
    const acts: { readonly at: number; readonly budget: Budget }[] = []
    let now = Date.parse('2026-11-23T08:00:00Z')
    const began = now
    const at = <T>(value: T) => ({ value, ticks: now })
    for (; dim().length > 0 && now < began + 200 * minute; now += 5_000) {
      const facts = { namespace: 'n', name: 'x', annotations: {} }
      const situation = async () => ({
        ...{ now, ticks: now, policy: at(policy), done: at([...places.values()]), pod: undefined, node: undefined },
        ...{ object: at(facts), clock: at(0) },
      })
      // No more are thought of than there is room for: see the controller's rounds.
      const round = (['edit', 'create'] as const).flatMap((what) =>
        dim()
          .filter(({ verdict }) => verdict.verdict === 'found' && verdict.findings[0].remedy[0]?.do === what)
          .slice(0, 70),
      )
      await execute(round, {
        ...{ arms, ceiling: 'act', situation, again, tried: () => new Set() },
        reserve: async ({ subject }, step) => {
          const budget = budgetOf(step)
          const times = new Map([...places].map(([name, one]) => [name, one.at]))
          const [place] = freePlaces(`${budget}-`, rateOf(budget, policy), times, now)
          if (place === undefined) return 'full'
          places.set(place, { at: now, node: 'c', subject: subject.name, step: step.name ?? '', budget })
          acts.push({ at: now, budget })
          return undefined
        },
        record: async () => {},
      })
    }
    expect(dim()).toEqual([])
    const fastest = (budget: Budget): number => {
      const own = acts.filter((one) => one.budget === budget)
      return Math.max(
        ...own.map(({ at: from }) => own.filter((one) => one.at >= from && one.at < from + minute).length),
      )
    }
    expect(acts.filter(({ budget }) => budget === 'run')).toHaveLength(200)
    expect([fastest('status'), fastest('run')]).toEqual([policy.statusPerMinute, policy.runsPerMinute])
    // 4,800 at 60 a minute; an hourly budget of 20 would have taken ten days.
    expect((now - began) / minute).toBeLessThan(82)
  })
})
