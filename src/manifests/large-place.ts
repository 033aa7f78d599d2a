// Lines and columns in lists that are too large for one text: looked up by reading their bytes once more.
import type { Path } from '../contract/hazard.ts'
import type { Bytes } from './bytes.ts'
import { linesOf } from './documents.ts'
import { offsetsInJson } from './json.ts'
import type { Place } from './place.ts'

/** Where an item is in its file, in bytes. */
export interface Extent {
  readonly from: number
  readonly to: number
}

const chunkSize = 4_000_000

/** Finds fields of a list's items, all of which are in `extents`. The lines before each item are counted once, at the first question. */
export const placesInLarge = (
  bytes: Bytes,
  extents: readonly Extent[],
): ((source: { readonly item?: number }, path: Path) => Promise<Place>) => {
  let counted: Promise<readonly Place[]> | undefined
  let last: { readonly item: number; readonly placeOf: (path: Path) => Place } | undefined
  return async ({ item }, path) => {
    const extent = item === undefined ? undefined : extents[item]
    if (item === undefined || !extent) return { line: 1, column: 1 }
    counted ??= countLines(bytes, extents)
    const start = (await counted)[item] ?? { line: 1, column: 1 }
    if (last?.item !== item) {
      const text = (await bytes.read(extent.from, extent.to)).toString('utf8')
      last = { item, placeOf: placesAfter(start, text) }
    }
    return last.placeOf(path)
  }
}

const placesAfter = (start: Place, text: string): ((path: Path) => Place) => {
  const offsetOf = offsetsInJson(text)
  const lineAndColumn = linesOf(text)
  return (path) => {
    const { line, column } = lineAndColumn(Math.max(0, offsetOf(path)))
    return { line: start.line + line - 1, column: line === 1 ? start.column + column - 1 : column }
  }
}

/** Line and column of each item's first byte. */
const countLines = async (bytes: Bytes, extents: readonly Extent[]): Promise<readonly Place[]> => {
  const places: Place[] = []
  let line = 1
  let column = 1
  for (let base = 0; places.length < extents.length && base < bytes.size; base += chunkSize) {
    const chunk = await bytes.read(base, base + chunkSize)
    let wanted = extents[places.length]?.from
    for (let at = 0; at < chunk.length; at++) {
      if (base + at === wanted) {
        places.push({ line, column })
        wanted = extents[places.length]?.from
      }
      const byte = chunk[at] ?? 0
      if (byte === 0x0a) {
        line += 1
        column = 1
      } else column += codeUnits(byte)
    }
  }
  return places
}

/** How many UTF-16 code units a byte of UTF-8 begins. */
const codeUnits = (byte: number): number => (byte < 0x80 ? 1 : byte < 0xc0 ? 0 : byte < 0xf0 ? 1 : 2)
