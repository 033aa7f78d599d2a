import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchTimers } from './timer-watch.ts'

describe('timers', () => {
  let ticks = 0
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const go = (ms: number): void => {
    ticks += ms
    vi.advanceTimersByTime(500)
  }

  it('are as late as they were at worst within a minute', () => {
    const watch = watchTimers(() => ticks)
    go(500)
    expect(watch.worst()).toBe(0)
    go(2300)
    go(700)
    expect(watch.worst()).toBe(1800)
    for (let second = 0; second < 62; second++) {
      go(500)
      go(500)
    }
    expect(watch.worst()).toBe(0)
    watch.stop()
  })

  it('that are overdue right now count', () => {
    const watch = watchTimers(() => ticks)
    ticks += 5500
    expect(watch.worst()).toBe(5000)
    watch.stop()
  })
})
