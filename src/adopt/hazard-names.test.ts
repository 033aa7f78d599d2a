import { describe, expect, it } from 'vitest'
import { lamps } from './fixtures/candidates.ts'
import { covers, meant, wrongName } from './hazard-names.ts'

describe('the name of a hazard', () => {
  it.each([
    ['all', undefined],
    ['dark-lamp', undefined],
    ['dark-lamp/dim', undefined],
    ['dark-lmap', 'there is no hazard "dark-lmap"; did you mean "dark-lamp"?'],
    ['dark-lamp/dimm', 'dark-lamp has no reason "dimm"; did you mean "dim"?'],
    ['dark-lamp/dim/more', 'dark-lamp has no reason "dim/more"; expected one of dark, dim'],
    ['frozen', 'there is no hazard "frozen"; expected one of dark-lamp, hot-lamp, all'],
    ['ALL', 'there is no hazard "ALL"; expected one of dark-lamp, hot-lamp, all'],
  ])('%s: %s', (name, wrong) => expect(wrongName(name, lamps)).toBe(wrong))

  it.each([
    [['all'], true],
    [['dark-lamp'], true],
    [['dark-lamp/dim'], true],
    [['dark-lamp/dark', 'hot-lamp'], false],
    [['dark'], false],
    [[], false],
  ])('%j covers dark-lamp/dim: %s', (names, is) =>
    expect(covers(names, { hazard: 'dark-lamp', reason: 'dim' })).toBe(is),
  )
})

it('lists what there is where nothing is alike', () => {
  expect(meant('x', ['settings'])).toBe('; expected settings')
  expect(meant('setings', ['settings', 'enabled'])).toBe('; did you mean "settings"?')
})
