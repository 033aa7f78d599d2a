// The report as a page: one file that needs no network, to be sent, kept as an artifact of a pipeline, or printed.
import { causePart, written } from './html-cause.ts'
import { filterForm, filterScript } from './html-filter.ts'
import { reportStyle } from './html-style.ts'
import { count, findingsIn, objectsIn, unreadText } from './line-cells.ts'
import { type Line, linesOf } from './lines.ts'
import { page } from './page.ts'
import { pageStyle } from './page-style.ts'
import type { Foreign, Report, ReportUnread } from './schema.ts'
import type { Tier } from './tiers.ts'

/** @returns the whole page, as HTML. */
export function htmlReport(report: Report): string {
  const lines = linesOf(report.findings, 'cause')
  const aside = linesOf(report.setAside, 'cause')
  const of = (tier: Tier): Line[] => lines.filter((line) => line.tier === tier)
  const several = report.worlds.length > 1
  const found = lines.length + aside.length > 0
  return page({
    title: `Roadcrew: ${report.worlds.map(({ name }) => name).join(', ')}`,
    style: `${pageStyle}${reportStyle}`,
    body: [
      `<h1>What Kubernetes may do to ${written(worldsText(report))}</h1>`,
      outcomePart(report, lines),
      factsPart(report),
      tilesPart(report, lines),
      ...(found ? [filterForm(report)] : []),
      tierPart('broken', of('broken'), several),
      tierPart('will-break', of('will-break'), several),
      unreadPart(report.unread, several),
      tierPart('advice', of('advice'), several),
      asidePart(aside, several),
      noticePart(report),
      foreignPart(report),
    ]
      .filter((part) => part !== '')
      .join('\n'),
    ...(found && { script: filterScript }),
  })
}

const worldsText = ({ worlds }: Report): string =>
  worlds.length > 1 ? count(worlds.length, 'cluster') : (worlds[0]?.name ?? 'nothing')

function outcomePart({ unread }: Report, lines: readonly Line[]): string {
  const hurts = lines.filter(({ tier }) => tier !== 'advice')
  const seen = unread.length > 0 ? ' of what was seen' : ''
  if (hurts.length === 0) return `<p class="outcome well">Nothing${seen} is broken, and nothing is sure to break.</p>`
  const now = hurts.filter(({ tier }) => tier === 'broken').length
  const text = [
    ...(now > 0 ? [`${count(now, 'cause')} of what is broken now`] : []),
    ...(hurts.length > now ? [`${count(hurts.length - now, 'cause')} of what will break`] : []),
  ].join(', ')
  return `<p class="outcome ill">${text}</p>`
}

function factsPart({ worlds, summary, at, seconds, tool, timeZoneData, hazards, passedOver }: Report): string {
  const names = worlds.map(({ name, version, looked }) => {
    const more = looked ? (version ?? '') : 'not reached'
    return `${written(name)}${more === '' ? '' : ` <small>${written(more)}</small>`}`
  })
  const read = [
    `${count(summary.objects, 'object')} in ${seconds.toFixed(1)} s`,
    `${summary.judged.toLocaleString('en')} judged`,
    ...(passedOver > 0 ? [`${count(passedOver, 'document')} passed over`] : []),
  ].join(', ')
  const rows: [string, string][] = [
    [worlds.length > 1 ? 'clusters' : 'looked at', names.join(', ')],
    ['as of', written(at.replace(/\.\d{3}Z$/, 'Z'))],
    ['read', read],
    ['asked about', written(hazards.join(', '))],
    ['by', written(`roadcrew ${tool.version}, ${timeZoneData}`)],
  ]
  return `<dl>${rows.map(([name, html]) => `<dt>${name}</dt><dd>${html}</dd>`).join('')}</dl>`
}

function tilesPart({ setAside, unread }: Report, lines: readonly Line[]): string {
  const tile = (kind: string, n: number, title: string, more: string): string =>
    `<li class="${kind}"><b>${n.toLocaleString('en')}</b> ${title} <small>${more}</small></li>`
  const ofTier = (tier: Tier, title: string): string => {
    const own = lines.filter((line) => line.tier === tier)
    return tile(tier, own.length, title, count(findingsIn(own), 'finding'))
  }
  const objects = unread.reduce((sum, row) => sum + row.count, 0)
  return `<ul class="tiles">${[
    ofTier('broken', 'broken now'),
    ofTier('will-break', 'will break'),
    ofTier('advice', 'advice'),
    ...(setAside.length > 0 ? [tile('rest', setAside.length, 'set aside', 'not counted')] : []),
    tile('rest', objects, 'not read or judged', objects > 0 ? 'nothing can be said of them' : 'all was read'),
  ].join('')}</ul>`
}

const headings = {
  broken: ['ill', 'Broken now', 'it hurts now'],
  'will-break': ['warn', 'Will break', 'sure to hurt once triggered, or it did within a week'],
  advice: ['note', 'Advice', 'it may hurt one day'],
} as const

function tierPart(tier: Tier, lines: readonly Line[], several: boolean): string {
  if (lines.length === 0) return ''
  const [kind, title, meaning] = headings[tier]
  const counted = `${count(lines.length, 'cause')} in ${count(objectsIn(lines), 'object')}`
  return `<section data-of="${tier}"><h2><span class="${kind}">${title}</span> ${counted} <small>${meaning}</small></h2>
${lines.map((line) => causePart(line, { of: tier, length: lines.length, several })).join('\n')}
</section>`
}

function asidePart(lines: readonly Line[], several: boolean): string {
  if (lines.length === 0) return ''
  const parts = lines.map((line) => causePart(line, { of: 'set-aside', length: lines.length, several }))
  const meaning = 'somebody knows of them, and they do not count'
  return `<section data-of="set-aside"><h2>Set aside ${count(lines.length, 'cause')} <small>${meaning}</small></h2>
${parts.join('\n')}
</section>`
}

function unreadPart(unread: readonly ReportUnread[], several: boolean): string {
  if (unread.length === 0) return ''
  const rows = unread.map((row) => {
    const hazard = row.hazard ? ` <small>${written(row.hazard)}</small>` : ''
    return `<li>${written(unreadText(row, several))}${hazard}: ${written(row.because)}</li>`
  })
  const lost = unread.some(({ hazard }) => hazard === undefined)
  return foldedPart('Not read or not judged', 'nothing can be said of it', rows, lost)
}

const foldedPart = (title: string, meaning: string, rows: readonly string[], open: boolean): string =>
  `<section><details class="folded"${open ? ' open' : ''}><summary>${title} <small>${meaning}</small></summary>
<ul class="rows">${rows.join('')}</ul></details></section>`

function noticePart({ notices }: Report): string {
  if (notices.length === 0) return ''
  const rows = notices.map(({ where, text }) => `<li>${written(where)}: ${written(text)}</li>`)
  return foldedPart('Notes', 'of what sets findings aside', rows, true)
}

function foreignPart({ foreign, passedOver }: Report): string {
  if (foreign.length === 0) return ''
  const rows = foreign.map(({ what, count: n, example, command }: Foreign) => {
    const rendered = command === undefined ? '' : `; <code>${written(command)}</code> renders them`
    return `<li>${written(what)}: ${count(n, 'file')}, such as <code>${written(example)}</code>${rendered}</li>`
  })
  return foldedPart('Passed over', `${count(passedOver, 'document')} that are no Kubernetes objects`, rows, false)
}
