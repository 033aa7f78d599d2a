import { describe, expect, it } from 'vitest'
import { labelSelector } from './label-selector.ts'

const shop = { app: 'shop', tier: 'web' }

describe('labelSelector', () => {
  it.each([
    ['app=shop', true],
    ['app==shop,tier=web', true],
    ['app=shop,tier=api', false],
    ['app!=shop', false],
    ['zone!=a', true],
    ['tier in (web, api)', true],
    ['tier notin (web,api)', false],
    ['zone notin (a)', true],
    ['app', true],
    ['!app', false],
    ['!zone,app in (shop),tier', true],
    ['app=', false],
    ['', true],
  ])('%s', (selector, holds) => expect(labelSelector(selector)(shop)).toBe(holds))
  it('treats missing labels as none', () => expect(labelSelector('!app')(undefined)).toBe(true))
  it('names what it cannot read', () =>
    expect(() => labelSelector('app=shop,tier web')).toThrow('"tier web" is no label'))
})
