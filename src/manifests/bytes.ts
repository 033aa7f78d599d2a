// Files and streams that may be larger than one text of JavaScript can be.
import { randomUUID } from 'node:crypto'
import { closeSync, createReadStream, openSync, read, unlinkSync, writeSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, readText } from './text.ts'

/** Bytes that need not be in memory at once, and can be read at any place, any number of times. */
export interface Bytes {
  readonly size: number
  /** Fewer than asked for only at the end. Rejects if they can't be read (any more). */
  read(from: number, to: number): Promise<Buffer>
}

/** A file's text; or its bytes if it is large JSON, which is read piece by piece. */
export type Content = string | Bytes

/** Up from this size JSON is read piece by piece. */
const largeFrom = 32_000_000

/** What V8 has as the longest string, in UTF-16 code units: a text has at most as many of them as bytes. */
const longestText = 2 ** 29 - 24

/** What a file holds. Rejects if it can't be read; `causeOf` has the words for that. */
export const contentOf = async (file: string): Promise<Content> => {
  const stats = await stat(file)
  if (!stats.isFile()) return contentOfStream(createReadStream(file))
  if (stats.size < largeFrom) return readText(file)
  const bytes: Bytes = { size: stats.size, read: (from, to) => readPart(file, from, to) }
  return (await isJson(bytes)) ? bytes : wholeText(bytes)
}

/** All of some bytes as a text. Rejects if they are too many, or no text. */
export const wholeText = async (bytes: Bytes): Promise<string> => {
  if (bytes.size > longestText) throw new Error(tooLarge(bytes.size))
  return decode(await bytes.read(0, bytes.size))
}

const tooLarge = (size: number): string =>
  `${Math.round(size / 1e6)} MB, and not one complete list in JSON, which alone is read piece by piece: expected at most 536 MB; export it as JSON (kubectl get -o json), or split it`

/**
 * What a stream holds, which can be read only once: what is large is put into a temporary file, which has no name any more
 * when this resolves, so that nothing is left behind.
 */
export const contentOfStream = async (chunks: AsyncIterable<Uint8Array>): Promise<Content> => {
  let kept: Uint8Array[] = []
  let size = 0
  let spool: number | undefined
  for await (const chunk of chunks) {
    kept.push(chunk)
    size += chunk.length
    if (size < largeFrom) continue
    spool ??= openSpool()
    for (const one of kept) writeAll(spool, one)
    kept = []
  }
  if (spool === undefined) return decode(Buffer.concat(kept))
  const fd = spool
  const bytes: Bytes = { size, read: (from, to) => readFrom(fd, from, Math.min(to, size)) }
  if (await isJson(bytes)) return bytes
  const text = await wholeText(bytes)
  closeSync(fd)
  return text
}

const openSpool = (): number => {
  const path = join(tmpdir(), `roadcrew-stdin-${randomUUID()}`)
  const spool = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  return spool
}

const writeAll = (file: number, chunk: Uint8Array): void => {
  for (let written = 0; written < chunk.length; ) written += writeSync(file, chunk, written)
}

const readFrom = async (file: number, from: number, to: number): Promise<Buffer> => {
  const buffer = Buffer.allocUnsafeSlow(Math.max(0, to - from))
  let got = 0
  while (got < buffer.length) {
    const more = await new Promise<number>((resolve, reject) => {
      read(file, buffer, got, buffer.length - got, from + got, (error, count) =>
        error ? reject(error) : resolve(count),
      )
    })
    if (more === 0) break
    got += more
  }
  return buffer.subarray(0, got)
}

const readPart = async (file: string, from: number, to: number): Promise<Buffer> => {
  const handle = await open(file)
  try {
    return await readFrom(handle.fd, from, to)
  } finally {
    await handle.close()
  }
}

const isJson = async (bytes: Bytes): Promise<boolean> =>
  /^(?:\xef\xbb\xbf)?[ \t\r\n]*\{/.test((await bytes.read(0, 4096)).toString('latin1'))
