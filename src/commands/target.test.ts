import { expect, it } from 'vitest'
import { anotherTarget, probeRate, type Target, targetOf } from './target.ts'

it.each([
  ['db.example.com:5432', 'db.example.com', 5432],
  ['kubernetes.default.svc.:443', 'kubernetes.default.svc.', 443],
  ['10.96.0.1:443', '10.96.0.1', 443],
  ['[2001:db8::1]:443', '2001:db8::1', 443],
])('%s is a host and a port', (text, host, port) => expect(targetOf(text)).toEqual({ text, host, port }))

it.each([
  'db',
  'db:',
  ':80',
  'db:0',
  'db:65536',
  'db:http',
  '2001:db8::1:443',
  '[10.0.0.1]:80',
  '10.0.0.256:80',
  '-x:80',
  'a b:80',
  'http://db:80',
  'a..b:80',
])('%s is none', (text) => expect(targetOf(text)).toBeUndefined())

it('the agent takes few targets, each once, and a gentle rate', () => {
  const many = Array.from({ length: 10 }, (_, n) => `db-${n}:5432`)
  const targets = many.reduce((before: readonly Target[], text) => anotherTarget(text, before), [])
  expect(targets.map(({ text }) => text)).toEqual(many)
  expect(() => anotherTarget('more:1', targets)).toThrow('at most 10')
  expect(() => anotherTarget('db-1:5432', targets.slice(0, 3))).toThrow('db-1:5432 is there twice')
  expect(() => anotherTarget('db')).toThrow('expected e.g. db.example.com:5432')
  expect(['1', '0.5', '10'].map(probeRate)).toEqual([1, 0.5, 10])
  for (const wrong of ['0', '11', '-1', '1e0', 'fast', '']) expect(() => probeRate(wrong)).toThrow('from 0.01 to 10')
})
