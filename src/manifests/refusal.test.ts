import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Batch } from '../contract/world.ts'
import { jobs } from '../objects/kinds.ts'
import { parseDocuments } from './parse.ts'
import { fileWorlds } from './world.ts'

const entries = (text: string) => [...parseDocuments(text, 'f.yaml')]
const kindsIn = (text: string): string[] =>
  entries(text).flatMap((entry) => ('object' in entry ? [`${entry.document} ${entry.object.kind}`] : []))
const object = (kind: string, more = ''): string => `apiVersion: v1\nkind: ${kind}\n${more}`

const bomb = (): string => {
  const levels = 'abcdefghi'.split('')
  const lines = levels.map((name, at) => {
    const inner = at === 0 ? 'x' : `*${levels[at - 1]}`
    return `${name}: &${name} [${Array.from({ length: 9 }, () => inner).join(', ')}]`
  })
  return `${lines.join('\n')}\n`
}

describe('one broken document is named, with what was expected, and those around it are read', () => {
  it.each([
    ['an alias bomb', bomb(), 'repeat so much'],
    ['an anchor that holds itself', 'data: &a {b: *a}\n', '*a stands within its own anchor'],
    ['an alias of nothing', 'data: *a\n', 'expected &a before it'],
    ['a merge of text', 'data: {<<: x}\n', '<< merges something that is no map'],
    ['null as a key', 'data: {~: 1}\n', 'a key is null'],
    ['an unrendered template', 'data: {{ .Values.data }}\n', 'give what it renders to'],
    ['an open quote', 'data: "x\n', 'not valid YAML: missing closing'],
    ['an open bracket', 'data: [a\n', 'not valid YAML'],
    ['depth without end', `data: ${'['.repeat(20_000)}\n`, 'nested too deeply'],
  ])('%s', (_, text, because) => {
    const all = `${object('Before')}---\n${object('Broken', text)}---\n${object('After')}`
    expect(kindsIn(all)).toEqual(['0 Before', '2 After'])
    const broken = entries(all).flatMap((entry) => ('because' in entry ? [entry] : []))
    expect(broken).toHaveLength(1)
    expect(broken[0]?.because).toContain(because)
    expect(broken[0]?.place).toMatch(/^f\.yaml:\d+:\d+$/)
  })

  it('a hundred honest aliases of one anchor are no bomb', () => {
    const aliases = Array.from({ length: 300 }, () => '*a').join(', ')
    expect(kindsIn(object('Many', `a: &a {b: c}\nall: [${aliases}]\n`))).toEqual(['0 Many'])
  })

  it('an item of a list that is no object, at its place in the list', () => {
    const [first, second] = entries(object('List', 'items:\n- apiVersion: v1\n  kind: Pod\n- text\n'))
    expect(first).toMatchObject({ item: 0 })
    expect(second).toMatchObject({ place: 'f.yaml:6:3', because: expect.stringContaining('no object') })
  })
})

describe('what kubectl reads, is read', () => {
  it('a key given twice: the last one', () => {
    expect(entries(object('Twice', 'spec: {a: 1, a: 2}\n'))[0]).toMatchObject({ object: { spec: { a: 2 } } })
  })
  it('JSON objects one after the other', () => {
    expect(kindsIn('{"apiVersion":"v1","kind":"A","x":"}{"}\n{"apiVersion":"v1","kind":"B"}')).toEqual(['0 A', '1 B'])
  })
  it('integers in JSON that a double cannot hold, by their digits; those in strings are left alone', () => {
    const text = '{"apiVersion":"v1","kind":"A","big":9007199254740993,"fits":9007199254740992,"s":"9007199254740993"}'
    expect(entries(text)[0]).toMatchObject({
      object: { big: '9007199254740993', fits: 9007199254740992, s: '9007199254740993' },
    })
  })
  it('integers that no double comes near, by their digits, however many', () => {
    for (const digits of ['9'.repeat(400), '7'.repeat(200_000)]) {
      const yaml = entries(object('A', `big: ${digits}\nless: -${digits}\n`))[0]
      expect(yaml).toMatchObject({ object: { big: digits, less: `-${digits}` } })
      expect(entries(`{"apiVersion":"v1","kind":"A","big":${digits}}`)[0]).toMatchObject({ object: { big: digits } })
    }
  })
  it('blank lines and comments without end, and a million markers: no documents', () => {
    for (const text of ['\n'.repeat(7_000_000), '# a comment\n'.repeat(500_000), ' \r\n'.repeat(500_000)]) {
      expect(entries(`${text}${object('A')}---\n${text}`)).toMatchObject([{ object: { kind: 'A' } }])
    }
    expect(kindsIn(`${'---\n'.repeat(1_000_000)}${object('A')}`)).toEqual(['999999 A'])
  })
  it('byte order marks, in front of any document', () => {
    expect(kindsIn(`\uFEFF${object('A')}\uFEFF---\n\uFEFF${object('B')}`)).toEqual(['0 A', '1 B'])
  })
  it('a key that would be an object’s prototype is a plain key', () => {
    const [entry] = entries(object('A', '__proto__: {polluted: true}\n'))
    expect(entry && 'object' in entry && Object.hasOwn(entry.object, '__proto__')).toBe(true)
    expect('polluted' in {}).toBe(false)
  })
})

describe('files', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roadcrew-refusal-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const job = (name: string): string => `apiVersion: batch/v1\nkind: Job\nmetadata: {${name}}\n`
  const read = async (...inputs: string[]): Promise<Batch[]> => {
    const batches: Batch[] = []
    const { worlds } = await fileWorlds(inputs, { stdin: () => Promise.resolve('') })
    for (const world of worlds) for await (const batch of world.read([jobs])) batches.push(batch)
    return batches
  }
  const namesIn = (batches: readonly Batch[]): string[][] =>
    batches.flatMap((batch) => ('items' in batch ? [batch.items.map(({ subject }) => subject.name)] : []))

  it.each([
    ['UTF-16, as PowerShell writes them', Buffer.from(`\uFEFF${job('name: a')}`, 'utf16le')],
    ['UTF-16 the other way round', Buffer.from(`\uFEFF${job('name: a')}`, 'utf16le').swap16()],
    ['UTF-16 without a mark', Buffer.from(job('name: a'), 'utf16le')],
    ['UTF-16 the other way round, without a mark', Buffer.from(job('name: a'), 'utf16le').swap16()],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${job('name: a')}`)],
  ])('in %s', async (_, bytes) => {
    writeFileSync(join(folder, 'a.yaml'), bytes)
    expect(namesIn(await read(folder))).toEqual([['a']])
  })

  it('that are pipes, sockets or devices keep nobody waiting, and are named', async () => {
    execFileSync('mkfifo', [join(folder, 'a.yaml')])
    symlinkSync('/dev/zero', join(folder, 'b.yaml'))
    const server = createServer().listen(join(folder, 'c.yaml'))
    await once(server, 'listening')
    writeFileSync(join(folder, 'd.yaml'), job('name: d'))
    const { worlds, broken } = await fileWorlds([folder, '/dev/zero'], { stdin: () => Promise.resolve('') })
    server.close()
    expect(broken.map(({ because }) => because)).toEqual([
      'a pipe, which is only read if it is named by itself',
      'a device: expected a file, or - for stdin',
      'a socket: expected a file',
      'a device: expected a file, or - for stdin',
    ])
    expect(worlds).toHaveLength(1)
    expect(namesIn(await read(join(folder, 'd.yaml')))).toEqual([['d']])
  })

  it('that hold a NUL byte are no text', async () => {
    writeFileSync(join(folder, 'a.yaml'), job('name: "a\0"'))
    expect(await read(folder)).toMatchObject([
      { broken: { because: expect.stringContaining('no text: it has a NUL byte (character 51)') } },
      {},
    ])
  })

  it('that are no text, or links to nothing, are named; the others are read', async () => {
    writeFileSync(join(folder, 'a.yaml'), Buffer.from([0x80, 0x81]))
    symlinkSync('nowhere', join(folder, 'b.yaml'))
    writeFileSync(join(folder, 'c.yaml'), job('generateName: c-'))
    const batches = await read(folder)
    expect(batches).toMatchObject([
      { broken: { place: join(folder, 'a.yaml'), because: expect.stringContaining('not UTF-8') } },
      { broken: { place: join(folder, 'b.yaml'), because: 'no such file or folder' } },
      { items: [{ subject: { name: 'c-*' } }] },
    ])
  })

  it('come in batches of at most 500, across files', async () => {
    for (const part of [0, 1, 2]) {
      const docs = Array.from({ length: 400 }, (_, at) => job(`name: j${part * 400 + at}`))
      writeFileSync(join(folder, `${part}.yaml`), docs.join('---\n'))
    }
    const names = namesIn(await read(folder))
    expect(names.map(({ length }) => length)).toEqual([500, 500, 200])
    expect(new Set(names.flat()).size).toBe(1200)
  })
})
