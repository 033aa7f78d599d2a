import { describe, expect, it } from 'vitest'
import type { Blame } from './blame.ts'
import { type DrainInput, drainOf } from './drain.ts'
import type { PodCourse } from './moments.ts'

const course = (name: string, over: Partial<PodCourse> = {}): PodCourse => ({
  ...{ name, ip: undefined, wasThere: true, servingMs: 0, deletedMs: 1000, graceSeconds: 30, waitSeconds: 0 },
  ...{ sigtermMs: 1000, endpointRemovedMs: 1500, ready: undefined, ends: 1, ended: undefined, goneMs: 2000 },
  ...over,
})

const to = (pod: string, ...others: string[]): Blame => ({ culprit: 'stopping', pod, others })

const input = (over: Partial<DrainInput> = {}): DrainInput => ({
  ...{ courses: [], served: undefined, lost: [], freshPerSecond: 100, endedMs: 100_000 },
  ...over,
})

const many = (count: number) => Array.from({ length: count }, (_, index) => course(`p${index}`))

describe('the drain time', () => {
  it('is from the deletion to the last request that was sent to the Pod in vain', () => {
    const lost = [1200, 4200, 3000].map((sentMs) => ({ sentMs, blame: to('a') }))
    const { pods, p999Ms } = drainOf(input({ courses: [course('a')], lost }))
    expect(pods).toEqual([{ pod: 'a', is: 'measured', ms: 3200 }])
    expect(p999Ms).toBe(3200)
  })

  it('counts what the Pod answered after it too, where answers name it', () => {
    const waits = course('a', { waitSeconds: 10, sigtermMs: 11_000, goneMs: 12_000 })
    const served = [900, 5000].map((sentMs) => ({ pod: 'a', sentMs }))
    expect(drainOf(input({ courses: [waits], served })).pods).toEqual([{ pod: 'a', is: 'measured', ms: 4000 }])
    expect(drainOf(input({ courses: [waits] })).pods).toEqual([{ pod: 'a', is: 'at-most', ms: 10_000 }])
  })

  it('is the slowest of twenty, and what lies between two requests on top', () => {
    const courses = many(20)
    const lost = courses.map(({ name }, index) => ({ sentMs: 1000 + index * 100, blame: to(name) }))
    // 20 Pods share 100 requests a second: one in 200 ms each.
    expect(drainOf(input({ courses, lost }))).toMatchObject({ n: 20, p999Ms: 1900, resolutionMs: 200, waitSeconds: 3 })
  })

  it('advises nothing by fewer, or where nothing was lost', () => {
    const courses = many(19)
    const lost = courses.map(({ name }) => ({ sentMs: 2000, blame: to(name) }))
    expect(drainOf(input({ courses, lost }))).toMatchObject({ n: 19, p999Ms: 1000, waitSeconds: undefined })
    const waiting = many(20).map((one) => ({ ...one, sigtermMs: 11_000, waitSeconds: 10, goneMs: 12_000 }))
    const nothing = drainOf(input({ courses: waiting }))
    expect(nothing).toMatchObject({ n: 20, isBound: true, waitSeconds: undefined })
    expect(nothing.because).toContain('the present wait is enough')
  })

  it('counts a request for the Pod that stopped last of those that it may have been sent to', () => {
    const lost = [{ sentMs: 3000, blame: to('b', 'a') }]
    const { pods } = drainOf(input({ courses: [course('a'), course('b', { deletedMs: 2500, sigtermMs: 2500 })], lost }))
    expect(pods).toEqual([
      { pod: 'a', is: 'at-most', ms: 0 },
      { pod: 'b', is: 'measured', ms: 500 },
    ])
  })

  it('leaves out what was deleted before, and what still runs when the load ends', () => {
    const courses = [course('before', { deletedMs: -5 }), course('later', { sigtermMs: 99_000, goneMs: undefined })]
    expect(drainOf(input({ courses, endedMs: 98_000 }))).toMatchObject({ n: 0, p999Ms: undefined })
  })
})
