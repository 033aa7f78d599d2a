import { describe, expect, it } from 'vitest'
import { labelSelector } from './label-selector.ts'
import { matches, selectorText, selects } from './selectors.ts'

const labels = { app: 'shop', tier: 'web' }

describe("a Service's selector", () => {
  it.each([
    [{ app: 'shop' }, true],
    [{ app: 'shop', tier: 'web' }, true],
    [{ app: 'shop', tier: 'api' }, false],
    [{}, false],
    [undefined, false],
  ])('%j: %s', (selector, is) => expect(selects(selector, labels)).toBe(is))
})

describe('a label selector', () => {
  it.each([
    [{}, true],
    [undefined, false],
    [{ matchLabels: { app: 'shop' } }, true],
    [{ matchLabels: { app: 'other' } }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['web', 'api'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['web'] }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, true],
    [{ matchLabels: { app: 'shop' }, matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, false],
  ])('%j: %s', (selector, is) => expect(matches(selector, labels)).toBe(is))
})

it('is written as a list takes it', () => {
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['web', 'api'] },
    { key: 'track', operator: 'NotIn', values: ['canary'] },
    { key: 'app', operator: 'Exists' },
    { key: 'old', operator: 'DoesNotExist' },
  ]
  const text = selectorText({ matchLabels: { app: 'shop' }, matchExpressions })
  expect(text).toBe('app=shop,tier in (web,api),track notin (canary),app,!old')
  const labels = { app: 'shop', tier: 'web' }
  expect([labelSelector(text)(labels), matches({ matchLabels: { app: 'shop' }, matchExpressions }, labels)]).toEqual([
    true,
    true,
  ])
  expect(selectorText({})).toBe('')
})
