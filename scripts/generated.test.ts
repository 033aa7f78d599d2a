import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { generated } from './generated.ts'

const files = [...(await generated())]

describe('generated files', () => {
  it.each(files)('%s is as the code makes it (else: npm run generate)', (path, content) => {
    expect(readFileSync(join(import.meta.dirname, '..', path), 'utf8')).toBe(content)
  })
})

it('the rights of a scan name each ConfigMap, and no Secret at all', () => {
  const rule = z.object({
    resources: z.array(z.string()),
    resourceNames: z.array(z.string()).optional(),
    verbs: z.array(z.string()),
  })
  const { rules } = z.object({ rules: z.array(rule) }).parse(parse(String(new Map(files).get('docs/rbac.yaml'))))
  const of = (resource: string) => rules.filter(({ resources }) => resources.includes(resource))
  expect(of('secrets')).toEqual([])
  expect(of('pods/proxy')).toEqual([]) // only beside it, in docs/rbac-pod-metrics.yaml
  expect(of('configmaps').map(({ resourceNames, verbs }) => [resourceNames?.length, verbs])).toEqual([
    [4, ['get']],
    [4, ['get']],
    [1, ['get']],
  ])
})
