// Lists in JSON of any size, read item by item from bytes: no more than a few MB of them are in memory at a time.
import { isUtf8 } from 'node:buffer'
import type { Json } from '../contract/hazard.ts'
import type { Bytes } from './bytes.ts'
import { readJson } from './json.ts'
import { isObject, type JsonObject } from './objects.ts'

/** An item, and where its bytes are; no value if it is no JSON, and no bytes if it does not end, so that none follows. */
export interface LargeItem {
  readonly value: Json | undefined
  readonly from: number
  readonly to: number
}

/** A list's head without its items. */
export interface LargeList {
  readonly head: JsonObject
  items(): AsyncGenerator<LargeItem>
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** How much is read at a time. */
const usualChunk = 4_000_000
/** What stands before and behind a list's items is looked for in so many bytes. */
const mostHead = 1_000_000
const mostTail = 65_536
/** No request to an API server, and so no object, has more than 3 MB. */
const mostItem = 64_000_000

/**
 * Takes bytes for a list: an object with an array `items` at its top, compact or printed over lines.
 * @returns undefined if they are anything else, or incomplete. Rejects if they can't be read.
 */
export const largeList = async (bytes: Bytes, chunkSize = usualChunk): Promise<LargeList | undefined> => {
  const beginning = await bytes.read(0, mostHead)
  const opening = itemsIn(beginning)
  if (!opening) return undefined
  const head = headOf(beginning.toString('utf8', 0, opening.key), await bytes.read(bytes.size - mostTail, bytes.size))
  return head && { head, items: () => itemsFrom(bytes, opening.first, chunkSize) }
}

/** Where the key `items` of the outermost object is, and the first byte within its array. */
const itemsIn = (bytes: Buffer): { readonly key: number; readonly first: number } | undefined => {
  let depth = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === openBrace || byte === openBracket) depth += 1
    if (byte === closeBrace || byte === closeBracket) depth -= 1
    if (byte !== quote) continue
    const end = stringEnd(bytes, at)
    if (end === -1) return undefined
    if (depth === 1 && bytes.toString('latin1', at, end) === '"items"') {
      const first = arrayAfter(bytes, end)
      if (first !== undefined) return { key: at, first }
    }
    at = end - 1
  }
  return undefined
}

/** The first byte within the array that is the value of the key that ends here. */
const arrayAfter = (bytes: Buffer, end: number): number | undefined => {
  let at = skipSpace(bytes, end)
  if (bytes[at] !== colon) return undefined
  at = skipSpace(bytes, at + 1)
  return bytes[at] === openBracket ? at + 1 : undefined
}

const skipSpace = (bytes: Buffer, from: number): number => {
  let at = from
  while (isSpace(bytes[at])) at += 1
  return at
}

/** The byte after the string that opens here; -1 if it does not end. */
const stringEnd = (bytes: Buffer, from: number): number => {
  for (let at = bytes.indexOf(quote, from + 1); at !== -1; at = bytes.indexOf(quote, at + 1)) {
    let slashes = 0
    while (bytes[at - 1 - slashes] === backslash) slashes += 1
    if (slashes % 2 === 0) return at + 1
  }
  return -1
}

/** The head: what is before the items, and behind that `]` from which on it makes an object of it. Only the right one does. */
const headOf = (before: string, end: Buffer): JsonObject | undefined => {
  for (let at = end.lastIndexOf(closeBracket); at !== -1; at = at === 0 ? -1 : end.lastIndexOf(closeBracket, at - 1)) {
    const head = readJson(`${before.replace(/^\uFEFF/, '')}"items":[${end.toString('utf8', at)}`)
    if (isObject(head)) return Array.isArray(head.items) ? head : undefined
  }
  return undefined
}

/** What was read and not yet used: `buffer[0]` is at `base`. */
interface Window {
  buffer: Buffer
  base: number
  next: Promise<Buffer>
}

async function* itemsFrom(bytes: Bytes, first: number, chunkSize: number): AsyncGenerator<LargeItem> {
  const window: Window = { buffer: Buffer.alloc(0), base: first, next: bytes.read(first, first + chunkSize) }
  let at = 0
  let ending: Buffer | undefined
  while (await grow(bytes, window, at, chunkSize)) {
    at = 0
    ending ??= endingIn(window.buffer)
    for (;;) {
      let from = skipSpace(window.buffer, at)
      if (window.buffer[from] === comma) from = skipSpace(window.buffer, from + 1)
      if (window.buffer[from] === closeBracket) return
      const item = itemAt(window.buffer, from, ending)
      if (!item) {
        at = from
        break
      }
      at = item.to
      yield { value: item.value, from: window.base + from, to: window.base + item.to }
    }
    if (window.buffer.length - at > mostItem) break
  }
  // It does not end: what comes behind it can't be told from it.
  yield { value: undefined, from: window.base + at, to: window.base + at }
}

/** Drops what is used, adds the next chunk and asks for the one after it; false at the end. */
const grow = async (bytes: Bytes, window: Window, used: number, chunkSize: number): Promise<boolean> => {
  const more = await window.next
  const rest = window.buffer.subarray(used)
  window.base += used
  window.buffer = rest.length === 0 ? more : Buffer.concat([rest, more])
  const end = window.base + window.buffer.length
  window.next = bytes.read(end, end + chunkSize)
  window.next.catch(() => {}) // told where it is awaited
  return more.length > 0
}

/** How an item ends that is printed over lines: alone on a line, with the indent of its beginning. */
const endingIn = (buffer: Buffer): Buffer => {
  const [, indent] = /^[ \t]*\r?\n([ \t]+)\{/.exec(buffer.toString('latin1', 0, 1000)) ?? []
  return Buffer.from(indent === undefined ? '' : `\n${indent}}`)
}

/** The item that begins here; undefined if it is not all there. */
const itemAt = (buffer: Buffer, from: number, ending: Buffer): { value: Json | undefined; to: number } | undefined => {
  if (ending.length > 0) {
    const found = buffer.indexOf(ending, from)
    // Nothing but a whole value is JSON, so that what parses ends here.
    const value = found === -1 ? undefined : parsed(buffer, from, found + ending.length)
    if (value !== undefined) return { value, to: found + ending.length }
  }
  const to = valueEnd(buffer, from)
  const value = to === -1 ? undefined : parsed(buffer, from, to)
  if (value !== undefined) return { value, to }
  // A broken one ends where its line says so, or it would take its neighbours with it.
  const line = ending.length > 0 ? buffer.indexOf(ending, from) : -1
  if (line !== -1) return { value, to: line + ending.length }
  return to === -1 ? undefined : { value, to }
}

const parsed = (buffer: Buffer, from: number, to: number): Json | undefined => {
  const piece = buffer.subarray(from, to)
  return isUtf8(piece) ? readJson(piece.toString('utf8')) : undefined
}

/** The byte after the value that begins here; -1 if it does not end. */
const valueEnd = (buffer: Buffer, from: number): number => {
  let depth = 0
  for (let at = from; at < buffer.length; at++) {
    const byte = buffer[at]
    if (byte === quote) {
      const end = stringEnd(buffer, at)
      if (end === -1) return -1
      at = end - 1
      continue
    }
    const step = nesting(byte)
    depth += step
    if (step === -1 && depth <= 0) return depth < 0 ? at : at + 1
    if (byte === comma && depth === 0) return at
  }
  return -1
}

/** How much deeper it is behind a byte. */
const nesting = (byte: number | undefined): -1 | 0 | 1 => {
  if (byte === openBrace || byte === openBracket) return 1
  return byte === closeBrace || byte === closeBracket ? -1 : 0
}
