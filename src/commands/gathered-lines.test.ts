import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { gatheredLines } from './gathered-lines.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('writes what comes close together in one go, in order, and nothing twice', () => {
  const written: string[] = []
  const lines = gatheredLines((text) => written.push(text))
  lines.write('a\n')
  lines.write('b\n')
  expect(written).toEqual([])
  vi.advanceTimersByTime(100)
  expect(written).toEqual(['a\nb\n'])
  lines.write('c\n')
  lines.flush()
  vi.advanceTimersByTime(1000)
  lines.flush()
  expect(written).toEqual(['a\nb\n', 'c\n'])
})
