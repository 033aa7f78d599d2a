// Reads files as text.
import { readFile } from 'node:fs/promises'

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ELOOP: 'links that lead in a circle',
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

/** How a file's bytes are to be read: UTF-8, or UTF-16 if a byte order mark says so, as PowerShell's `>` writes it. */
export const encodingOf = (bytes: Uint8Array): Encoding => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8'
}

/**
 * A file's text, without byte order mark. Throws if the file cannot be read or holds other bytes than its encoding has; `causeOf`
 * has the words for that.
 */
export const readText = async (file: string): Promise<string> => {
  const bytes = await readFile(file)
  return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes)
}
