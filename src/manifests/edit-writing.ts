// How values are written into a text so that they look as what stands around them.
import { Scalar, stringify } from 'yaml'
import type { Json } from '../contract/hazard.ts'

/** The hand of a text: what is written into it is written like that. */
export interface Writing {
  /** Keys and strings are quoted as JSON wants them. */
  readonly json: boolean
  readonly eol: '\n' | '\r\n'
  /** By how many columns what is nested is indented. */
  readonly step: number
  /** Whether a list is indented below its key. */
  readonly indentsLists: boolean
  readonly singleQuotes: boolean
  /** Whether there is a blank within the braces of `{ a: 1 }`. */
  readonly pads: boolean
  /** In braces: JSON may have been printed without blanks. */
  readonly colon: ':' | ': '
}

/** More of a text need not be read to know its hand. */
const sampleSize = 50_000

/** The hand of a text, from its beginning; kubectl's own where it shows none. @param json whether the text is JSON. */
export function writingOf(text: string, json: boolean): Writing {
  const sample = text.slice(0, sampleSize)
  const [, keyIndent = '', childIndent = ''] =
    /^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\r?\n( +)[^\s#-]/m.exec(sample) ?? []
  const [, jsonIndent = ''] = /[{[]\r?\n( +)\S/.exec(sample) ?? []
  const [, listKey, dash] = /^( *)(?:- )*[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\r?\n( *)- /m.exec(sample) ?? []
  const step = json ? jsonIndent.length : childIndent.length - keyIndent.length
  return {
    json,
    eol: /^[^\n]*\r\n/.test(sample) ? '\r\n' : '\n',
    step: step > 0 ? Math.min(step, 8) : 2,
    indentsLists: dash !== undefined && dash.length > (listKey ?? '').length,
    singleQuotes: occurrences(sample, "'") > occurrences(sample, '"'),
    colon: json && !/": /.test(sample) ? ':' : ': ',
    pads: /\{ \S/.test(sample),
  }
}

const occurrences = (text: string, character: string): number => text.split(character).length - 1

const options = ({ step, indentsLists, singleQuotes, pads }: Writing) => ({
  version: '1.1' as const,
  indent: step,
  indentSeq: indentsLists,
  // False would forbid them, also where a string was in them.
  singleQuote: singleQuotes || null,
  flowCollectionPadding: pads,
  lineWidth: 0,
  aliasDuplicateObjects: false,
})

/** Whether a value needs lines of its own in block style. */
export const isNested = (value: Json): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0

/** On lines of its own, each indented by `indent` columns; without an end of line after the last. */
export function asBlock(value: Json, indent: number, writing: Writing): string {
  const lines = stringify(value, options(writing)).trimEnd().split('\n')
  return lines.map((line) => (line === '' ? line : `${' '.repeat(indent)}${line}`)).join(writing.eol)
}

/** On the line where it begins. @param column of JSON over several lines: where the key stands; undefined: on one line. */
export function asFlow(value: Json, writing: Writing, column?: number): string {
  if (!writing.json && typeof value === 'string') return asScalar(value, undefined, writing, true)
  if (!writing.json) return stringify(value, { ...options(writing), collectionStyle: 'flow' }).trimEnd()
  if (column === undefined) return JSON.stringify(value)
  return JSON.stringify(value, undefined, writing.step).replaceAll('\n', `${writing.eol}${' '.repeat(column)}`)
}

/** What a plain scalar may not hold within braces (YAML 1.2, 7.3.3). */
const indicators = /[,[\]{}]/

/** A scalar in place of another one, quoted as that was. @param flow whether it stands within braces or brackets. */
export function asScalar(value: Json, before: unknown, writing: Writing, flow = false): string {
  if (writing.json || (typeof value === 'object' && value !== null)) return asFlow(value, writing)
  const scalar = new Scalar(value)
  const style = before instanceof Scalar ? before.type : undefined
  if (typeof value === 'string') {
    if (style === 'QUOTE_DOUBLE' || style === 'QUOTE_SINGLE') scalar.type = style
    else if (flow && indicators.test(value)) scalar.type = writing.singleQuotes ? 'QUOTE_SINGLE' : 'QUOTE_DOUBLE'
  }
  return stringify(scalar, options(writing)).trimEnd()
}

export const asKey = (key: string, writing: Writing): string =>
  writing.json ? JSON.stringify(key) : asScalar(key, undefined, writing, true)
