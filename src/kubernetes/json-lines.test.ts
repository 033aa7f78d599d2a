import { expect, it } from 'vitest'
import { jsonLines, textLines } from './json-lines.ts'

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text)
}

const all = async <T>(lines: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const line of lines) found.push(line)
  return found
}

it('lines are whole, however they come; the rest behind the last end is dropped', async () =>
  expect(await all(textLines(chunks('a', 'b\n', '\nc\nd', 'e\n', 'cut o')))).toEqual(['ab', '', 'c', 'de']))

it('a body without end is left after so many bytes', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(1024)
  }
  await expect(all(textLines(endless(), 100_000))).rejects.toThrow('the answer has over 100000 bytes')
})

it('JSON is a document for each line; blank ones are none', async () => {
  expect(await all(jsonLines(chunks('{"a":1}\n\n{"a"', ':2}\n')))).toEqual([{ a: 1 }, { a: 2 }])
  await expect(all(jsonLines(chunks('<html>\n')))).rejects.toThrow('a line is no JSON')
})
