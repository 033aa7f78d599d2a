import { afterEach, expect, it, vi } from 'vitest'
import { WorkQueue } from './queue.ts'
import { Workers } from './workers.ts'

afterEach(() => {
  vi.useRealTimers()
})

it('wait for what is due in a year, and do not go round and round meanwhile', async () => {
  vi.useFakeTimers()
  const year = 365 * 86_400_000
  const began = Date.now()
  const queue = new WorkQueue({ parallel: 1, backOff: () => 0 })
  const take = vi.spyOn(queue, 'take')
  const turns: number[] = []
  const stop = new AbortController()
  const ticks = () => Date.now() - began
  const turn = async () => {
    turns.push(ticks())
  }
  const workers = new Workers({ queue, ticks, turn, failed: () => {} })
  const running = workers.run(stop.signal)
  workers.add('shop/yearly', year)
  await vi.advanceTimersByTimeAsync(year - 1)
  expect([turns, take.mock.calls.length < 20]).toEqual([[], true])
  await vi.advanceTimersByTimeAsync(1)
  expect(turns).toEqual([year])
  stop.abort()
  await running
})
