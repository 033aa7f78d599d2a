// An act of a drill as lines for a terminal.
import { createColors } from 'picocolors'
import type { Act } from '../contract/drill.ts'
import type { Plot, Table } from '../contract/plot.ts'
import { figureText, limitNames, valueText } from './plot-words.ts'
import { wrap } from './wrap.ts'

export interface Look {
  readonly color: boolean
  /** How many characters fit on a line. */
  readonly columns: number
}

type Distribution = Extract<Plot, { plot: 'distribution' }>

const indent = ' '.repeat(11)
const gap = '  '

/** @param sinceMs from the start of the drill. @returns lines, each with its end. */
export function actLines({ act, figures, table, plots = [] }: Act, sinceMs: number, look: Look): string {
  const { dim } = createColors(look.color)
  const distributions = plots.filter((plot): plot is Distribution => plot.plot === 'distribution')
  const blocks = [
    figureLines(figures, look),
    ...(table ? [tableLines(table, look)] : []),
    ...distributions.map((plot) => distributionLines(plot, look)),
  ].filter((block) => block.length > 0)
  const lines = blocks.flatMap((block, place) => [...(place > 0 ? [''] : []), ...block])
  const head = `${dim(`${(sinceMs / 1000).toFixed(1).padStart(6)} s`)}   ${act}`
  return [head, ...lines.map((line) => (line === '' ? '' : `${indent}${line}`))].map((line) => `${line}\n`).join('')
}

/** Narrower text is none; the terminal itself breaks it then. */
const leastText = 30

function figureLines(figures: Act['figures'], { color, columns }: Look): string[] {
  const { dim } = createColors(color)
  const width = longest(Object.keys(figures))
  const room = Math.max(leastText, columns - indent.length - width - gap.length)
  return Object.entries(figures).flatMap(([name, value]) =>
    wrap(figureText(value), room).map((line, place) => `${dim((place === 0 ? name : '').padEnd(width))}${gap}${line}`),
  )
}

function tableLines({ columns, rows }: Table, { color }: Look): string[] {
  const { bold, dim } = createColors(color)
  const first = longest(rows.map(([name]) => name))
  const texts = rows.map(([, ...cells]) => cells.map(valueText))
  const widths = columns.map((column, place) => longest([column, ...texts.map((cells) => cells[place] ?? '')]))
  const line = (cells: readonly string[]): string =>
    cells.map((cell, place) => cell.padStart(widths[place] ?? 0)).join(gap)
  return [
    `${' '.repeat(first)}${gap}${bold(line(columns))}`,
    ...rows.map(([name], place) => `${dim(name.padEnd(first))}${gap}${line(texts[place] ?? [])}`),
  ]
}

const widestBar = 24
const leastBar = 4

/** Bars side by side, by the logarithm: the few that hurt are what is looked for. */
function distributionLines({ title, unit, limits, groups, hurtsFrom }: Distribution, look: Look): string[] {
  const { bold, dim, red } = createColors(look.color)
  const names = limitNames(limits, unit)
  const first = Math.max(longest(names), title.length)
  const most = Math.max(1, ...groups.flatMap(({ counts }) => counts))
  const digits = longest(groups.flatMap(({ counts }) => counts.map(valueText)))
  const room = Math.floor((look.columns - indent.length - first) / Math.max(1, groups.length)) - gap.length - digits - 1
  const widest = Math.min(widestBar, Math.max(leastBar, room))
  const width = Math.max(widest + 1 + digits, ...groups.map(({ name }) => name.length))
  const bar = (count: number): string =>
    count === 0 ? '' : '█'.repeat(Math.max(1, Math.round((Math.log1p(count) / Math.log1p(most)) * widest)))
  const isLast = (group: number): boolean => group === groups.length - 1
  const head = groups.map(({ name }, group) => bold(name.padEnd(isLast(group) ? 0 : width)))
  const rows = names.map((name, place) => {
    const hurts = hurtsFrom !== undefined && (limits[place - 1] ?? 0) >= hurtsFrom
    const cells = groups.map(({ counts }, group) => {
      const count = counts[place] ?? 0
      const text = `${bar(count)}${count > 0 ? ' ' : ''}${valueText(count)}`.padEnd(isLast(group) ? 0 : width)
      return hurts && count > 0 ? red(text) : text
    })
    return [dim(name.padStart(longest(names)).padEnd(first)), ...cells].join(gap)
  })
  return [[dim(title.padEnd(first)), ...head].join(gap), ...rows]
}

const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map(({ length }) => length))
