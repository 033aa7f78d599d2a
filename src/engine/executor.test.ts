import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Finding, Step, Subject } from '../contract/hazard.ts'
import { hazard } from '../contract/reads.ts'
import { clear, found, read } from '../contract/verdicts.ts'
import type { Arm } from '../contract/world.ts'
import { type Audit, type ExecutorOptions, execute } from './executor.ts'
import type { Judged } from './look.ts'
import { defaultPolicy, type Mode, type Policy } from './policy.ts'
import { stepKey } from './rails.ts'
import type { Situation } from './situation.ts'

const subject: Subject = { source: { node: 'node-1' }, kind: 'Container', name: 'app' }
const stuck = hazard({
  id: 'dark-lamp',
  title: 'It is dark',
  severity: 'high',
  settings: z.object({}),
  reasons: { dark: { title: 'Dark', why: 'It is not lit.', fix: 'Light it.' } },
})
const shim = (startTicks = 1) => ({ pid: 7, startTicks, command: 'shim' })
const small: Step = { do: 'continue-shim', name: 'continue-shim', why: 'w', target: subject, shim: shim() }
const large = (startTicks = 1): Step => ({
  do: 'end-shim',
  name: 'end-shim',
  why: 'w',
  target: subject,
  shim: shim(startTicks),
  alsoEnds: [],
})

const judged = (remedy: readonly Step[], isFound = true): Judged => {
  const finding: Finding = {
    reason: 'dark',
    state: 'occurring',
    fact: 'it is dark',
    evidence: [read('lit', false, 'here')],
    remedy,
  }
  return { hazard: stuck, vantage: 'node', subject, verdict: isFound ? found(finding) : clear, origin: {} }
}

const at = <T>(value: T) => ({ value, ticks: 0 })
const situation = (mode: Mode, more: Partial<Policy> = {}): Situation => ({
  now: 1_000_000,
  ticks: 0,
  policy: at({ ...defaultPolicy, hazards: { 'dark-lamp': { mode } }, ...more }),
  done: at([]),
  pod: at({ namespace: 'ads', name: 'p', annotations: {}, pastGraceMs: 1, owner: 'ReplicaSet r', static: false }),
  node: {
    name: 'node-1',
    runtimeUpMs: 1e9,
    runtimeAnswers: true,
    agentUpMs: 1e9,
    timersLateMs: 0,
    kubeletHealthy: true,
    containers: 9,
    condemned: 1,
    pauseFile: false,
  },
})

async function run(more: Partial<ExecutorOptions> & { mode?: Mode; remedy?: readonly Step[] } = {}) {
  const { mode = 'act', remedy = [small, large()], ...options } = more
  const applied: Step[] = []
  const recorded: Audit[] = []
  const arm = (does: Step['do']): Arm => ({
    does,
    apply: (step) => Promise.resolve(applied.push(step)).then(() => 'done' as const),
  })
  const audits = await execute([judged(remedy)], {
    arms: [arm('continue-shim'), arm('end-shim')],
    ceiling: 'act',
    situation: async () => situation(mode),
    again: async (one) => [one],
    tried: () => new Set(),
    record: async (audit) => void recorded.push(audit),
    ...options,
  })
  expect(recorded).toEqual(audits)
  return { applied: applied.map((step) => step.do), audits, steps: applied }
}

describe('the executor', () => {
  it('does the smallest step, and the next one once that was tried', async () => {
    expect((await run()).applied).toEqual(['continue-shim'])
    const keys = [small, large()].map(stepKey)
    expect((await run({ tried: () => new Set(keys.slice(0, 1)) })).applied).toEqual(['end-shim'])
    expect((await run({ tried: () => new Set(keys) })).applied).toEqual([])
  })

  it('does nothing by default, and in advise records what it would do', async () => {
    expect(await run({ mode: 'observe' })).toMatchObject({ applied: [], audits: [] })
    const { applied, audits } = await run({ mode: 'advise' })
    expect([applied, audits.map(({ outcome, step }) => [outcome, step])]).toEqual([[], [['would-do', 'continue-shim']]])
  })

  it('can only be lowered by a flag', async () => {
    expect((await run({ ceiling: 'observe' })).audits).toEqual([])
    expect((await run({ mode: 'observe', ceiling: 'act' })).audits).toEqual([])
  })

  it('takes the fresh step after it has looked again', async () => {
    const { steps } = await run({ remedy: [large(1)], again: async () => [judged([small]), judged([large(2)])] })
    expect(steps[0]?.do === 'end-shim' && steps[0].shim.startTicks).toBe(2)
  })

  it('takes the same step for each of its targets, one after the other, and looks for that very one again', async () => {
    const rewrite = (name: string): Step => ({
      do: 'replace-rule',
      name: 'random-ports',
      why: 'w',
      target: { source: { node: 'node-1' }, kind: 'Rule', name },
      rule: { backEnd: 'nft', family: 'ip', table: 'nat', chain: 'post', position: 1 },
      before: 'a',
      after: 'b',
    })
    const arm = (applied: Step[]): Arm => ({
      does: 'replace-rule',
      apply: (step) => Promise.resolve(applied.push(step)).then(() => 'done' as const),
    })
    const applied: Step[] = []
    const remedy = [rewrite('one'), rewrite('two')]
    await run({ remedy, arms: [arm(applied)], tried: () => new Set([stepKey(rewrite('one'))]) })
    expect(applied).toEqual([rewrite('two')])
    const { audits } = await run({ remedy, arms: [arm(applied)], again: async () => [judged([rewrite('two')])] })
    expect(audits.map(({ outcome }) => outcome)).toEqual(['passed'])
  })

  it('does nothing where it is no longer so', async () => {
    for (const again of [async () => [], async () => [judged([], false)], async () => [judged([small])]]) {
      const { applied, audits } = await run({ remedy: [large()], again })
      expect([applied, audits[0]?.outcome]).toEqual([[], 'passed'])
    }
  })

  it('names the rail that held it back, also one that came up while it looked again', async () => {
    const held = await run({ situation: async () => situation('act', { paused: true }) })
    expect([held.applied, held.audits[0]?.rail]).toEqual([[], 'paused'])
    let asked = 0
    const later = await run({ situation: async () => situation('act', { paused: ++asked > 1 }) })
    expect([later.applied, later.audits[0]?.rail]).toEqual([[], 'paused'])
  })

  it('asks the policy again as well', async () => {
    let asked = 0
    const { applied, audits } = await run({ situation: async () => situation(++asked > 1 ? 'advise' : 'act') })
    expect([applied, audits[0]?.rail]).toEqual([[], 'mode'])
  })

  it('tells where an arm is missing, refuses or fails, and goes on', async () => {
    expect((await run({ arms: [] })).audits[0]).toMatchObject({ outcome: 'held', rail: 'no-arm' })
    const refuses: Arm = { does: 'continue-shim', apply: async () => ({ held: 'another process has that pid now' }) }
    expect((await run({ arms: [refuses] })).audits[0]).toMatchObject({
      rail: 'identity',
      because: 'another process has that pid now',
    })
    const fails: Arm = { does: 'continue-shim', apply: () => Promise.reject(new Error('EPERM')) }
    expect((await run({ arms: [fails] })).audits[0]).toMatchObject({ outcome: 'failed', because: 'EPERM' })
  })

  it('takes its place in the budget last of all, and does nothing without one', async () => {
    const order: string[] = []
    const note = (what: string) => Promise.resolve(void order.push(what))
    const full = await run({
      again: async (one) => note('looked').then(() => [one]),
      reserve: async () => note('reserved').then(() => 'every place of this hour is taken'),
    })
    expect([full.applied, order]).toEqual([[], ['looked', 'reserved']])
    expect(full.audits[0]).toMatchObject({ rail: 'budget', because: 'every place of this hour is taken' })
    expect((await run({ reserve: async () => undefined })).applied).toEqual(['continue-shim'])
    const asked = await run({ mode: 'advise', reserve: () => Promise.reject(new Error('advise takes no place')) })
    expect(asked.audits[0]?.outcome).toBe('would-do')
  })

  it('says what ends', async () => {
    const ends = async (more: object) => {
      const facts = {
        namespace: 'ads',
        name: 'bidder-7',
        annotations: {},
        pastGraceMs: 1,
        owner: 'ReplicaSet b',
        static: false,
      }
      const here = { ...situation('advise'), pod: at({ ...facts, ...more }) }
      const { audits } = await run({
        remedy: [{ ...large(), alsoEnds: [subject, subject] } as Step],
        situation: async () => here,
      })
      return audits[0]?.ends
    }
    expect(await ends({ ownerReady: '11 of 12' })).toBe(
      '3 containers of ads/bidder-7; its owner ReplicaSet b has 11 of 12 ready',
    )
    expect(await ends({})).toBe('3 containers of ads/bidder-7; its owner ReplicaSet b')
    expect(await ends({ owner: undefined })).toBe('3 containers of ads/bidder-7; nobody would make it anew')
    expect((await run()).audits[0]).not.toHaveProperty('ends')
  })

  it('leaves advice to people', async () => {
    expect((await run({ remedy: [{ do: 'advise', why: 'look at it' }] })).audits).toEqual([])
  })
})

describe('the audit', () => {
  it('names the reason of the finding whose step was taken, not of the first one', async () => {
    const one = judged([small])
    const [acted] = one.verdict.verdict === 'found' ? one.verdict.findings : []
    if (!acted) throw new Error('nothing was found')
    const first: Finding = { ...acted, reason: 'dim', remedy: [{ do: 'advise', why: 'w' }] }
    const both: Judged = { ...one, verdict: { verdict: 'found', findings: [first, acted] } }
    const audits = await execute([both], {
      arms: [{ does: 'continue-shim', apply: async () => 'done' }],
      ceiling: 'act',
      situation: async () => situation('act'),
      again: async (same) => [same],
      tried: () => new Set(),
      record: async () => undefined,
    })
    expect(audits).toMatchObject([{ outcome: 'done', reason: 'dark' }])
  })
})
