import { describe, expect, it } from 'vitest'
import { plainScan, sameLook } from './scan-options.ts'
import { names } from './why.ts'

describe('kind/name', () => {
  it.each([
    ['deployment/web', 'Deployment', 'shop', 'web', true],
    ['deploy/web', 'Deployment', 'shop', 'web', true],
    ['Deployments/web', 'Deployment', 'shop', 'web', true],
    ['cj/shop/report', 'CronJob', 'shop', 'report', true],
    ['cj/shop/report', 'CronJob', 'other', 'report', false],
    ['cj/web', 'Deployment', 'shop', 'web', false],
    ['deploy/web', 'Deployment', 'shop', 'web-2', false],
    ['sts/db', 'StatefulSet', undefined, 'db', true],
  ])('%s names %s %s/%s: %s', (what, kind, namespace, name, is) => expect(names(what)(kind, namespace, name)).toBe(is))
})

describe('the words of the next command', () => {
  it('look at the same once more, quoted where a shell needs it', () => {
    const options = { ...plainScan, namespace: ['shop'], selector: 'team in (a, b)', asOf: '2026-11-23T08:00:00Z' }
    expect(sameLook(['my files/'], options)).toBe(
      "'my files/' -n shop -l 'team in (a, b)' --as-of 2026-11-23T08:00:00Z",
    )
    expect(sameLook([], { ...plainScan, allContexts: true, only: ['a', 'b'] })).toBe('--all-contexts --only a,b')
  })
})
