import { expect, it } from 'vitest'
import { lossSince, type Reading, withReading } from './lost-places.ts'

it('readings stay few, and reach back over the whole window', () => {
  const at = (ticks: number): Reading => ({ ticks, cpus: [{ insert_failed: ticks }], opens: undefined })
  let kept: readonly Reading[] = []
  for (let ticks = 0; ticks <= 3_600_000; ticks += 11_000) kept = withReading(kept, at(ticks), 600_000)
  expect(kept.length).toBeLessThan(25)
  const loss = lossSince(kept, at(3_611_000))
  expect(loss?.forMs).toBeGreaterThanOrEqual(600_000)
  expect(loss?.forMs).toBeLessThan(650_000)
})
