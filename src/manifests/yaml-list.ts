// Lists in YAML as kubectl prints them, taken apart without parsing them as a whole: an export of 30 MB is one document.
import type { Part } from './documents.ts'

/** A list without its items, and each item's text, with blanks where its dash was. */
export interface YamlList {
  readonly head: string
  readonly items: readonly Part[]
}

/** Smaller documents are parsed as fast in one go. */
const leastLength = 100_000

/** The key, and the dash of the first item: kubectl indents neither. */
const opening = /^items:[ \t]*\r?\n(?=-[ \t\r\n])/m

/** What is not indented, blank or a comment: an item's dash, or the key after the last item. */
const unindented = /^[^ \t\r\n#]/gm

/**
 * Takes a document for a list if its key `items` and the dashes of its items are not indented: within an item, whatever it
 * is, every line is. What an item refers to in another one (an anchor) it does not find alone.
 * @returns undefined if the text is short, or written in any other way.
 */
export const yamlList = (text: string): YamlList | undefined => {
  if (text.length < leastLength) return undefined
  const found = opening.exec(text)
  if (!found) return undefined
  const first = found.index + found[0].length
  const items: Part[] = []
  const ends = new RegExp(unindented)
  ends.lastIndex = first
  let start = first
  let end = text.length
  for (let match = ends.exec(text); match; match = ends.exec(text)) {
    if (match.index > start) items.push(itemOf(text, start, match.index))
    start = match.index
    if (match[0] === '-' && /[ \t\r\n]/.test(text[start + 1] ?? '\n')) continue
    end = start
    break
  }
  if (end === text.length) items.push(itemOf(text, start, end))
  const rest = text.slice(end)
  return opening.test(rest) ? undefined : { head: `${text.slice(0, found.index)}items: []\n${rest}`, items }
}

const itemOf = (text: string, start: number, end: number): Part => ({ text: ` ${text.slice(start + 1, end)}`, start })
