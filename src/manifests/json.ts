// JSON, read with the platform's parser, and offsets in its text, which that parser does not tell.
import type { Json, Path } from '../contract/hazard.ts'

/** A string, a number or word, or one character of punctuation. In valid JSON these are all the tokens there are. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[^\s"{}[\],:]+|[{}[\],:]/g
/** A string, or a number: strings are matched only so that digits within them are passed over. */
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/** Whether a text can be JSON at all: an object or array. */
export const looksLikeJson = (text: string): boolean => /^\s*[{[]/.test(text)

/** No double has more digits before its point (1.8e308). */
export const mostDigits = 309

/** Whether a double holds exactly the integer written in these decimal digits. */
export const isExact = (digits: string): boolean => {
  // The sign is no digit; and what takes long to read is never asked for.
  if (digits.length > mostDigits + 1) return false
  const value = Number(digits)
  return Number.isFinite(value) && BigInt(value) === BigInt(digits)
}

/**
 * Reads JSON. An integer that a double cannot hold exactly (they exist beyond 2^53) comes as the string of its digits:
 * rounded, it would pass for a number that was never written. Undefined if the text is not JSON.
 */
export const readJson = (text: string): Json | undefined => {
  try {
    return JSON.parse(mayBeInexact(text) ? quoteInexact(text) : text) as Json
  } catch {
    return undefined
  }
}

/**
 * Whether a number of 16 digits or more stands in a text, or something that looks like one. Asked first since going through
 * all strings takes several times as long as parsing; hashes, which every Pod has, do not end like a number.
 */
const mayBeInexact = (text: string): boolean =>
  /\d{16}[\s,\]}]/.test(text) && /(?:^|[:[,\s])-?\d{16,}(?=[\s,\]}]|$)/.test(text)

const quoteInexact = (text: string): string =>
  text.replace(stringOrNumber, (found) => (/^-?\d{16,}$/.test(found) && !isExact(found) ? `"${found}"` : found))

/**
 * Where the values of a text begin and end: more than one if it is a row of JSON objects without commas, as `jq` and
 * repeated `kubectl get -o json` write them and kubectl reads them; else the whole text as one.
 */
export const splitValues = (text: string): readonly (readonly [number, number])[] => {
  const whole = [[0, text.length]] as const
  // Within one valid value, `}{` stands only in strings: without it there is nothing to search for.
  if (!looksLikeJson(text) || !/\}\s*\{/.test(text)) return whole
  const values: [number, number][] = []
  let depth = 0
  let start = 0
  for (const { 0: found, index } of text.matchAll(token)) {
    if (found === '{' || found === '[') depth += 1
    if (found !== '}' && found !== ']') continue
    depth -= 1
    if (depth < 0) return whole
    if (depth === 0) {
      values.push([start, index + 1])
      start = index + 1
    }
  }
  return depth === 0 && values.length > 1 && text.slice(start).trim() === '' ? values : whole
}

/**
 * Finds offsets in valid JSON: of the key (or list element) at a path; where the path ends early, of the deepest one that
 * is there. Of a key given twice the last counts, as for JSON.parse. Each object and array on the way is read once, so
 * that a list of many thousand items takes no longer for the last of them than for the first.
 */
export const offsetsInJson = (text: string): ((path: Path) => number) => {
  const known = new Map<number, ReadonlyMap<string, Spot>>()
  const spotsAt = (start: number): ReadonlyMap<string, Spot> => {
    const spots = known.get(start) ?? (text[start] === '{' ? members(text, start) : elements(text, start))
    known.set(start, spots)
    return spots
  }
  return (path) => {
    let at = text.search(/[{[]/)
    let value = at
    for (const step of path) {
      const found = spotsAt(value).get(String(step))
      if (!found) break
      at = found.at
      value = found.value
    }
    return at
  }
}

/** Finds the whole value at a path in valid JSON: where it begins, and where what follows it does; undefined if there is none. */
export const rangesInJson = (
  text: string,
): ((path: Path) => { readonly from: number; readonly to: number } | undefined) => {
  const known = new Map<number, ReadonlyMap<string, Spot>>()
  return (path) => {
    let value = text.search(/[{[]/)
    for (const step of path) {
      const spots = known.get(value) ?? (text[value] === '{' ? members(text, value) : elements(text, value))
      known.set(value, spots)
      const found = spots.get(String(step))
      if (!found) return undefined
      value = found.value
    }
    return { from: value, to: endInJson(text, value) }
  }
}

/** Where the value ends that begins at `start`. */
const endInJson = (text: string, start: number): number => {
  const tokens = new RegExp(token)
  tokens.lastIndex = start
  let depth = 0
  for (let match = tokens.exec(text); match; match = tokens.exec(text)) {
    const [found] = match
    if (found === '{' || found === '[') depth += 1
    if (found === '}' || found === ']') depth -= 1
    if (depth === 0) return tokens.lastIndex
  }
  return text.length
}

interface Spot {
  readonly at: number
  readonly value: number
}

/** The members of the object that opens at `start`, by key. */
const members = (text: string, start: number): ReadonlyMap<string, Spot> => {
  const spots = new Map<string, Spot>()
  let name: { readonly at: number; readonly key: string } | undefined
  for (const { found, index } of inside(text, start)) {
    if (found === ',') name = undefined
    else if (found === ':') continue
    else if (!name) name = { at: index, key: String(JSON.parse(found)) }
    else spots.set(name.key, { at: name.at, value: index })
  }
  return spots
}

/** The elements of the array that opens at `start`, by position; none if no array does. */
const elements = (text: string, start: number): ReadonlyMap<string, Spot> => {
  const spots = new Map<string, Spot>()
  if (text[start] !== '[') return spots
  let position = 0
  for (const { found, index } of inside(text, start)) {
    if (found === ',') position += 1
    else spots.set(String(position), { at: index, value: index })
  }
  return spots
}

/** The tokens directly within the object or array that opens at `start`; of those nested in it only the bracket. */
function* inside(text: string, start: number): Generator<{ found: string; index: number }> {
  const tokens = new RegExp(token)
  tokens.lastIndex = start + 1
  let depth = 0
  for (let match = tokens.exec(text); match; match = tokens.exec(text)) {
    const found = match[0]
    const closes = found === '}' || found === ']'
    if (closes && depth === 0) return
    if (closes) depth -= 1
    else if (depth === 0) yield { found, index: match.index }
    if (found === '{' || found === '[') depth += 1
  }
}
