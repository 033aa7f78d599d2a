// Reads files as text.
import { readFile } from 'node:fs/promises'

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ELOOP: 'links that lead in a circle',
  ENXIO: 'nothing to read from',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'not UTF-8 text: expected YAML or JSON',
  ERR_STRING_TOO_LONG: 'too large for one text (512 MB): split it',
  ERR_FS_FILE_TOO_LARGE: 'too large for one text (512 MB): split it',
}

/** What went wrong when a file was read, in words for a user; without the path, which reports name already. */
export const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  return causes[code] ?? error.message
}

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/**
 * How a file's bytes are to be read: UTF-8, or UTF-16 if a byte order mark says so, as PowerShell's `>` writes it, or if the first
 * character, which is ASCII in YAML and JSON, has two bytes (YAML 1.2, 5.2).
 */
export const encodingOf = ([first, second]: Uint8Array): Encoding => {
  if ((first === 0xff && second === 0xfe) || (first && second === 0)) return 'utf-16le'
  return (first === 0xfe && second === 0xff) || (first === 0 && second) ? 'utf-16be' : 'utf-8'
}

/**
 * A file's text, as `decode` has it. Rejects if the file cannot be read or holds other bytes; `causeOf` has the words for
 * that.
 */
export const readText = async (file: string): Promise<string> => decode(await readFile(file))

/** Bytes as text, without byte order mark. Throws if they are no text in the encoding that they have. */
export const decode = (bytes: Uint8Array): string => {
  const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes)
  const nul = text.indexOf('\0')
  if (nul !== -1) throw new Error(`no text: it has a NUL byte (character ${nul + 1}); expected YAML or JSON`)
  return text
}
