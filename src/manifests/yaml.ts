// YAML as Kubernetes reads it: version 1.1 by the rules of go-yaml v2, then made JSON (sigs.k8s.io/yaml).
import type { Alias, CST, Document, Node, ParsedNode, Scalar } from 'yaml'
import { Composer, isAlias, isScalar, Lexer, Parser, type ScalarTag, Schema, visit } from 'yaml'
import { isExact, mostDigits } from './json.ts'

/** Numbers as sigs.k8s.io/yaml/goyaml.v2 `resolve` tells them, once `_` is dropped; no sexagesimals, no dates. */
const integer = /^([-+]?)(0[bB][01]+|0[oO][0-7]+|0[0-7]*|0[xX][\da-fA-F]+|[1-9]\d*)$/
const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/

/**
 * The number that a plain scalar stands for, or the scalar itself if it is none. An integer that a double cannot hold
 * exactly (they exist beyond 2^53) comes as the string of its decimal digits: rounded, it would pass for a number that
 * was never written. What overflows a double stays as written, as in go-yaml.
 */
export const numberOf = (scalar: string): number | string => {
  const plain = scalar.replaceAll('_', '')
  const [, sign, digits] = integer.exec(plain) ?? []
  if (digits !== undefined) {
    const octal = /^0[0-7]+$/.test(digits)
    const written = digits.length > mostDigits ? digits : BigInt(octal ? `0o${digits.slice(1)}` : digits)
    const decimal = `${sign === '-' ? '-' : ''}${written}`
    return isExact(decimal) ? Number(decimal) : decimal
  }
  const value = float.test(plain) ? Number(plain) : Number.NaN
  return Number.isFinite(value) ? value : scalar
}

const isNull = /^(?:~|null|Null|NULL)?$/
const isTrue = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const isFalse = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/
const mayBeNumber = /^[-+]?\.?\d/

/** What a scalar without quotes and tag stands for. */
export const plainScalar = (scalar: string): string | number | boolean | null => {
  // Longer than the longest word, and most values begin with none of a number's characters.
  if (scalar.length <= 5) {
    if (isNull.test(scalar)) return null
    if (isTrue.test(scalar)) return true
    if (isFalse.test(scalar)) return false
  }
  const value = mayBeNumber.test(scalar) ? numberOf(scalar) : scalar
  return typeof value === 'string' ? detached(value) : value
}

/**
 * The same string, not as a window on the file's text: V8 keeps a whole text in memory for as long as a piece of it
 * (13 characters or more) is kept, so that one remembered name would hold on to its file.
 */
export const detached = (piece: string): string => (piece.length < 13 ? piece : ` ${piece}`.slice(1))

const scalarTag = (name: string, test: RegExp, resolve: (scalar: string) => unknown): ScalarTag => ({
  tag: `tag:yaml.org,2002:${name}`,
  default: true,
  test,
  resolve,
})

/** No binary, set, omap, pairs or timestamp: their scalars stay strings, their collections maps and lists. */
const schema = new Schema({
  schema: 'failsafe',
  merge: true,
  resolveKnownTags: false,
  customTags: [
    scalarTag('null', isNull, () => null),
    scalarTag('bool', isTrue, () => true),
    scalarTag('bool', isFalse, () => false),
    scalarTag('int', mayBeNumber, numberOf),
    scalarTag('float', mayBeNumber, numberOf),
  ],
})

/** What makes a document unreadable. `offset`: where in its text, in UTF-16 code units. */
export class Unreadable extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** An alias of what stands nowhere before it. */
export class NoAnchor extends Unreadable {}

/** Both the YAML library and our own walk of its tree use the stack, which is all that limits the depth. */
export const tooDeep = 'nested too deeply: expected at most some hundred levels'

/** Brackets in brackets, of which the library would still make a tree, slowly, before it runs out of stack. */
const mostBrackets = 1000

/** Lexemes that are no part of the text: where a document or a scalar starts, and that a flow ends in an error. */
const marks = new Set(['\u0002', '\u0018', '\u001f'])

/**
 * The syntax tree of the one document in `text`; undefined if there is none. Errors are in its `errors`.
 * @throws Unreadable if it is nested too deeply.
 */
export const compose = (text: string): Document.Parsed | undefined => {
  // A key given twice is no error: for kubectl the last one counts.
  const composer = new Composer({ version: '1.1', schema, uniqueKeys: false, logLevel: 'error' })
  const [document] = [...composer.compose(tokensOf(text))]
  return document as Document.Parsed | undefined
}

function* tokensOf(text: string): Generator<CST.Token> {
  const parser = new Parser()
  let brackets = 0
  let offset = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === '[' || lexeme === '{') brackets += 1
    if (lexeme === ']' || lexeme === '}') brackets -= 1
    if (brackets > mostBrackets) throw new Unreadable(tooDeep, offset)
    if (!marks.has(lexeme)) offset += lexeme.length
    yield* parser.next(lexeme)
  }
  yield* parser.end()
}

/** The start of a node in its text, in UTF-16 code units. */
export const startOf = (node: Node | null): number => (node as ParsedNode | null)?.range[0] ?? 0

/** Whether a key is the merge key `<<`, which only counts when not quoted. */
export const isMerge = (key: unknown): key is Scalar<symbol> =>
  isScalar(key) && typeof key.value === 'symbol' && key.source === '<<'

/** The name that a key has in JSON (`on` is `true`, 0x10 is 16); undefined for what cannot be one: null, a map, a list. */
export const keyName = (key: unknown): string | undefined => {
  if (!isScalar(key) || key.value === null) return undefined
  return isMerge(key) ? '<<' : String(key.value)
}

/** What each alias of a document stands for: the last node before it with that anchor. Looked up on first use. */
export const aliases = (document: Document.Parsed): ((alias: Alias) => Node | undefined) => {
  let targets: Map<Alias, Node | undefined> | undefined
  return (alias) => {
    targets ??= aliasTargets(document)
    return targets.get(alias)
  }
}

const aliasTargets = (document: Document.Parsed): Map<Alias, Node | undefined> => {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node | undefined>()
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) targets.set(node, anchors.get(node.source))
      else if (node.anchor) anchors.set(node.anchor, node)
    },
  })
  return targets
}
