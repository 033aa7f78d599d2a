// Findings that do not count, in words.
import type { Notice, SetAside } from './schema.ts'

const count = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** The file of a place `file:line`. */
const fileOf = (where: string): string => where.replace(/(?::\d+)+$/, '')

const isUntil = (until: string | undefined): until is string => until !== undefined

/** `3 by roadcrew.yaml (1 until 2026-12-31)`; `of`: at least one of the same file. */
function fileText(file: string, of: readonly SetAside['setAside'][]): string {
  const ends = of.map(({ until }) => until).filter(isUntil)
  const dates = [...new Set(ends)]
    .toSorted()
    .map((date) => `${ends.filter((one) => one === date).length.toLocaleString('en')} until ${date}`)
  return `${of.length.toLocaleString('en')} by ${file}${dates.length > 0 ? ` (${dates.join(', ')})` : ''}`
}

/** How many findings do not count, and by whom: `12 findings do not count: 7 in the baseline, …`. Empty if none. */
export function setAsideText(all: readonly SetAside[]): string {
  if (all.length === 0) return ''
  const of = (by: SetAside['setAside']['by']): SetAside['setAside'][] =>
    all.map(({ setAside }) => setAside).filter((one) => one.by === by)
  const [baseline, annotations, settings] = [of('baseline').length, of('annotation').length, of('settings')]
  const files = [...new Set(settings.map(({ where }) => fileOf(where)))]
  const parts = [
    ...(baseline > 0 ? [`${baseline.toLocaleString('en')} in the baseline`] : []),
    ...(annotations > 0 ? [`${annotations.toLocaleString('en')} by annotations`] : []),
    ...files.map((file) =>
      fileText(
        file,
        settings.filter(({ where }) => fileOf(where) === file),
      ),
    ),
  ]
  return `${count(all.length, 'finding does', 'findings do')} not count: ${parts.join(', ')}`
}

/** Why one finding does not count: `by roadcrew.yaml:12 until 2026-12-31: batch only`. */
export function asideText({ by, where, reason, until }: SetAside['setAside']): string {
  const who = by === 'baseline' ? `it is in the baseline ${where}` : `by ${where}`
  return `${who}${until ? ` until ${until}` : ''}${reason ? `: ${reason}` : ''}`
}

/** One line each. */
export const noticeTexts = (notices: readonly Notice[]): string[] =>
  notices.map(({ where, text }) => `${where}: ${text}`)
