import { expect, it } from 'vitest'
import { hazards } from '../hazards/index.ts'
import { admittedHazards, contextKinds } from './reviewed.ts'

it('a webhook watches nothing that is only read by name, and asks no Pod', () => {
  const kinds = contextKinds(admittedHazards(hazards))
  expect(kinds.length).toBeGreaterThan(0)
  expect(kinds.filter(({ api, metrics }) => api?.only !== undefined || metrics !== undefined)).toEqual([])
  expect(kinds.map(({ kind }) => kind)).not.toContain('ConfigMap')
})
