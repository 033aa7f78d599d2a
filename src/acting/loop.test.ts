import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { loop } from './loop.ts'

it('of a round in a month does not go round and round', async () => {
  const stop = new AbortController()
  let rounds = 0
  const round = async () => {
    rounds++
  }
  const running = loop({
    everyMs: () => 31 * 86_400_000,
    signal: stop.signal,
    round,
    failed: () => {},
    random: () => 0.5,
  })
  await sleep(50)
  stop.abort()
  await running
  expect(rounds).toBe(1)
})
