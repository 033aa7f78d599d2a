// The report as Markdown, for a comment on a pull request or the summary of a pipeline.
import { shortPlace } from '../objects/origin.ts'
import { count, findingsIn, objectsIn, ownersCell, unreadText, whatCell, whomCell } from './line-cells.ts'
import { type Line, linesOf } from './lines.ts'
import { codeOf, textOf } from './markdown-text.ts'
import type { Foreign, Notice, Report, ReportUnread, SetAside } from './schema.ts'
import type { Tier } from './tiers.ts'

/** GitHub takes comments of up to 65,536 characters; what posts one may add some of its own. */
const mostCharacters = 65_000

/** A table or list; of its rows as many are written as there is room for. */
interface Part {
  readonly before: string
  readonly rows: readonly string[]
  readonly after: string
}

/** @returns GitHub's Markdown, at most 65,000 characters, with a line feed at its end. */
export function markdownReport(report: Report): string {
  const lines = linesOf(report.findings, 'cause')
  const of = (tier: Tier): Line[] => lines.filter((line) => line.tier === tier)
  const judged = report.unread.filter(({ hazard }) => hazard !== undefined)
  const lost = report.unread.filter(({ hazard }) => hazard === undefined)
  const several = report.worlds.length > 1
  return fitted(headOf(report, of), [
    tierPart('Broken now', 'it hurts now', of('broken'), several),
    tierPart('Will break', 'sure to hurt once triggered, or it did within a week', of('will-break'), several),
    listPart(`Not read: ${count(lost.length, 'part')}`, lost.map(unreadRow)),
    folded(tierPart('Advice', 'it may hurt one day', of('advice'), several)),
    folded(
      listPart(
        `Not judged: ${count(
          judged.reduce((sum, row) => sum + row.count, 0),
          'object',
        )}`,
        judged.map(unreadRow),
      ),
    ),
    folded(asidePart(report.setAside, several)),
    folded(listPart(`Notes: ${report.notices.length}`, report.notices.map(noticeRow))),
    folded(listPart(`Passed over: ${count(report.passedOver, 'document')}`, report.foreign.map(foreignRow))),
  ])
}

/** What it comes to, and what was looked at. */
function headOf(report: Report, of: (tier: Tier) => readonly Line[]): string {
  const { summary, worlds, unread, seconds, at, tool, passedOver, setAside } = report
  const [broken, willBreak, advice] = [of('broken'), of('will-break'), of('advice')].map(findingsIn)
  const counted = [
    ...(broken ? [`${broken.toLocaleString('en')} broken now`] : []),
    ...(willBreak ? [`${willBreak.toLocaleString('en')} will break`] : []),
    ...(advice ? [count(advice, 'piece of advice', 'pieces of advice')] : []),
    ...(setAside.length > 0 ? [`${setAside.length.toLocaleString('en')} set aside`] : []),
  ].join(', ')
  const seen = unread.length > 0 ? ' in what was read' : ''
  const names = worlds.map(({ name, version }) => `${name}${version ? ` ${version}` : ''}`).join(', ')
  const facts = [
    names,
    `${count(summary.objects, 'object')} in ${seconds.toFixed(1)} s`,
    `as of ${at.replace(/\.\d{3}Z$/, 'Z')}`,
    ...(passedOver > 0 ? [`${count(passedOver, 'document')} passed over`] : []),
    `roadcrew ${tool.version}`,
  ]
  return [
    `## Roadcrew: ${counted === '' ? `nothing found${seen}` : counted}`,
    facts
      .filter(Boolean)
      .map((fact) => textOf(fact, 600))
      .join(', '),
    ...(unread.length > 0 ? ['**Not everything could be looked at**: nothing can be said of the rest.'] : []),
  ].join('\n\n')
}

const tableHead = (columns: readonly string[]): string =>
  `| ${columns.join(' | ')} |\n|${columns.map(() => ' --- |').join('')}`

const rowText = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function tierPart(title: string, meaning: string, lines: readonly Line[], several: boolean): Part {
  const counted = `${count(lines.length, 'cause')} in ${count(objectsIn(lines), 'object')}`
  const columns = ['id', 'severity', 'what', 'whom', 'mended in', 'owner']
  return {
    before: `${title}: ${counted} (${meaning})\n\n${tableHead(columns)}`,
    rows: lines.map((line) => lineRow(line, several)),
    after: '',
  }
}

function lineRow({ id, group, first, findings }: Line, several: boolean): string {
  const [what = ''] = whatCell(findings)
  const [whom = ''] = whomCell(findings, several)
  const [owners = ''] = ownersCell(findings)
  const { place } = first
  const where = place && findings.length === 1 ? codeOf(`${place.file}:${place.line}`) : textOf(shortPlace(group))
  return rowText([codeOf(id), first.severity, textOf(what), textOf(whom), where, textOf(owners)])
}

function asidePart(all: readonly SetAside[], several: boolean): Part {
  return {
    before: `Set aside: ${count(all.length, 'finding')}\n\n${tableHead(['what', 'whom', 'by', 'reason', 'until'])}`,
    rows: all.map((finding) => {
      const [what = ''] = whatCell([finding])
      const [whom = ''] = whomCell([finding], several)
      const { by, where, reason = '', until = '' } = finding.setAside
      return rowText([what, whom, `${by}: ${where}`, reason, until].map((cell) => textOf(cell)))
    }),
    after: '',
  }
}

const listPart = (title: string, rows: readonly string[]): Part => ({ before: `${title}\n`, rows, after: '' })

const unreadRow = (row: ReportUnread): string =>
  `- ${textOf(`${unreadText(row, true)}${row.hazard ? ` (${row.hazard})` : ''}`)}: ${textOf(row.because, 400)}`

function foreignRow({ what, count: n, example, command }: Foreign): string {
  const rendered = command === undefined ? '' : `; ${codeOf(command)} renders them`
  return `- ${textOf(what)}: ${count(n, 'file')}, such as ${codeOf(example)}${rendered}`
}

const noticeRow = ({ where, text }: Notice): string => `- ${textOf(where)}: ${textOf(text, 400)}`

/** The same, closed until somebody opens it. Its title becomes what is seen. */
function folded({ before, rows, after }: Part): Part {
  const [title = '', ...more] = before.split('\n')
  return {
    before: `<details>\n<summary>${title}</summary>\n${more.join('\n')}`,
    rows,
    after: `${after}\n\n</details>`,
  }
}

/** Parts with rows, one after the other. Where not all fit the last rows are left out, and a line says how many. */
function fitted(head: string, all: readonly Part[]): string {
  const parts = all.filter(({ rows }) => rows.length > 0)
  const frames = parts.map(({ before, after }) => before.length + after.length + leftOut(1_000_000_000).length + 4)
  let left = mostCharacters - head.length - 1 - frames.reduce((sum, length) => sum + length, 0)
  const texts = parts.map(({ before, rows, after }) => {
    const shown: string[] = []
    for (const row of rows) {
      if (row.length + 1 > left) break
      left -= row.length + 1
      shown.push(row)
    }
    const more = rows.length - shown.length
    // A later part with shorter rows would hide that this one is cut.
    if (more > 0) left = 0
    const title = before.startsWith('<') ? before : `### ${before}`
    return `${[title, ...shown].join('\n')}${more > 0 ? leftOut(more) : ''}${after}`
  })
  return `${[head, ...texts].join('\n\n')}\n`
}

const leftOut = (n: number): string => `\n\n… and ${n.toLocaleString('en')} more: \`-o json\` and \`-o html\` have all`
