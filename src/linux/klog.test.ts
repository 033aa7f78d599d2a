import { describe, expect, it } from 'vitest'
import type { Zone } from '../contract/hazard.ts'
import { parseGoTime, parseLogLine } from './klog.ts'

const asOf = Date.parse('2021-08-06T00:00:00Z')
const shanghai: Zone = {
  name: 'Asia/Shanghai',
  stretch: () => ({ from: -Infinity, to: Infinity, offset: 8 * 3_600_000 }),
}
const at = (line: string, clock = { asOf }): string | undefined => {
  const ms = parseLogLine(line, clock).at
  return ms === undefined ? undefined : new Date(ms).toISOString()
}

describe('the time of a line', () => {
  it.each([
    ['klog', 'I0805 10:00:00.250000    1450 kubelet.go:1778] hello', '2021-08-05T10:00:00.250Z'],
    [
      'klog behind journald',
      'Aug  5 10:00:01 n kubelet[1]: I0805 10:00:00.250000 1 a.go:1] x',
      '2021-08-05T10:00:00.250Z',
    ],
    ['journald alone', 'Aug  5 10:00:01 n kubelet: hello', '2021-08-05T10:00:01.000Z'],
    ['short-iso', '2021-08-05T18:00:01+0800 n kubelet[1]: hello', '2021-08-05T10:00:01.000Z'],
    ['short-iso-precise', '2021-08-05T10:00:01.500000+00:00 n kubelet[1]: hello', '2021-08-05T10:00:01.500Z'],
    ['JSON', '{"ts":1628157600250.5,"caller":"a.go:1","msg":"hello","v":0}', '2021-08-05T10:00:00.250Z'],
    ['none', 'hello', undefined],
    ['no date', 'I1350 10:00:00.250000    1450 kubelet.go:1778] hello', undefined],
  ])('%s', (_, line, time) => expect(at(line)).toBe(time))

  it('is of the latest year that is not in the future', () => {
    const line = 'I1231 23:59:59.000000 1 a.go:1] x'
    expect(at(line, { asOf: Date.parse('2022-01-01T00:00:10Z') })).toBe('2021-12-31T23:59:59.000Z')
    expect(at(line, { asOf: Date.parse('2021-12-31T23:59:58Z') })).toBe('2021-12-31T23:59:59.000Z')
    expect(at('I0101 07:30:00.000000 1 a.go:1] x', { asOf: Date.parse('2021-12-31T23:45:00Z') })).toBe(
      '2022-01-01T07:30:00.000Z',
    )
  })

  it('is local to the node', () => {
    const line = parseLogLine('I0805 10:00:00.000000 1 a.go:1] x', { asOf, zone: shanghai })
    expect(line.at).toBe(Date.parse('2021-08-05T02:00:00Z'))
  })
})

describe('what a line says', () => {
  it.each([
    ['plain', 'I0805 10:00:00.250000    1450 kubelet.go:1778] hello "you"', 'hello "you"', {}],
    [
      'structured',
      'E0805 10:00:00.250000 1 a.go:1] "Went \\"wrong\\"" err="a: \\"b\\"" pod="ns/name" n=3 condition={Type:Ready Message:a {b}; c}',
      'Went "wrong"',
      { err: 'a: "b"', pod: 'ns/name', n: '3', condition: '{Type:Ready Message:a {b}; c}' },
    ],
    ['JSON', '{"ts":1,"msg":"Went wrong","err":"a","v":2}', 'Went wrong', { err: 'a', v: '2' }],
    ['a brace that is no JSON', '{Type:Ready}', '{Type:Ready}', {}],
    ['JSON without a message', '[1]', '[1]', {}],
  ])('%s', (_, line, message, fields) => expect(parseLogLine(line, { asOf })).toMatchObject({ message, fields }))

  it('names the host', () => expect(parseLogLine('Aug  5 10:00:01 n-1 kubelet: x', { asOf }).host).toBe('n-1'))
})

describe('a time as Go prints it', () => {
  it.each([
    ['2021-07-21 10:13:09.879700705 +0800 CST m=+142206.106938509', '2021-07-21T02:13:09.879Z', 142206.106938509],
    ['2021-07-21 10:13:09.5 -0600 CST', '2021-07-21T16:13:09.500Z', undefined],
    ['2017-05-05 13:59:56 +0000 UTC', '2017-05-05T13:59:56.000Z', undefined],
    ['2021-07-21 10:13:09 +0330 +0330 m=-0.5', '2021-07-21T06:43:09.000Z', -0.5],
  ])('%s', (text, time, monotonic) => {
    const told = parseGoTime(text)
    expect(new Date(told?.at ?? 0).toISOString()).toBe(time)
    expect(told?.monotonic).toBe(monotonic)
  })

  it('is exact to a microsecond', () =>
    expect((parseGoTime('2021-07-21 10:13:09.879700705 +0800 CST')?.at ?? 0) % 1000).toBeCloseTo(879.7007, 3))

  it.each(['', '0001-01-01', '2021-13-21 10:13:09 +0800 CST', '2021-07-21T10:13:09Z'])('%j is none', (text) =>
    expect(parseGoTime(text)).toBeUndefined(),
  )
})
