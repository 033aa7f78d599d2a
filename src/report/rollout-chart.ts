// The timeline of a rollout as an SVG: requests above, below them what became of each Pod, all on one axis of time.
import { escaped } from './escaped.ts'
import { ticks } from './plot-svg.ts'
import type { RolloutReport } from './rollout-schema.ts'

type Pod = RolloutReport['pods'][number]

/** In units of the drawing. */
const width = 1000
const left = 190
const right = width - 14
const panel = 96
const gap = 26
const lane = 20
/** More lanes say no more than that there are many. */
const mostLanes = 60
/** Narrower bars can't be seen. */
const mostBins = 260

interface Axis {
  readonly x: (ms: number) => number
  readonly endMs: number
}

/** The drawing; '' of a rollout of which nothing was seen. */
export function rolloutChart(report: RolloutReport): string {
  const endMs = Math.max(1000, report.tookMs)
  const x = (ms: number): number => left + (Math.min(Math.max(ms, 0), endMs) / endMs) * (right - left)
  const axis: Axis = { x, endMs }
  const pods = shownPods(report)
  // Latencies of a generator that was late itself are nobody's.
  const drawn = report.buckets.length === 0 ? [] : report.lateness.spoilt ? [lostPanel] : [lostPanel, latencyPanel]
  const panels = drawn.map((draw, place) => draw(report, axis, 22 + place * (panel + gap)))
  const lanesTop = 22 + panels.length * (panel + gap)
  const eventsTop = lanesTop + pods.length * lane + 12
  const bottom = eventsTop + 22
  const parts = [
    ...report.gaps.map(({ fromMs, toMs = endMs }) => shade(axis, fromMs, toMs, bottom)),
    ...panels,
    ...pods.map((pod, place) => podLane(pod, axis, lanesTop + place * lane)),
    eventLane(report, axis, eventsTop),
    timeAxis(axis, bottom),
  ]
  const height = bottom + 34
  return `<svg class="timeline" viewBox="0 0 ${width} ${height}" role="img" aria-label="timeline of the rollout">${parts.join('')}</svg>`
}

/** Those that something happened to, and of too many the first. */
function shownPods({ pods }: RolloutReport): readonly Pod[] {
  const some = pods.filter(
    ({ deletedMs, wasThere, endedMs }) => deletedMs !== undefined || !wasThere || endedMs !== undefined,
  )
  return (some.length > 0 ? some : pods).slice(0, mostLanes)
}

interface Bin {
  readonly fromMs: number
  readonly toMs: number
  readonly sent: number
  readonly lost: number
  readonly p50Ms: number | undefined
  readonly worstMs: number | undefined
}

/** Neighbours together, so that each bar can be seen. The median of several is that of the slowest of them. */
function bins({ buckets }: RolloutReport, endMs: number): Bin[] {
  const each = Math.max(1, Math.ceil(buckets.length / mostBins))
  return Array.from({ length: Math.ceil(buckets.length / each) }, (_, place) => {
    const some = buckets.slice(place * each, (place + 1) * each)
    const next = buckets[(place + 1) * each]
    return {
      fromMs: some[0]?.fromMs ?? 0,
      toMs: next?.fromMs ?? endMs,
      sent: some.reduce((sum, { sent }) => sum + sent, 0),
      lost: some.reduce((sum, { lost }) => sum + lost, 0),
      p50Ms: most(some.map(({ p50Ms }) => p50Ms)),
      worstMs: most(some.map(({ worstMs }) => worstMs)),
    }
  })
}

function most(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((one) => one !== undefined)
  return known.length > 0 ? Math.max(...known) : undefined
}

function lostPanel(report: RolloutReport, axis: Axis, top: number): string {
  const all = bins(report, axis.endMs)
  const peak = Math.max(1, ...all.map(({ lost }) => lost))
  const y = (value: number): number => top + panel - (value / peak) * panel
  const bars = all
    .filter(({ lost }) => lost > 0)
    .map(({ fromMs, toMs, sent, lost }) => {
      const long = Math.max(1.5, axis.x(toMs) - axis.x(fromMs) - 0.5)
      const title = `${lost} of ${sent} lost from ${(fromMs / 1000).toFixed(2)} s on`
      const height = Math.max(2, panel + top - y(lost))
      return `<rect class="hurts" x="${r(axis.x(fromMs))}" y="${r(top + panel - height)}" width="${r(long)}" height="${r(height)}"><title>${title}</title></rect>`
    })
  const scale = [...new Set([0, peak])].map((value) => text(left - 8, y(value), String(value), 'end'))
  return [caption('requests lost', top), frame(top), ...scale, ...bars].join('')
}

/** By the logarithm: from a fast answer to a timeout are four orders. */
function latencyPanel(report: RolloutReport, axis: Axis, top: number): string {
  const all = bins(report, axis.endMs).filter(({ worstMs }) => worstMs !== undefined)
  const to = Math.max(1, Math.ceil(Math.log10(Math.max(10, ...all.map(({ worstMs = 0 }) => worstMs)))))
  const y = (ms: number): number => top + panel - (Math.max(0, Math.log10(Math.max(ms, 1))) / to) * panel
  const grid = Array.from({ length: to + 1 }, (_, power) => 10 ** power)
  const lines = grid.map((ms) => `M${left} ${r(y(ms))}H${right}`).join('')
  const labels = grid.map((ms) => text(left - 8, y(ms), ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`, 'end'))
  const worst = all.map(({ fromMs, worstMs = 0 }) => `M${r(axis.x(fromMs))} ${r(y(worstMs))}h0`).join('')
  const median = all.map(
    ({ fromMs, p50Ms = 0 }, place) => `${place === 0 ? 'M' : 'L'}${r(axis.x(fromMs))} ${r(y(p50Ms))}`,
  )
  return [
    caption('answers: median, worst', top),
    `<path class="grid" d="${lines}"/>`,
    ...labels,
    `<path class="dots value" d="${worst}"/>`,
    `<path class="course" d="${median.join('')}"/>`,
  ].join('')
}

/** From when it serves until it is gone: serving, deleted and waiting, past SIGTERM. */
function podLane(pod: Pod, { x, endMs }: Axis, top: number): string {
  const { name, servingMs, deletedMs, sigtermMs, endpointRemovedMs, endedMs, goneMs, wasThere } = pod
  const stops = Math.min(sigtermMs ?? endedMs ?? deletedMs ?? endMs, endMs)
  const from = wasThere ? 0 : (servingMs ?? deletedMs ?? endMs)
  const bar = (kind: string, a: number, b: number, title: string): string =>
    b > a
      ? `<rect class="${kind}" x="${r(x(a))}" y="${top + 4}" width="${r(Math.max(1, x(b) - x(a)))}" height="10"><title>${escaped(`${name}: ${title}`)}</title></rect>`
      : ''
  const end = goneMs ?? endMs
  const crashed = deletedMs === undefined && endedMs !== undefined
  return [
    text(left - 8, top + 9, name.length > 30 ? `…${name.slice(-29)}` : name, 'end'),
    bar('serving', from, Math.min(deletedMs ?? end, end), 'serves'),
    deletedMs === undefined ? '' : bar('waiting', deletedMs, Math.min(stops, end), 'is deleted, and goes on serving'),
    deletedMs === undefined ? '' : bar('dying', Math.max(stops, deletedMs), end, 'has got SIGTERM'),
    crashed ? tick('dying', x(endedMs), top, `${name}: a container ended by itself`) : '',
    endpointRemovedMs === undefined
      ? ''
      : tick('removed', x(endpointRemovedMs), top, `${name}: no ready endpoint any more`),
  ].join('')
}

const tick = (kind: string, at: number, top: number, title: string): string =>
  `<rect class="${kind}" x="${r(at - 1)}" y="${top + 1}" width="2" height="16"><title>${escaped(title)}</title></rect>`

const shownAside: readonly string[] = ['reload', 'route-changed', 'restart']

function eventLane({ moments }: RolloutReport, { x }: Axis, top: number): string {
  const some = moments.filter(({ what }) => shownAside.includes(what))
  const marks = some.map(
    ({ atMs, what, text: said }) =>
      `<circle class="${what}" cx="${r(x(atMs))}" cy="${top + 9}" r="4"><title>${escaped(`${said} at ${(atMs / 1000).toFixed(2)} s`)}</title></circle>`,
  )
  return [text(left - 8, top + 9, 'restarts, reloads, routes', 'end'), ...marks].join('')
}

function timeAxis({ x, endMs }: Axis, top: number): string {
  const marks = ticks(endMs / 1000).map((seconds) => text(x(seconds * 1000), top + 14, `${seconds} s`, 'middle'))
  return [`<path class="axis" d="M${left} ${top}H${right}"/>`, ...marks].join('')
}

const shade = ({ x }: Axis, fromMs: number, toMs: number, bottom: number): string =>
  `<rect class="unwatched" x="${r(x(fromMs))}" y="8" width="${r(Math.max(2, x(toMs) - x(fromMs)))}" height="${bottom - 8}"><title>the API server was away</title></rect>`

const frame = (top: number): string => `<path class="axis" d="M${left} ${top + panel}H${right}"/>`
const caption = (words: string, top: number): string => text(left, top - 9, words, 'start', 'strong')
const r = (value: number): number => Math.round(value * 10) / 10

const text = (x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end', kind = ''): string =>
  `<text${kind ? ` class="${kind}"` : ''} x="${r(x)}" y="${r(y)}" text-anchor="${anchor}" dominant-baseline="central">${escaped(words)}</text>`
