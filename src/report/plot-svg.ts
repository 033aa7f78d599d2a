// A group of a plot as an SVG; colours are classes, which the page defines for light and dark.
import type { Plot, TimedValue } from '../contract/plot.ts'
import { escaped } from './escaped.ts'
import { limitNames, valueText } from './plot-words.ts'

type Distribution = Extract<Plot, { plot: 'distribution' }>
type Timed = Extract<Plot, { plot: 'points' | 'course' }>

/** In units of the drawing; a page shows it larger or smaller. */
const width = 420

/** The drawings of a plot, one for each of its groups. All have the same scales. */
export function plotSvgs(plot: Plot): readonly { readonly name: string; readonly svg: string }[] {
  if (plot.plot === 'distribution')
    return plot.groups.map(({ name, counts }) => ({ name, svg: distributionSvg(plot, name, counts) }))
  const scales = scalesOf(plot)
  return plot.groups.map(({ name, points }) => ({ name, svg: timedSvg(plot, name, points, scales) }))
}

const rowHeight = 22
const barLeft = 80
const barRight = width - 56

/** Bars by the logarithm, with their counts: a few of ten thousand must be seen too. */
function distributionSvg(plot: Distribution, name: string, counts: readonly number[]): string {
  const most = Math.max(1, ...plot.groups.flatMap((group) => group.counts))
  const rows = limitNames(plot.limits, plot.unit).map((label, place) => {
    const count = counts[place] ?? 0
    const hurts = plot.hurtsFrom !== undefined && (plot.limits[place - 1] ?? 0) >= plot.hurtsFrom
    const middle = 4 + place * rowHeight + rowHeight / 2
    const long = count === 0 ? 0 : Math.max(3, (Math.log1p(count) / Math.log1p(most)) * (barRight - barLeft))
    return [
      text(barLeft - 8, middle, label, 'end'),
      `<rect class="${hurts ? 'hurts' : 'value'}" x="${barLeft}" y="${middle - 7}" width="${round(long)}" height="14" rx="2"/>`,
      text(barLeft + long + 6, middle, valueText(count), 'start', count === 0 ? 'faint' : 'strong'),
    ].join('')
  })
  const height = 8 + rows.length * rowHeight
  const axis = `<path class="axis" d="M${barLeft} 2V${height - 2}"/>`
  return drawing(height, `${plot.title}, ${name}`, [...rows, axis])
}

const plotArea = { left: 52, right: width - 12, top: 20, bottom: 190 }
const timedHeight = 222

interface Scales {
  readonly x: (seconds: number) => number
  readonly y: (value: number) => number
  readonly xTicks: readonly number[]
  readonly yTicks: readonly number[]
}

/** Of all groups together. */
function scalesOf({ plot, groups }: Timed): Scales {
  const { left, right, top, bottom } = plotArea
  const most = (values: readonly number[]): number => values.reduce((max, one) => Math.max(max, one), 0)
  const all = groups.flatMap(({ points }) => points)
  const xTicks = ticks(most(all.map(([seconds]) => seconds)))
  const xEnd = Math.max(xTicks.at(-1) ?? 1, most(all.map(([seconds]) => seconds)))
  const x = (seconds: number): number => left + (seconds / xEnd) * (right - left)
  if (plot === 'course') {
    const yTicks = ticks(most(all.map(([, value]) => value)))
    const yEnd = Math.max(yTicks.at(-1) ?? 1, most(all.map(([, value]) => value)))
    return { x, y: (value) => bottom - (value / yEnd) * (bottom - top), xTicks, yTicks }
  }
  const values = all.map(([, value]) => Math.max(value, least))
  const from = Math.floor(Math.log10(values.reduce((min, one) => Math.min(min, one), 1)))
  const to = Math.max(from + 1, Math.ceil(Math.log10(most([1, ...values]))))
  const y = (value: number): number =>
    bottom - ((Math.log10(Math.max(value, least)) - from) / (to - from)) * (bottom - top)
  return { x, y, xTicks, yTicks: Array.from({ length: to - from + 1 }, (_, place) => 10 ** (from + place)) }
}

/** What is less is drawn as this: nothing has no logarithm. */
const least = 0.001

/** About five round numbers from 0 to a maximum. */
export function ticks(most: number): number[] {
  if (most <= 0) return [0, 1]
  const rough = most / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, place) =>
    Number((place * step).toPrecision(12)),
  )
}

function timedSvg(plot: Timed, name: string, points: readonly TimedValue[], scales: Scales): string {
  const { left, right, bottom } = plotArea
  const { x, y, xTicks, yTicks } = scales
  const lines = yTicks.map((value) => `M${left} ${round(y(value))}H${right}`).join('')
  const marks = plot.plot === 'points' ? dots(plot, points, scales) : course(points, scales)
  return drawing(timedHeight, `${plot.title}, ${name}`, [
    `<path class="grid" d="${lines}"/>`,
    ...yTicks.map((value) => text(left - 8, y(value), valueText(value), 'end')),
    ...xTicks.map((value) => text(x(value), bottom + 14, valueText(value), 'middle')),
    text(right, bottom + 28, 's', 'end'),
    `<path class="axis" d="M${left} ${bottom}H${right}"/>`,
    marks,
  ])
}

/** Those that would lie on another are left out: a page of ten thousand points is no clearer than one of what is seen. */
function dots(
  { hurtsFrom = Number.POSITIVE_INFINITY }: Timed,
  points: readonly TimedValue[],
  { x, y }: Scales,
): string {
  const paths = { value: new Set<string>(), hurts: new Set<string>() }
  for (const [seconds, value] of points) {
    const at = `M${half(x(seconds))} ${half(y(value))}h0`
    paths[value >= hurtsFrom ? 'hurts' : 'value'].add(at)
  }
  return Object.entries(paths)
    .map(([kind, all]) => (all.size > 0 ? `<path class="dots ${kind}" d="${[...all].join('')}"/>` : ''))
    .join('')
}

function course(points: readonly TimedValue[], { x, y }: Scales): string {
  const [first, ...rest] = points
  if (!first) return ''
  const steps = rest.map(([seconds, value]) => `H${round(x(seconds))}V${round(y(value))}`).join('')
  const last = points.at(-1) ?? first
  const label = text(x(last[0]), y(last[1]) - 9, valueText(last[1]), 'end', 'strong')
  return `<path class="course" d="M${round(x(0))} ${round(y(0))}H${round(x(first[0]))}V${round(y(first[1]))}${steps}"/>${label}`
}

const round = (number: number): number => Math.round(number * 10) / 10
const half = (number: number): number => Math.round(number * 2) / 2

const text = (x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end', kind = ''): string =>
  `<text${kind ? ` class="${kind}"` : ''} x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" dominant-baseline="central">${escaped(words)}</text>`

const drawing = (height: number, label: string, parts: readonly string[]): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">${parts.join('')}</svg>`
