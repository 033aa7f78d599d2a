import { createTwoFilesPatch } from 'diff'

/** What makes the second text of the first, as a patch that git and patch take; nothing if they are the same. */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return ''
  const isBelow = !file.startsWith('/') && !file.startsWith('..')
  const [from, to] = isBelow ? [`a/${file}`, `b/${file}`] : [file, file]
  return createTwoFilesPatch(from, to, before, after, undefined, undefined, { context: 3 }).replace(/^=+\n/, '')
}
