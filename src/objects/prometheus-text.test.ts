import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numberOf, sampleOf, sampleTaker } from './prometheus-text.ts'

describe('a sample', () => {
  it.each([
    ['up 1', { name: 'up', labels: {}, value: 1 }],
    ['  up\t1.5e+06  ', { name: 'up', labels: {}, value: 1.5e6 }],
    ['up{} 0', { name: 'up', labels: {}, value: 0 }],
    ['up{a="b"}1', { name: 'up', labels: { a: 'b' }, value: 1 }],
    ['up {a="b", c="d",} -3', { name: 'up', labels: { a: 'b', c: 'd' }, value: -3 }],
    [
      'up{path="C:\\\\DIR\\\\",quote="\\"x\\"",line="a\\nb"} 1',
      { labels: { path: 'C:\\DIR\\', quote: '"x"', line: 'a\nb' } },
    ],
    ['up{a="}",b="{x=\\"1\\"} 9"} 2', { labels: { a: '}', b: '{x="1"} 9' }, value: 2 }],
    ['up{a="x"} 12 1395066363000', { value: 12 }],
    ['up_bucket{le="+Inf"} 3 # {trace_id="k"} 0.67 1.5', { labels: { le: '+Inf' }, value: 3 }],
    ['up{quantile="0.5"} NaN', { value: Number.NaN }],
    ['up +Inf', { value: Number.POSITIVE_INFINITY }],
    ['up -Inf', { value: Number.NEGATIVE_INFINITY }],
    ['up .5', { value: 0.5 }],
  ])('%s', (line, sample) => expect(sampleOf(line)).toMatchObject(sample))

  it.each([
    ...[
      '',
      '   ',
      '# HELP up whether it is',
      '# TYPE up gauge',
      'up',
      'up1',
      'up one',
      '1up 1',
      'up{a=b} 1',
      'up{a="b} 1',
    ],
    ...['up{a="b" 1', 'up{a="b"}', 'up{a="b"} 1 2 3', 'up{="b"} 1', 'up 0x10', 'up 1_000', 'up 1 yesterday'],
  ])('is none: %s', (line) => expect(sampleOf(line)).toBeUndefined())

  it('has labels of any name, also those that objects have by themselves', () => {
    const { labels } = sampleOf('up{__proto__="p",constructor="c"} 1') ?? { labels: {} }
    expect(Object.entries(labels)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ])
    expect(({} as Record<string, unknown>).p).toBeUndefined()
  })

  const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/)
  const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/)
  const escaped = (text: string) => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"')

  it('is read as it was written, whatever its labels hold', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '}', '{', ',', '=', ' ', '#', 'é', '😀') })
    fc.assert(
      fc.property(name, fc.dictionary(labelName, text), fc.double({ noNaN: true }), (own, labels, value) => {
        const pairs = Object.entries(labels).map(([key, one]) => `${key}="${escaped(one)}"`)
        const number = Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
        const sample = sampleOf(`${own}{${pairs.join(',')}} ${number}`)
        expect(sample?.name).toBe(own)
        expect(sample?.value).toBe(Object.is(value, -0) ? 0 : value)
        expect(new Map(Object.entries(sample?.labels ?? {}))).toEqual(new Map(Object.entries(labels)))
      }),
    )
  })

  it('is found or not in any text, without an error and without much time', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('u', '{', '}', '"', '\\', '=', ',', ' ', '1', 'e'), maxLength: 200 }),
        (text) => {
          const sample = sampleOf(text)
          expect(sample === undefined || typeof sample.value === 'number').toBe(true)
        },
      ),
    )
    for (const hostile of [
      `up{${'a="'.repeat(50_000)}`,
      `up{${'a="b",'.repeat(50_000)}`,
      `up ${' '.repeat(100_000)}x`,
      'u'.repeat(200_000),
    ])
      expect(sampleOf(hostile)).toBeUndefined()
  })
})

describe('numbers', () => {
  it('are read as they are written', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(numberOf(String(value))).toBe(Number(String(value)))
      }),
    )
  })
})

describe('the samples of some metrics', () => {
  const taken = (text: string, names: readonly string[]) => {
    const { take, samples } = sampleTaker(names)
    for (const line of text.split('\n')) take(line)
    return samples
  }

  it('are kept, and every other line is passed over, whatever it is', () => {
    const text = '# TYPE a counter\na{x="1"} 1\na{x="2"} 2\na_total 5\nb no number\n<html>\n\na 3'
    expect(taken(text, ['a']).map(({ value }) => value)).toEqual([1, 2, 3])
  })

  it('that can not be read are named by their line', () =>
    expect(() => taken('b 1\na one', ['a'])).toThrow('line 2: not a sample of a metric: a one'))

  it('are not kept without end', () => expect(() => taken('a 1\n'.repeat(1_001), ['a'])).toThrow('over 1000 samples'))
})
