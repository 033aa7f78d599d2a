// Where files come from: read anew each time, or kept if that is not possible, and places in them.
import { stat } from 'node:fs/promises'
import type { Path } from '../contract/hazard.ts'
import { type Content, contentOf, contentOfStream, wholeText } from './bytes.ts'
import { stdinName } from './expand.ts'
import { type Extent, placesInLarge } from './large-place.ts'
import { type Place, placesIn } from './place.ts'
import type { Reading } from './read.ts'

/** Gives what stdin gives, as a text or piece by piece. */
export type Stdin = () => Promise<string> | AsyncIterable<Uint8Array>

/** Line and column of a field of an object in one file. */
export type PlacesIn = (
  source: { readonly document: number; readonly item?: number },
  path: Path,
) => Place | Promise<Place>

export interface Sources extends Pick<Reading, 'contentOf' | 'tookApart'> {
  textOf(file: string): Promise<string>
  placesOf(file: string): Promise<PlacesIn>
}

/** Reads files anew each time, to hold one text at most; but keeps what can be read only once: stdin and pipes. */
export const sources = (stdin: Stdin): Sources => {
  const kept = new Map<string, Promise<Content>>()
  const apart = new Map<string, readonly Extent[]>()
  const content = async (file: string): Promise<Content> => {
    const once = file === stdinName || !(await stat(file)).isFile()
    if (!once) return contentOf(file)
    const known = kept.get(file) ?? (file === stdinName ? contentOfStdin(stdin()) : contentOf(file))
    kept.set(file, known)
    return known
  }
  const textOf = async (file: string): Promise<string> => {
    const read = await content(file)
    return typeof read === 'string' ? read : wholeText(read)
  }
  const placesOf = async (file: string): Promise<PlacesIn> => {
    const extents = apart.get(file)
    const read = await content(file)
    if (typeof read !== 'string' && extents) return placesInLarge(read, extents)
    return placesIn(typeof read === 'string' ? read : await wholeText(read))
  }
  return { contentOf: content, textOf, placesOf, tookApart: (file, extents) => void apart.set(file, extents) }
}

const contentOfStdin = async (given: ReturnType<Stdin>): Promise<Content> =>
  Symbol.asyncIterator in given ? contentOfStream(given) : given
