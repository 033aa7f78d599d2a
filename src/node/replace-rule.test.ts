import { expect, it } from 'vitest'
import { type Chain, type ReplaceRule, rewrite } from './replace-rule.ts'

const step: ReplaceRule = {
  do: 'replace-rule',
  why: 'w',
  target: { source: { node: 'n' }, kind: 'Rule', name: 'two' },
  rule: { backEnd: 'nft', family: 'ip', table: 'nat', chain: 'post', position: 2 },
  before: 'two',
  after: 'TWO',
}

/** A fake of a chain; `beside` is what happens to it at the same time as a rule is written. */
function chain(rules: string[], beside: (rules: string[]) => void = () => undefined) {
  const written: string[] = []
  let now = rules
  const fake: Chain = {
    read: () => Promise.resolve([...now]),
    replace(position, text) {
      written.push(text)
      now = now.with(position - 1, text)
      if (written.length === 1) beside(now)
      return Promise.resolve(undefined)
    },
  }
  return { fake, written, rules: () => now }
}

it('a rule is rewritten where the chain is the same but for it', async () => {
  const { fake, rules } = chain(['one', 'two', 'three'])
  expect(await rewrite(fake, step)).toBe('done')
  expect(rules()).toEqual(['one', 'TWO', 'three'])
})

it('a rule is put back where the rules beside it changed, as long as it is still ours', async () => {
  const { fake, rules } = chain(['one', 'two', 'three'], (now) => now.push('four'))
  await expect(rewrite(fake, step)).rejects.toThrow(
    'post is not as it should be after the rule was written; the rule was put back',
  )
  expect(rules()).toEqual(['one', 'two', 'three', 'four'])
})

it('a rule that is no longer at its number is left to whoever moved it', async () => {
  const { fake, rules, written } = chain(['one', 'two', 'three'], (now) => now.unshift('zero'))
  await expect(rewrite(fake, step)).rejects.toThrow('number 2 is not ours, so it was left alone')
  expect([rules(), written]).toEqual([['zero', 'one', 'TWO', 'three'], ['TWO']])
})

it('what its tool does not take changes nothing, and is told', async () => {
  const fake: Chain = { read: () => Promise.resolve(['one', 'two']), replace: () => Promise.resolve('unknown option') }
  expect(await rewrite(fake, step)).toEqual({ held: 'its tool refuses: unknown option' })
})

it('a chain that can not be read is not written', async () => {
  const fake: Chain = {
    read: () => Promise.resolve({ held: 'no permission' }),
    replace: () => Promise.reject(new Error('it was written')),
  }
  expect(await rewrite(fake, step)).toEqual({ held: 'no permission' })
})
