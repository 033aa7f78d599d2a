// Finds the output of `kubectl version`, which says what cluster the files around it come from.
import { stat } from 'node:fs/promises'
import type { Json, Version } from '../contract/hazard.ts'
import { withoutMarks } from './documents.ts'
import { isObject } from './objects.ts'
import { readDocument } from './read-document.ts'
import { readText } from './text.ts'

/** The output has about 600 bytes; larger files need not be read twice. */
const mostBytes = 16_384

/** The server's version in the text of `kubectl version -o json` or `-o yaml`; undefined if it is something else. */
export const serverVersion = (text: string): Version | undefined => {
  if (!text.includes('serverVersion')) return undefined
  const value = readDocument(withoutMarks(text))
  if (!isObject(value as Json | undefined)) return undefined
  const { serverVersion: server } = value as { serverVersion?: Json }
  if (!isObject(server) || typeof server.gitVersion !== 'string') return undefined
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(server.gitVersion) ?? []
  // `minor` may be `20+` (a provider's build), and both are empty in builds without version stamps.
  const version = {
    major: leading(server.major ?? '') ?? Number(major),
    minor: leading(server.minor ?? '') ?? Number(minor),
  }
  return Number.isNaN(version.major) || Number.isNaN(version.minor) ? undefined : version
}

const leading = (value: Json): number | undefined => {
  const digits = /^\d+/.exec(String(value))?.[0]
  return digits === undefined ? undefined : Number(digits)
}

/** The server's version that a file holds; undefined if it holds none or cannot be read, which reading it will tell. */
export const serverVersionIn = async (file: string): Promise<Version | undefined> => {
  try {
    const { size } = await stat(file)
    // Only regular files have a size: a pipe could be read only this once.
    return size === 0 || size > mostBytes ? undefined : serverVersion(await readText(file))
  } catch {
    return undefined
  }
}
