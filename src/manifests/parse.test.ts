import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Json } from '../contract/hazard.ts'
import { valueAt } from '../objects/changes.ts'
import { type Found, parseDocuments } from './parse.ts'

const fixture = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')

function parse(text: string): {
  objects: Found['object'][]
  broken: { place: string; because: string }[]
  passedOver: number
} {
  const entries = [...parseDocuments(text, 'f.yaml')]
  return {
    objects: entries.flatMap((entry) => ('object' in entry ? [entry.object] : [])),
    broken: entries.flatMap((entry) => ('because' in entry ? [entry] : [])),
    passedOver: entries.filter((entry) => 'passedOver' in entry).length,
  }
}

const names = (text: string): string[] =>
  parse(text).objects.map((object) => `${object.kind} ${String(valueAt(object, ['metadata', 'name']))}`)

describe('documents', () => {
  it('empty ones, comments and separators inside of text are no objects', () => {
    expect(names(fixture('empty-documents.yaml'))).toEqual(['Namespace efs', 'ConfigMap certs', 'Deployment nginx'])
    expect(parse(fixture('empty-documents.yaml'))).toMatchObject({ broken: [], passedOver: 0 })
  })

  it('with the line ends of Windows are whole, and no value carries one', () => {
    const text = fixture('windows-lines.yaml')
    expect(text).toContain('\r\n')
    expect(names(text)).toEqual(['Deployment one', 'Service one', 'Deployment two'])
    expect(JSON.stringify(parse(text).objects)).not.toContain('\\r')
  })

  it('a broken one has its place, and those around it are read', () => {
    const { broken } = parse(fixture('tab.yaml'))
    expect(names(fixture('tab.yaml'))).toEqual(['Deployment before-tab', 'Deployment after-tab'])
    expect(broken.map(({ place }) => place.split(':').slice(0, 2).join(':'))).toEqual(['f.yaml:20'])
    expect(broken[0]?.because).toContain('tab')
  })

  it('that are no Kubernetes objects are counted and passed over', () => {
    expect(parse('replicas: 2\n---\nimage: {tag: x}\n')).toEqual({ objects: [], broken: [], passedOver: 2 })
  })

  it('may begin with a byte order mark', () => {
    expect(names('\uFEFFapiVersion: v1\nkind: Pod\nmetadata: {name: a}\n')).toEqual(['Pod a'])
  })

  it('an alias bomb is refused in no time', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let depth = 1; depth < 12; depth++)
      lines.push(
        `a${depth}: &a${depth} [${Array(10)
          .fill(`*a${depth - 1}`)
          .join(', ')}]`,
      )
    const { broken } = parse(
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\ndata:\n  ${lines.join('\n  ')}\n`,
    )
    expect(broken).toHaveLength(1)
    expect(broken[0]?.because).toMatch(/alias/i)
  })
})

describe('values', () => {
  it('are those of YAML 1.1, as Kubernetes reads it', () => {
    const [object] = parse(fixture('numbers.yaml')).objects
    const at = (...path: (string | number)[]) => valueAt(object, path)
    const pod = ['spec', 'template', 'spec']
    expect(at('spec', 'minReadySeconds')).toBe(8)
    expect(at(...pod, 'terminationGracePeriodSeconds')).toBe(60)
    expect(at(...pod, 'volumes', 0, 'secret', 'defaultMode')).toBe(493)
    expect(at(...pod, 'volumes', 1, 'secret', 'defaultMode')).toBe(493)
    expect(at(...pod, 'containers', 0, 'resources', 'requests')).toEqual({ memory: 4026531840, cpu: 0.5 })
    expect(at(...pod, 'containers', 0, 'resources', 'limits')).toEqual({ memory: 4026531840, cpu: 1 })
    expect(at('metadata', 'labels', 'ticket')).toBe('356136738')
  })

  it('of the wrong type are given as they are: the object is not lost', () => {
    const [object] = parse(fixture('wrong-types.yaml')).objects
    expect(valueAt(object, ['metadata', 'name'])).toBe('bad')
    expect(valueAt(object, ['metadata', 'labels'])).toEqual({ ticket: 356136738, owner: false })
    expect(valueAt(object, ['spec', 'replicas'])).toBe('2')
    expect(valueAt(object, ['spec', 'template', 'spec', 'containers', 0, 'env'])).toEqual([
      { name: false, value: 7 }, // N is a boolean, for kubectl too
      { name: 'B', value: true },
    ])
  })

  it('that are null stay null', () => {
    const [object] = parse(fixture('nulls.yaml')).objects
    expect(valueAt(object, ['spec', 'replicas'])).toBeNull()
    expect(valueAt(object, ['metadata', 'annotations'])).toBeNull()
    expect(valueAt(object, ['spec', 'template', 'spec', 'containers', 0, 'lifecycle', 'preStop'])).toBeNull()
  })

  it('out of range keep their digits, so that nobody takes them for a number', () => {
    const [big, negative] = parse(fixture('overflow.yaml')).objects
    expect(valueAt(big, ['spec', 'startingDeadlineSeconds'])).toBe('99999999999999999999')
    expect(valueAt(big, ['spec', 'successfulJobsHistoryLimit'])).toBe(824645153596)
    expect(valueAt(negative, ['spec', 'startingDeadlineSeconds'])).toBe(-10)
  })

  it.each([
    ['2026-11-23T08:00:00Z', '2026-11-23T08:00:00Z'],
    ['22:22', '22:22'],
    ['2001-01-01', '2001-01-01'],
    ['on', true],
    ['"on"', 'on'],
    ['1_000', 1000],
    ['.5', 0.5],
    ['~', null],
  ])('%s is %j', (text, value) => {
    const [object] = parse(`apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: {value: ${text}}\n`).objects
    expect(valueAt(object, ['spec', 'value'])).toEqual(value)
  })

  it('by anchor and merge: own keys win wherever they stand, the first of several merged ones, only one level deep', () => {
    const { objects, broken } = parse(fixture('anchors.yaml'))
    expect(broken).toEqual([])
    const containers = valueAt(objects[0], ['spec', 'template', 'spec', 'containers'])
    const hook = { preStop: { exec: { command: ['sleep', '15'] } } }
    expect(containers).toEqual([
      { name: 'foo', image: 'registry.example.com/whoami:1', ports: [{ containerPort: 80 }], lifecycle: hook },
      { name: 'bar', image: 'registry.example.com/whoami:1', ports: [{ containerPort: 80 }], lifecycle: hook },
      {
        name: 'worker',
        image: 'registry.example.com/worker:1',
        resources: { limits: { memory: '64Mi' } },
        lifecycle: hook,
      },
    ])
    expect(valueAt(objects[0], ['spec', 'template', 'metadata', 'labels'])).toEqual({ app: 'anchor-test' })
  })
})

describe('lists', () => {
  it.each([
    ['list.yaml', ['Deployment in-list']],
    ['typed-list.yaml', ['Pod pod-1', 'Pod pod-2']],
    ['list.json', ['Pod json-1', 'CronJob json-cron']],
    ['typed-list.json', ['Deployment typed-1']],
    ['no-list.yaml', ['AllowList names']],
  ])('%s', (name, objects) => {
    expect(names(fixture(name))).toEqual(objects)
    expect(parse(fixture(name)).broken).toEqual([])
  })

  it('items of a typed list get its kind and version', () => {
    expect(parse(fixture('typed-list.json')).objects[0]).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment' })
  })

  it.each(['nested-list.yaml', 'bare-array.json'])(
    '%s is refused with the reason, never dropped in silence',
    (name) => {
      const { objects, broken } = parse(fixture(name))
      expect(objects).toEqual([])
      expect(broken[0]?.because).toContain('which kubectl refuses too')
    },
  )
})

describe('any object', () => {
  const word = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,8}$/)
  const text = fc.string({ maxLength: 20 }).map((one) => one.replaceAll('\r', ''))
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(word, tie('value'), { maxKeys: 4 }),
    ),
  }))

  it('comes back as it was written, as YAML and as JSON', () => {
    fc.assert(
      fc.property(value, (spec) => {
        const object = { apiVersion: 'v1', kind: 'Any', metadata: { name: 'a' }, spec }
        for (const written of [
          stringify(object, { version: '1.1' }),
          JSON.stringify(object),
          JSON.stringify(object, undefined, 2),
        ]) {
          expect(parse(written)).toEqual({ objects: [object], broken: [], passedOver: 0 })
        }
      }),
    )
  })

  it('and any text at all gives an answer', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ':', ' ', '-', '\n', '{', '[', '"', '&a', '*a', '|', '\t', '---\n') }),
        (any) => {
          expect(() => [...parseDocuments(any, 'f.yaml')]).not.toThrow()
        },
      ),
    )
  })
})
