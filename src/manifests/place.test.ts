import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Path } from '../contract/hazard.ts'
import { placeOf } from './place.ts'

const fixture = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')

/** The text that a place points at, to the end of its line. */
function pointed(text: string, where: Parameters<typeof placeOf>[1], path: Path): string {
  const { line, column } = placeOf(text, where, path)
  return (text.split('\n')[line - 1] ?? '').slice(column - 1).trimEnd()
}

const yaml = `# a comment
apiVersion: batch/v1
kind: CronJob
metadata: {name: a, labels: {app: x}}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: one
            - name: two
              image: i
---
apiVersion: v1
kind: List
items:
  - kind: Pod
  - kind: Service
    spec: {ports: [{port: 80}, {port: 81}]}
`

describe('a place', () => {
  it.each([
    [0, undefined, ['spec', 'schedule'], 'schedule: "* * * * *"'],
    [0, undefined, ['metadata', 'labels', 'app'], 'app: x}}'],
    [0, undefined, ['spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers', 1], 'name: two'],
    [0, undefined, ['spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers', 1, 'image'], 'image: i'],
    [1, 1, ['kind'], 'kind: Service'],
    [1, 1, ['spec', 'ports', 1, 'port'], 'port: 81}]}'],
  ])('in document %s, item %s, %j', (document, item, path, text) => {
    expect(pointed(yaml, { document, ...(item !== undefined && { item }) }, path)).toBe(text)
  })

  it.each([
    [['spec', 'startingDeadlineSeconds'], 'spec:'],
    [['spec', 'jobTemplate', 'spec', 'activeDeadlineSeconds'], 'spec:'],
    [['status', 'lastScheduleTime'], 'apiVersion: batch/v1'],
    [['spec', 'schedule', 'deeper'], 'schedule: "* * * * *"'],
  ])('of what is missing is where it is missing: %j', (path, text) => {
    expect(pointed(yaml, { document: 0 }, path)).toBe(text)
  })

  it('is the same with the line ends of Windows', () => {
    const windows = yaml.replaceAll('\n', '\r\n')
    for (const path of [
      ['spec', 'schedule'],
      ['spec', 'missing'],
      ['metadata', 'name'],
    ]) {
      expect(placeOf(windows, { document: 0 }, path)).toEqual(placeOf(yaml, { document: 0 }, path))
    }
  })

  it('of a merged key is where it was written', () => {
    const path = ['spec', 'template', 'spec', 'containers', 1, 'lifecycle', 'preStop']
    expect(pointed(fixture('anchors.yaml'), { document: 0 }, path)).toContain('preStop: {exec:')
  })

  it('in JSON, also on one line', () => {
    const object = { apiVersion: 'v1', kind: 'List', items: [{ kind: 'A' }, { kind: 'B', spec: { x: [1, { y: 2 }] } }] }
    for (const text of [JSON.stringify(object), JSON.stringify(object, undefined, 1)]) {
      expect(pointed(text, { document: 0, item: 1 }, ['spec', 'x', 1, 'y'])).toMatch(/^"y": ?2/)
      expect(pointed(text, { document: 0, item: 1 }, ['spec', 'z'])).toMatch(/^"spec"/)
    }
  })
})
