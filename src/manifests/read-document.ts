// One document's text to its value: JSON, plain YAML, and all other YAML.
import type { Json } from '../contract/hazard.ts'
import { toJson } from './convert.ts'
import { isHollow } from './documents.ts'
import { looksLikeJson, readJson } from './json.ts'
import { readPlainYaml } from './plain-yaml.ts'
import { compose, NoAnchor, tooDeep, Unreadable } from './yaml.ts'

/** The value of one document's text; undefined if it has no content, `Unreadable` (not thrown) if it is broken. */
export const readDocument = (text: string): Json | undefined | Unreadable => {
  const json = looksLikeJson(text) ? readJson(text) : undefined
  return json === undefined ? readYaml(text) : json
}

/**
 * An API server takes no request over 3 MB, so that no object is as long; what is, and can't be parsed, takes longer than
 * anybody waits.
 */
const mostLength = 8_000_000

/** What an object has at the start of a line, and most other YAML has not. */
const mayBeObject = /^["']?(?:apiVersion|kind)["']?[ \t]*:/m

const tooLong = (length: number): string =>
  `a YAML document of ${Math.round(length / 1e6)} MB: expected at most ${mostLength / 1e6} MB; export it as JSON (-o json), or split it`

const readYaml = (text: string): Json | undefined | Unreadable => {
  if (isHollow(text.startsWith('---') ? text.slice(3) : text)) return undefined
  if (text.length > mostLength) return mayBeObject.test(text) ? new Unreadable(tooLong(text.length), 0) : null
  return readPlainYaml(text) ?? readTree(text)
}

const readTree = (text: string): Json | undefined | Unreadable => {
  try {
    const document = compose(text)
    const error = document?.errors[0]
    if (error?.code === 'RESOURCE_EXHAUSTION') return new Unreadable(tooDeep, error.pos[0])
    if (error) return new Unreadable(`not valid YAML: ${decapitalise(error.message)}${hint(text)}`, error.pos[0])
    return document ? (toJson(document) ?? undefined) : undefined
  } catch (error) {
    if (error instanceof NoAnchor) return error
    if (error instanceof Unreadable) return new Unreadable(`${error.message}${hint(text)}`, error.offset)
    if (error instanceof RangeError) return new Unreadable(tooDeep, 0)
    throw error
  }
}

const decapitalise = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1)

const hint = (text: string): string =>
  text.includes('{{') ? '; it looks like a template: give what it renders to (helm template, for a chart)' : ''
