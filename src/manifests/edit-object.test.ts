import { describe, expect, it } from 'vitest'
import type { Change, Json } from '../contract/hazard.ts'
import { editObject } from './edit-object.ts'
import { writingOf } from './edit-writing.ts'

const set = (path: Change['path'], before: Json | undefined, after: Json | undefined): Change => ({
  path,
  before,
  after,
})

const edited = (text: string, ...changes: Change[]): string => {
  const answer = editObject(text, changes, writingOf(text, text.trimStart().startsWith('{')))
  return 'text' in answer ? answer.text : `held: ${answer.held}`
}

describe('a value in place of another one', () => {
  it('keeps the comment beside it, and how it was quoted', () => {
    const text = `spec:\n  schedule: "0 * * * *" # hourly\n  timeZone: 'UTC'\n  startingDeadlineSeconds: 0   # none\n`
    expect(
      edited(
        text,
        set(['spec', 'schedule'], '0 * * * *', '5 * * * *'),
        set(['spec', 'timeZone'], 'UTC', 'Etc/UTC'),
        set(['spec', 'startingDeadlineSeconds'], 0, 200),
      ),
    ).toBe(`spec:\n  schedule: "5 * * * *" # hourly\n  timeZone: 'Etc/UTC'\n  startingDeadlineSeconds: 200   # none\n`)
  })

  it('a string that YAML would take for something else is quoted', () => {
    expect(edited('a: x\n', set(['a'], 'x', 'on'))).toMatch(/^a: ["']on["']\n$/)
    expect(edited('a: x\n', set(['a'], 'x', '15'))).toMatch(/^a: ["']15["']\n$/)
    expect(edited('a: x\n', set(['a'], 'x', '0 3 * * *'))).toBe('a: 0 3 * * *\n')
  })

  it('a map for nothing, for null, for {} and for a scalar', () => {
    const change = (before: Json | undefined): Change =>
      set(['lifecycle'], before, { preStop: { sleep: { seconds: 15 } } })
    const block = '  preStop:\n    sleep:\n      seconds: 15\nimage: a\n'
    expect(edited('lifecycle:\nimage: a\n', change(undefined))).toBe(`lifecycle:\n${block}`)
    expect(edited('lifecycle: null # none yet\nimage: a\n', change(undefined))).toBe(`lifecycle: # none yet\n${block}`)
    expect(edited('lifecycle: {} # none yet\nimage: a\n', change({}))).toBe(`lifecycle: # none yet\n${block}`)
    expect(edited('lifecycle: ~\nimage: a\n', change(undefined))).toBe(`lifecycle:\n${block}`)
  })

  it('a list of lines by one of another length, with the comment of its key', () => {
    const text = 'command: # in a shell\n  - sleep\n  - "5" # too short\nname: a\n'
    expect(edited(text, set(['command'], ['sleep', '5'], ['sleep', '15', 'x']))).toBe(
      'command: # in a shell\n  - sleep\n  - "15"\n  - x # too short\nname: a\n',
    )
    expect(edited(text, set(['command', 1], '5', '15'))).toBe(
      'command: # in a shell\n  - sleep\n  - "15" # too short\nname: a\n',
    )
  })

  it('of a key that stands twice the last one, which counts', () => {
    expect(edited('a: 1\na: 2\n', set(['a'], 2, 3))).toBe('a: 1\na: 3\n')
  })

  it('a block of text', () => {
    expect(edited('a: |\n  one\n  two\nb: 1\n', set(['a'], 'one\ntwo\n', 'one'))).toBe('a: one\nb: 1\n')
  })
})

describe('a key more', () => {
  it('comes after the last one, its comment too, in its column', () => {
    const text = `containers:\n- name: app # the one\n  image: a:1   # pinned\n# the end\n- name: side\n  image: b\n`
    expect(
      edited(text, set(['containers', 0, 'lifecycle'], undefined, { preStop: { exec: { command: ['sleep', '5'] } } })),
    ).toBe(
      `containers:\n- name: app # the one\n  image: a:1   # pinned\n  lifecycle:\n    preStop:\n      exec:\n        command:\n        - sleep\n        - "5"\n# the end\n- name: side\n  image: b\n`,
    )
  })

  it('comes in order where the others are, as kubectl prints them', () => {
    const text = 'spec:\n  concurrencyPolicy: Allow\n  jobTemplate: {}\n  schedule: x\n  suspend: false\n'
    expect(edited(text, set(['spec', 'startingDeadlineSeconds'], undefined, 100))).toContain(
      'schedule: x\n  startingDeadlineSeconds: 100\n  suspend',
    )
  })

  it('in braces, on one line and on several', () => {
    expect(edited('spec: {a: 1}\n', set(['spec', 'b'], undefined, { c: ['x'] }))).toBe('spec: {a: 1, b: {c: [x]}}\n')
    expect(edited('spec: { a: 1 }\n', set(['spec', 'b'], undefined, 2))).toBe('spec: { a: 1, b: 2 }\n')
    expect(edited('spec: {\n  a: 1,\n  }\n', set(['spec', 'b'], undefined, 2))).toBe('spec: {\n  a: 1,\n  b: 2,\n  }\n')
  })

  it('where the text does not end its last line', () => {
    expect(edited('spec:\n  a: 1', set(['spec', 'b'], undefined, 2))).toBe('spec:\n  a: 1\n  b: 2')
  })

  it('after a block of text, which keeps its end', () => {
    expect(edited('s:\n  a: |\n    x\n\nt: 1\n', set(['s', 'b'], undefined, 2))).toBe(
      's:\n  a: |\n    x\n  b: 2\n\nt: 1\n',
    )
  })

  it('with the line ends of Windows', () => {
    expect(edited('spec:\r\n  a: 1\r\n', set(['spec', 'b'], undefined, { c: 2 }))).toBe(
      'spec:\r\n  a: 1\r\n  b:\r\n    c: 2\r\n',
    )
  })

  it('below keys that are not there', () => {
    expect(edited('a: 1\n', set(['b'], undefined, { c: { d: 2 } }))).toBe('a: 1\nb:\n  c:\n    d: 2\n')
  })
})

describe('JSON', () => {
  it('printed over lines, with its own indent', () => {
    const text = '{\n    "spec": {\n        "a": "x",\n        "c": []\n    }\n}\n'
    expect(edited(text, set(['spec', 'b'], undefined, { d: [1] }))).toBe(
      '{\n    "spec": {\n        "a": "x",\n        "c": [],\n        "b": {\n            "d": [\n                1\n            ]\n        }\n    }\n}\n',
    )
    expect(edited(text, set(['spec', 'a'], 'x', 'y'))).toBe(text.replace('"x"', '"y"'))
    expect(edited(text, set(['spec', 'c'], [], undefined))).toBe('{\n    "spec": {\n        "a": "x"\n    }\n}\n')
  })

  it('on one line', () => {
    expect(edited('{"a":{"b":1}}', set(['a', 'c'], undefined, { d: 'e' }))).toBe('{"a":{"b":1,"c":{"d":"e"}}}')
  })
})

describe('a key less', () => {
  it('takes its lines, and no comment of another', () => {
    const text = '# top\nspec:\n  # first\n  a: 1 # one\n  # second\n  b:\n    c: 2\n  # third\n  d: 3\n'
    expect(edited(text, set(['spec', 'b'], { c: 2 }, undefined))).toBe(
      '# top\nspec:\n  # first\n  a: 1 # one\n  # second\n  # third\n  d: 3\n',
    )
  })

  it('beside a dash, in braces, and the last one of a map', () => {
    expect(edited('l:\n- a: 1\n  b: 2\n', set(['l', 0, 'a'], 1, undefined))).toBe('l:\n- b: 2\n')
    expect(edited('m: {a: 1, b: 2, c: 3}\n', set(['m', 'b'], 2, undefined))).toBe('m: {a: 1, c: 3}\n')
    expect(edited('m: {a: 1, b: 2}\n', set(['m', 'b'], 2, undefined))).toBe('m: {a: 1}\n')
    expect(edited('s:\n  m: # why\n    a: 1\n', set(['s', 'm', 'a'], 1, undefined))).toBe('s:\n  m: {} # why\n')
  })

  it('a line of a list', () => {
    expect(edited('l:\n  - a\n  - b # no\n  - c\n', set(['l', 1], 'b', undefined))).toBe('l:\n  - a\n  - c\n')
  })
})

describe('anchors, aliases and merge keys', () => {
  const text = `base: &base\n  image: a\n  grace: 5 # s\none:\n  <<: *base\n  name: one\ntwo: *base\n`

  it('what is merged in is written out where it is used', () => {
    expect(edited(text, set(['one', 'grace'], 5, 30))).toBe(text.replace('name: one\n', 'name: one\n  grace: 30\n'))
  })

  it('an alias is written out', () => {
    expect(edited(text, set(['two', 'grace'], 5, 30))).toBe(text.replace('two: *base', 'two:\n  image: a\n  grace: 30'))
  })

  it('what others share is left as it is, and said so', () => {
    expect(edited(text, set(['base', 'grace'], 5, 30))).toMatch(/^held: base.grace is shared with other places/)
  })

  it('and edited where all others are meant too', () => {
    const own = 'a: &x\n  g: 5\nb: 1\n'
    expect(edited(own, set(['a', 'g'], 5, 30))).toBe('a: &x\n  g: 30\nb: 1\n')
  })
})

it('holds what is no longer as it was', () => {
  expect(edited('a: 1\n', set(['a'], 2, 3))).toBe('held: a is 1, expected 2')
})
