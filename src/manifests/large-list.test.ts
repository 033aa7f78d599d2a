import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Json } from '../contract/hazard.ts'
import type { Batch } from '../contract/world.ts'
import { configMaps } from '../objects/kinds.ts'
import type { Bytes } from './bytes.ts'
import { type LargeItem, type LargeList, largeList } from './large-list.ts'
import { placesInLarge } from './large-place.ts'
import { placesIn } from './place.ts'
import { fileWorlds } from './world.ts'

const inMemory = (text: string): Bytes => {
  const all = Buffer.from(text)
  return { size: all.length, read: async (from, to) => Buffer.from(all.subarray(Math.max(0, from), to)) }
}

const all = async (list: LargeList | undefined): Promise<LargeItem[]> => {
  const items: LargeItem[] = []
  for await (const item of list?.items() ?? []) items.push(item)
  return items
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('"items": [', '}\n', '\n  }', '\\', '\\"', ']', '{'),
)
const object = fc.dictionary(
  text,
  fc.oneof(
    text,
    fc.integer(),
    fc.constant(null),
    fc.array(text, { maxLength: 3 }),
    fc.dictionary(text, text, { maxKeys: 2 }),
  ),
  { maxKeys: 4 },
)
const writers: readonly ((list: Json) => string)[] = [
  (list) => JSON.stringify(list),
  (list) => JSON.stringify(list, undefined, 1),
  (list) => JSON.stringify(list, undefined, 4),
  (list) => JSON.stringify(list, undefined, '\t').replaceAll('\n', '\r\n'),
  (list) => ` \n${JSON.stringify(list, undefined, 2)}\n\n`,
]

describe('a list in JSON, read from bytes', () => {
  it('gives the same items as parsed at once, and where they are, however it is printed and cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(object, { maxLength: 6 }),
        fc.constantFrom(...writers),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        async (items, write, chunk, behind) => {
          const head = { apiVersion: 'v1', kind: 'List' }
          const written = write(behind ? { items, ...head } : { ...head, items })
          const bytes = inMemory(written)
          const list = await largeList(bytes, chunk)
          const found = await all(list)
          expect(list?.head).toEqual({ ...head, items: [] })
          expect(found.map(({ value }) => value)).toEqual((JSON.parse(written) as { items: Json[] }).items)
          const pieces = await Promise.all(found.map(({ from, to }) => bytes.read(from, to)))
          expect(pieces.map((piece) => JSON.parse(piece.toString()))).toEqual(found.map(({ value }) => value))
          const places = placesInLarge(bytes, found)
          const placeOf = placesIn(written)
          for (const [item, inner] of items.entries()) {
            for (const key of Object.keys(inner)) {
              expect(await places({ item }, [key])).toEqual(placeOf({ document: 0, item }, [key]))
            }
          }
        },
      ),
    )
  })

  it('loses a broken item alone where each is on lines of its own', async () => {
    const items = ['a', 'b', 'c'].map((name) => ({ name, deep: { x: [1] } }))
    const written = JSON.stringify({ items }, undefined, 2).replace('"b",', '"b,')
    const found = await all(await largeList(inMemory(written)))
    expect(found.map(({ value }) => (value as { name?: string } | undefined)?.name)).toEqual(['a', undefined, 'c'])
  })

  it('that is not complete, or no list, is none', async () => {
    const written = JSON.stringify({ kind: 'List', items: [{ a: 1 }] }, undefined, 2)
    for (const other of [written.slice(0, -2), '{"a": {"items": []}}', '{"items": {}}', '{"items"', '[]', '{}']) {
      expect(await largeList(inMemory(other))).toBeUndefined()
    }
  })
})

describe('a file of 40 MB', () => {
  const filler = 'é'.repeat(10_000)
  const items = Array.from({ length: 2000 }, (_, n) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `a-${n}`, namespace: 'kube-system' },
    data: { filler },
  }))
  const written = JSON.stringify({ apiVersion: 'v1', items, kind: 'List' }, undefined, 4)
  const placeOf = placesIn(written)

  const read = async (input: string, stdin: () => AsyncIterable<Uint8Array> = () => Readable.from([])) => {
    const { worlds, placesOf } = await fileWorlds([input], { stdin })
    const batches: Batch[] = []
    for (const world of worlds) for await (const batch of world.read([configMaps])) batches.push(batch)
    const found = batches.flatMap((batch) => ('items' in batch ? batch.items : []))
    const places = await placesOf(input === '-' ? '<stdin>' : input)
    return {
      names: found.map(({ subject }) => subject.name),
      broken: batches.filter((batch) => 'broken' in batch),
      places,
    }
  }
  const names = items.map(({ metadata }) => metadata.name)
  const where = { document: 0, item: 1234 }
  const path = ['metadata', 'name']

  it('is read piece by piece, with places', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roadcrew-large-'))
    try {
      const file = join(folder, 'a.json')
      writeFileSync(file, written)
      const seen = await read(file)
      expect(seen).toMatchObject({ names, broken: [] })
      expect(await seen.places(where, path)).toEqual(placeOf(where, path))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('is read from stdin by way of a file without a name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roadcrew-large-'))
    vi.stubEnv('TMPDIR', folder)
    try {
      const bytes = Buffer.from(written)
      const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, n) =>
        bytes.subarray(n * 65_536, (n + 1) * 65_536),
      )
      const seen = await read('-', () => Readable.from(chunks))
      expect(seen).toMatchObject({ names, broken: [] })
      expect(await seen.places(where, path)).toEqual(placeOf(where, path))
      expect(readdirSync(folder)).toEqual([])
    } finally {
      vi.unstubAllEnvs()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
