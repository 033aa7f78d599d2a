import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Change } from '../contract/hazard.ts'
import { FileEdits } from './edit-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'roadcrew-edits-'))
afterAll(() => rmSync(folder, { recursive: true }))

const grace: Change = { path: ['spec', 'grace'], before: 5, after: 30 }

const at = (
  file: string,
  where: { readonly document: number; readonly item?: number },
  ...changes: readonly Change[]
) => ({
  ...({ do: 'edit', why: 'to wait' } as const),
  target: { source: { file, ...where }, kind: 'Thing', name: 'a' },
  changes,
})

let files = 0
function written(content: string | Buffer): string {
  files += 1
  const path = join(folder, `${files}.yaml`)
  writeFileSync(path, content)
  return path
}

describe('objects in files', () => {
  it('several documents, and several edits of one', async () => {
    const path = written('a: 1\n---\n# two\nspec: {grace: 5}\n---\nspec:\n  grace: 5 # s\n')
    const edits = new FileEdits()
    expect(await edits.arm.apply(at(path, { document: 1 }, grace))).toBe('done')
    expect(await edits.arm.apply(at(path, { document: 2 }, grace))).toBe('done')
    const more: Change = { path: ['spec', 'more'], before: undefined, after: true }
    expect(await edits.arm.apply(at(path, { document: 2 }, more))).toBe('done')
    expect(await edits.arm.apply(at(path, { document: 2 }, grace))).toEqual({ held: 'spec.grace is 30, expected 5' })
    const before = readFileSync(path, 'utf8')
    const after = 'a: 1\n---\n# two\nspec: {grace: 30}\n---\nspec:\n  grace: 30 # s\n  more: true\n'
    expect(await edits.edited()).toEqual([{ file: path, before, after }])
    expect(readFileSync(path, 'utf8')).toBe(before)
    await edits.write(path)
    expect(readFileSync(path, 'utf8')).toBe(after)
  })

  it('items of lists, in YAML and in JSON', async () => {
    const yaml =
      'kind: List\nitems:\n# first\n- spec:\n    grace: 5\n- name: b # second\n  spec:\n    other: 1 # beside\n    grace: 5\n'
    const json = `${JSON.stringify({ kind: 'List', items: [{ spec: { grace: 5 } }, { spec: { grace: 5 } }] }, undefined, 2)}\n`
    for (const text of [yaml, json]) {
      const path = written(text)
      const edits = new FileEdits()
      expect(await edits.arm.apply(at(path, { document: 0, item: 1 }, grace))).toBe('done')
      const [file] = await edits.edited()
      const last = text.lastIndexOf('5')
      expect(file?.after).toBe(`${text.slice(0, last)}30${text.slice(last + 1)}`)
    }
  })

  it('an item that shares an anchor with another one', async () => {
    const path = written('items:\n- spec: &s {grace: 5}\n- spec: *s\n')
    const edits = new FileEdits()
    expect(await edits.arm.apply(at(path, { document: 0, item: 1 }, grace))).toBe('done')
    expect((await edits.edited())[0]?.after).toBe('items:\n- spec: &s {grace: 5}\n- spec:\n    grace: 30\n')
  })
})

describe('files are written as they were', () => {
  const text = 'spec:\r\n  grace: 5\r\n'
  const utf16 = Buffer.from(`\uFEFF${text}`, 'utf16le')
  it.each([
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16, little end first', utf16],
    ['UTF-16, big end first', Buffer.from(utf16).swap16()],
  ])('%s, and the line ends of Windows', async (_, bytes) => {
    const path = written(bytes)
    const edits = new FileEdits()
    expect(await edits.arm.apply(at(path, { document: 0 }, grace))).toBe('done')
    await edits.write(path)
    const encoding = bytes[0] === 0xef ? 'utf-8' : bytes[0] === 0xff ? 'utf-16le' : 'utf-16be'
    const after = new TextDecoder(encoding, { ignoreBOM: true }).decode(readFileSync(path))
    expect(after).toBe(`\uFEFF${text.replace('5', '30')}`)
  })

  it('mode and links stay', async () => {
    const path = written('spec: {grace: 5}\n')
    chmodSync(path, 0o640)
    const link = join(folder, 'link.yaml')
    symlinkSync(path, link)
    const edits = new FileEdits()
    await edits.arm.apply(at(link, { document: 0 }, grace))
    await edits.write(link)
    expect(readFileSync(path, 'utf8')).toBe('spec: {grace: 30}\n')
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })
})

describe('what is not written', () => {
  it('a file that was changed since it was read', async () => {
    const path = written('spec: {grace: 5}\n')
    const edits = new FileEdits()
    await edits.arm.apply(at(path, { document: 0 }, grace))
    writeFileSync(path, 'spec: {grace: 5} # mine\n')
    await expect(edits.write(path)).rejects.toThrow('it was changed meanwhile: run it again')
    expect(readFileSync(path, 'utf8')).toBe('spec: {grace: 5} # mine\n')
  })

  it('a file that is not there, marks in the middle, an object that is not there', async () => {
    const edits = new FileEdits()
    expect(await edits.arm.apply(at(join(folder, 'none.yaml'), { document: 0 }, grace))).toEqual({
      held: 'no such file or folder',
    })
    const marked = written('a: 1\n---\n\uFEFFspec: {grace: 5}\n')
    expect(await edits.arm.apply(at(marked, { document: 1 }, grace))).toEqual({
      held: expect.stringContaining('byte order marks'),
    })
    const one = written('spec: {grace: 5}\n')
    expect(await edits.arm.apply(at(one, { document: 3 }, grace))).toEqual({
      held: 'Thing a is not where it was found',
    })
    expect(await edits.edited()).toEqual([])
  })
})
