// Cuts a file's text into documents. Done before any parsing, so that a broken document cannot take the next one with
// it, only one document is held as a syntax tree at a time, and a place can be found without reading the rest.
import { splitValues } from './json.ts'

/** One document's text, and the offset in the file's text where it starts, in UTF-16 code units. */
export interface Part {
  readonly text: string
  readonly start: number
}

/**
 * A document marker is `---` or `...` at the very start of a line, followed by white space or the end, whatever stands
 * around it (YAML 1.2, 9.1.2: forbidden as content). Five dashes or an indented line are content.
 */
const marker = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm
/**
 * Whether a text has nothing but blank lines, comments and directives, which are on their own no document. Line by line: a
 * pattern over the whole of a long text would run out of stack.
 */
export const isHollow = (text: string): boolean => {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start)
    const next = end === -1 ? text.length : end + 1
    hollowLine.lastIndex = start
    if (!hollowLine.test(text)) return false
    start = next
  }
  return true
}

/** A line that is blank, a comment or a directive. */
const hollowLine = /%[^\n]*(?:\n|$)|[ \t]*(?:#[^\n]*)?(?:\r?\n|\r?$)/y

/** The text without byte order marks; they are allowed at the start of every document, and no editor shows them. */
export const withoutMarks = (text: string): string => (text.includes('\uFEFF') ? text.replace(/^\uFEFF/gm, '') : text)

/**
 * The documents of a text without byte order marks, in order; a document's number is its place here. Each `---` opens
 * one, also if nothing follows it. JSON values written one after the other are one document each.
 */
export function* splitDocuments(text: string): Generator<Part> {
  let start = 0
  let opened = false
  for (const found of text.matchAll(marker)) {
    const at = found.index
    const ends = found[0] === '...'
    const before = text.slice(start, at)
    // Comments and directives before a marker belong to the document that it opens.
    if (!opened && isHollow(before)) {
      if (ends) start = at + 3
      else opened = true
      continue
    }
    yield* splitJson(before, start)
    start = ends ? at + 3 : at
    opened = !ends
  }
  const rest = text.slice(start)
  if (opened || !isHollow(rest)) yield* splitJson(rest, start)
}

function* splitJson(text: string, start: number): Generator<Part> {
  // The marker in front of JSON is blanked out rather than cut off: offsets stay, and a JSON parser can read it.
  const bare = text.replace(/^---(?=\s*[{[])/, '   ')
  for (const [from, to] of splitValues(bare)) yield { text: bare.slice(from, to), start: start + from }
}

/**
 * Tells line and column of offsets in a text, both counted from 1, the column in UTF-16 code units (as SARIF and editors
 * count). The text's lines are counted once, at the first question.
 */
export const linesOf = (text: string): ((offset: number) => { line: number; column: number }) => {
  let starts: readonly number[] | undefined
  return (offset) => {
    starts ??= lineStarts(text)
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

const lineStarts = (text: string): readonly number[] => {
  const starts = [0]
  for (let next = text.indexOf('\n'); next !== -1; next = text.indexOf('\n', next + 1)) starts.push(next + 1)
  return starts
}
