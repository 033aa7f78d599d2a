import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WorkQueue } from './queue.ts'

const queue = (parallel = 1) => new WorkQueue({ parallel, backOff: (failures) => 100 * 2 ** failures })

describe('the work queue', () => {
  it('gives a key once, however often it was added, and at its earliest time', () => {
    const work = queue(9)
    work.add('a', 50)
    work.add('b', 20)
    work.add('a', 10)
    work.add('a', 90)
    expect(work.depth).toBe(2)
    expect([work.take(9), work.wakesAt]).toEqual([undefined, 10])
    expect([work.take(30), work.take(30), work.take(1000)]).toEqual(['a', 'b', undefined])
  })

  it('never gives a key that is worked on: what comes meanwhile is one more turn', () => {
    const work = queue(9)
    work.add('a', 0)
    expect(work.take(0)).toBe('a')
    work.add('a', 1)
    work.add('a', 2)
    expect([work.depth, work.take(5)]).toEqual([1, undefined])
    work.done('a', 5, 'well')
    expect([work.take(5), work.take(5)]).toEqual(['a', undefined])
    work.done('a', 6, 'well')
    expect([work.depth, work.take(99), work.wakesAt]).toEqual([0, undefined, undefined])
  })

  it('lets a key that failed wait twice as long each time, and others pass', () => {
    const work = queue()
    work.add('a', 0)
    work.take(0)
    work.add('a', 0)
    work.done('a', 0, 'failed')
    work.add('b', 0)
    expect([work.take(0), work.wakesAt]).toEqual(['b', undefined])
    work.done('b', 0, 'well')
    expect([work.take(99), work.take(100)]).toEqual([undefined, 'a'])
    work.done('a', 100, 'failed')
    expect([work.take(299), work.take(300)]).toEqual([undefined, 'a'])
    work.done('a', 300, 'well')
    work.add('a', 301)
    work.take(301)
    work.done('a', 301, 'failed')
    expect(work.wakesAt).toBe(401)
  })

  it('gives no more at once than there are hands, and tells how many wait', () => {
    const work = queue(2)
    for (const key of ['a', 'b', 'c']) work.add(key, 0)
    expect([work.take(0), work.take(0), work.take(0), work.overdue(0)]).toEqual(['a', 'b', undefined, 1])
    work.forget('c')
    work.done('a', 0, 'well')
    expect(work.take(0)).toBeUndefined()
  })

  it('gives all that was added, each at or after its time and in the order of times', () => {
    const keyed = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 1000 })))
    fc.assert(
      fc.property(keyed, (added) => {
        const work = queue(99)
        const earliest = new Map<string, number>()
        for (const [key, at] of added) {
          work.add(String(key), at)
          earliest.set(String(key), Math.min(at, earliest.get(String(key)) ?? at))
        }
        const given: [string, number][] = []
        for (let at = work.wakesAt; at !== undefined; at = work.wakesAt) {
          const key = work.take(at)
          if (key !== undefined) given.push([key, at])
        }
        expect(new Map(given)).toEqual(earliest)
        expect(given.map(([, at]) => at)).toEqual(given.map(([, at]) => at).toSorted((a, b) => a - b))
      }),
    )
  })
})
