// Texts of others within GitHub's Markdown.
import { onOneLine } from './printable.ts'

const signs = /[\\`*_[\]|~$]/g
/** What makes a heading, a list or a line of what follows; `>` is none any more. */
const beginnings = /^(?:[-+#=]|\d+(?=[.)]))/

const cutTo = (text: string, most: number): string => {
  const characters = [...text]
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text
}

/**
 * A text that nothing in it makes into anything else: no HTML, no emphasis, no link, no column, and no mention that would call
 * somebody.
 * @param most how many characters of it are kept.
 */
export const textOf = (text: string, most = 200): string =>
  cutTo(onOneLine(text), most)
    .replace(signs, '\\$&')
    .replace(beginnings, (sign) => (/\d/.test(sign) ? `${sign}\\` : `\\${sign}`))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    // GitHub looks for mentions in what is rendered, so the sign alone can't be escaped.
    .replaceAll('@', '@\u200b')
    // And links what begins like an address.
    .replaceAll('://', ':\u200b//')
    .replace(/\bwww\./gi, 'www\u200b.')

/** As code, also in a cell of a table. */
export function codeOf(text: string, most = 200): string {
  const kept = cutTo(onOneLine(text), most)
  if (kept === '') return ''
  // Readers differ in what a column's sign after a backslash is within code.
  if (kept.includes('\\|')) return textOf(kept, most)
  const runs = (kept.match(/`+/g) ?? []).map((run) => run.length)
  const fence = '`'.repeat(Math.max(0, ...runs) + 1)
  const padding = kept.startsWith('`') || kept.endsWith('`') ? ' ' : ''
  return `${fence}${padding}${kept.replaceAll('|', '\\|')}${padding}${fence}`
}
