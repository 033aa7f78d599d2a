import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Subject } from '../contract/hazard.ts'
import { hazard } from '../contract/reads.ts'
import { clear } from '../contract/verdicts.ts'
import type { Audit } from '../engine/executor.ts'
import type { Judged } from '../engine/look.ts'
import { subjectKey } from '../engine/subjects.ts'
import type { Telling } from './events.ts'
import type { Outcome, Watched } from './follow-up.ts'
import { emptyReport } from './shadow-store.ts'
import { auditText, podAndNode, StepRecord } from './step-record.ts'

const dark = hazard({
  id: 'dark-lamp',
  title: 'Dark',
  severity: 'low',
  settings: z.object({}),
  reasons: {},
})
const lamp = (namespace: string): Subject => ({ source: { cluster: 'c' }, kind: 'Lamp', namespace, name: 'desk' })
const judged = (namespace: string): Judged => ({
  hazard: dark,
  vantage: 'cluster',
  subject: lamp(namespace),
  verdict: clear,
  origin: {},
})
const audit = (namespace: string, more: Partial<Audit> = {}): Audit => ({
  at: 5,
  hazard: 'dark-lamp',
  reason: 'no-light',
  subject: `Lamp ${namespace}/desk`,
  subjectKey: subjectKey(lamp(namespace)),
  step: 'light',
  stepKey: `light ${subjectKey(lamp(namespace))}`,
  text: 'edit Lamp',
  outcome: 'done',
  ...more,
})

describe('what is told of a step', () => {
  it('has what stood there before, and what ends', () => {
    const changes = 'status.on: true instead of false'
    expect(auditText(audit('hall', { changes }))).toBe(`Lamp hall/desk, no-light: did light (${changes})`)
    expect(auditText(audit('hall', { ends: '1 container', changes, outcome: 'held', because: 'no' }))).toBe(
      `Lamp hall/desk, no-light: held back light (ends 1 container; ${changes}): no`,
    )
  })

  it('regards a container’s Pod and node, or the node alone', () => {
    const node = { kind: 'Node', name: 'n', uid: 'n' }
    expect(podAndNode(undefined, 'n')).toEqual([node])
    expect(podAndNode({ namespace: 'ads', name: 'p', uid: 'u' }, 'n')).toEqual([
      { kind: 'Pod', namespace: 'ads', name: 'p', uid: 'u' },
      node,
    ])
  })
})

describe('what became of a step', () => {
  it('is told by looks that could see its subject, and by no others', async () => {
    const ended: [string, Outcome][] = []
    const told: Telling[] = []
    const noted: string[] = []
    const record = new StepRecord(
      {
        regards: ({ subject }) => [{ kind: subject.kind, name: subject.name, uid: 'u' }],
        audit: () => {},
        followed: ({ subject }: Watched, outcome) => void ended.push([subject, outcome]),
        tell: (...all) => void told.push(...all),
        noteOutcome: async (outcome, { subject }) => void noted.push(`${outcome} ${subject}`),
        keep: async () => {},
      },
      emptyReport('controller', 0),
    )
    for (const space of ['hall', 'attic']) await record.add(audit(space), judged(space))
    expect(told.map(({ regarding, reason }) => [regarding.kind, reason])).toEqual(
      Array(2).fill(['Lamp', 'RoadcrewActed']),
    )
    expect(noted).toEqual(['done Lamp hall/desk', 'done Lamp attic/desk'])
    await record.look([judged('hall')], 10, ({ subjectKey: key }) => key === subjectKey(lamp('hall')))
    expect(ended).toEqual([['Lamp hall/desk', 'cured']])
    await record.look([judged('attic')], 20)
    expect(ended.slice(1)).toEqual([['Lamp attic/desk', 'cured']])
  })
})
