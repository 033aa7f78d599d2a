import { expect, it } from 'vitest'
import { sumOf } from './pod-metrics.ts'

const metrics = {
  namespace: 'web',
  pod: 'edge',
  samples: [
    { name: 'a', labels: { reason: 'x' }, value: 1 },
    { name: 'a', labels: { reason: 'y' }, value: 2 },
    { name: 'b', labels: {}, value: Number.NaN },
  ],
}

it('sums what has the labels; what is not there, or no number, is no sum', () => {
  expect(sumOf(metrics, 'a')).toBe(3)
  expect(sumOf(metrics, 'a', { reason: 'y' })).toBe(2)
  expect(sumOf(metrics, 'a', { reason: 'z' })).toBeUndefined()
  expect(sumOf(metrics, 'b')).toBeUndefined()
})
