// A drill as a page: one file without a script, which needs no network.
import type { Act } from '../contract/drill.ts'
import type { Plot, Table } from '../contract/plot.ts'
import { escaped } from './escaped.ts'
import { page } from './page.ts'
import { pageStyle } from './page-style.ts'
import { plotSvgs } from './plot-svg.ts'
import { figureText, valueText } from './plot-words.ts'

export interface DrillRecord {
  readonly id: string
  /** The hazard's. */
  readonly title: string
  /** ms UTC. */
  readonly startedAt: number
  readonly tookMs: number
  /** Its name, release and machine. */
  readonly kernel: string
  /** What did not go as it should. */
  readonly problems: readonly string[]
  readonly acts: readonly { readonly act: Act; readonly sinceMs: number }[]
}

/** @returns the whole page, as HTML. */
export function drillPage({ id, title, startedAt, tookMs, kernel, problems, acts }: DrillRecord): string {
  const outcome =
    problems.length === 0
      ? '<p class="outcome well">done: made, found, cured and gone</p>'
      : problems.map((problem) => `<p class="outcome ill">drill failed: ${escaped(problem)}</p>`).join('\n')
  const when = new Date(startedAt).toISOString().replace(/\.\d+Z$/, 'Z')
  const facts = { hazard: id, started: when, took: `${seconds(tookMs)} s`, kernel }
  return page({
    title: `Drill: ${id}`,
    style: pageStyle,
    body: `<h1>${escaped(title)}</h1>
${outcome}
${list(facts)}
${acts.map(actPart).join('\n')}`,
  })
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1)

const actPart = ({ act: { act, figures, table, plots = [] }, sinceMs }: DrillRecord['acts'][number]): string =>
  [
    '<section>',
    `<h2><time>${seconds(sinceMs)} s</time> ${escaped(act)}</h2>`,
    list(figures),
    table ? tablePart(table) : '',
    ...plots.map(plotPart),
    '</section>',
  ]
    .filter((part) => part !== '')
    .join('\n')

function list(figures: Act['figures']): string {
  const rows = Object.entries(figures).map(
    ([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(figureText(value))}</dd>`,
  )
  return rows.length > 0 ? `<dl>${rows.join('')}</dl>` : ''
}

function tablePart({ columns, rows }: Table): string {
  const head = columns.map((column) => `<th scope="col">${escaped(column)}</th>`).join('')
  const body = rows.map(([name, ...cells]) => {
    const all = cells.map((cell) => `<td>${escaped(valueText(cell))}</td>`).join('')
    return `<tr><th scope="row">${escaped(name)}</th>${all}</tr>`
  })
  return `<div class="table"><table><thead><tr><td></td>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}

const scale: Readonly<Record<Plot['plot'], string>> = {
  distribution: 'how many, bars by the logarithm',
  points: 'by the logarithm',
  course: '',
}

function plotPart(plot: Plot): string {
  const { title, unit, hurtsFrom } = plot
  const notes = [
    ...(plot.plot === 'distribution' ? [] : [unit]),
    ...(scale[plot.plot] ? [scale[plot.plot]] : []),
    ...(hurtsFrom === undefined ? [] : [`red from ${valueText(hurtsFrom)} ${unit}`]),
  ]
  const figures = plotSvgs(plot).map(
    ({ name, svg }) => `<figure><figcaption>${escaped(name)}</figcaption>${svg}</figure>`,
  )
  return `<h3>${escaped(title)} <small>${escaped(notes.join(', '))}</small></h3>
<div class="plots">${figures.join('')}</div>`
}
