import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Subject, Verdict } from '../contract/hazard.ts'
import { hazard } from '../contract/reads.ts'
import { clear, found, read, unknown } from '../contract/verdicts.ts'
import type { Judged } from '../engine/look.ts'
import { subjectKey } from '../engine/subjects.ts'
import { curedWithin, followUp, type Watched, watchFor } from './follow-up.ts'

const lamp = hazard({
  id: 'dark-lamp',
  title: 'It is dark',
  severity: 'high',
  settings: z.object({}),
  reasons: { dark: { title: 'Dark', why: 'It is not lit.', fix: 'Light it.' } },
})
const subject: Subject = { source: { node: 'n' }, kind: 'Container', name: 'app', uid: 'a' }
const judged = (verdict: Verdict, of: Subject = subject): Judged => ({
  hazard: lamp,
  vantage: 'node',
  subject: of,
  verdict,
  origin: {},
})
const ill = judged(found({ reason: 'dark', state: 'occurring', fact: 'f', evidence: [read('a', 1, 'b')], remedy: [] }))
const everyOne = judged(unknown('not listed'), { ...subject, name: '*' })
const watched = (more: Partial<Watched> = {}): Watched => ({
  hazard: 'dark-lamp',
  subject: 'Container app',
  subjectKey: subjectKey(subject),
  step: 'end-shim',
  was: 'advised',
  since: 0,
  ...more,
})
const outcome = (one: Watched, seen: readonly Judged[], at: number) => followUp([one], seen, at).ended[0]?.outcome

describe('an advised step', () => {
  it.each([
    ['its subject is well', judged(clear), 1, 'healed-by-itself'],
    ['its subject is still ill', ill, watchFor - 1, undefined],
    ['its subject is ill for all of the time', ill, watchFor, 'still-broken'],
    ['its subject can not be judged', judged(unknown('why')), 1, undefined],
    ['nothing can be judged', everyOne, 1, undefined],
  ] as const)('%s', (_, seen, at, expected) => expect(outcome(watched(), [seen], at)).toBe(expected))

  it('was taken by a person where its subject is gone, or was stopped and goes on', () => {
    expect(outcome(watched(), [], 1)).toBe('done-by-a-person')
    expect(outcome(watched({ step: 'continue-shim' }), [judged(clear)], 1)).toBe('done-by-a-person')
  })
})

describe('a step that was done', () => {
  const done = watched({ was: 'done' })
  it.each([
    ['its subject is gone', [], 1, 'cured'],
    ['its subject is well', [judged(clear)], 1, 'cured'],
    ['its subject is ill for a while', [ill], curedWithin - 1, undefined],
    ['its subject stays ill', [ill], curedWithin, 'not-cured'],
    ['nothing can be judged', [everyOne], 1, undefined],
  ] as const)('%s', (_, seen, at, expected) => expect(outcome(done, seen, at)).toBe(expected))
})

it('what has not ended is watched on', () => {
  const other = watched({ subjectKey: 'other' })
  expect(followUp([watched(), other], [ill], 1)).toEqual({
    still: [watched()],
    ended: [{ watched: other, outcome: 'done-by-a-person' }],
  })
})
