// A rollout as a page: one file without a script, which needs no network.
import { escaped } from './escaped.ts'
import { page } from './page.ts'
import { pageStyle } from './page-style.ts'
import { rolloutChart } from './rollout-chart.ts'
import type { RolloutReport } from './rollout-schema.ts'
import { seconds } from './rollout-text.ts'

const style = `${pageStyle}
.chart { overflow-x: auto; padding: 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
svg.timeline { min-width: 760px; }
.serving { fill: var(--value); fill-opacity: .45; }
.waiting { fill: var(--warn); }
.dying, circle.route-changed { fill: var(--hurts); }
.removed { fill: var(--ink); }
circle.restart { fill: var(--ink); }
circle.reload { fill: var(--warn); }
.unwatched { fill: var(--axis); fill-opacity: .25; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 10px 0 0; font-size: .85rem; color: var(--soft); }
.legend span::before { content: ''; display: inline-block; width: 10px; height: 10px; margin-right: 6px; border-radius: 2px; background: var(--mark); }
th.text, td.text { text-align: left; padding-left: 28px; }
th.text:first-child, td.text:first-child { padding-left: 0; }
.timeline .dots { stroke-width: 3.5; stroke-opacity: .8; }
td.text { white-space: normal; min-width: 16em; }
details { margin: 12px 0; }
summary { cursor: pointer; font-weight: 600; }
:root { --warn: #c48a12; }
@media (prefers-color-scheme: dark) { :root { --warn: #e0b04a; } }
`

/** @returns the whole page, as HTML. */
export function rolloutPage(report: RolloutReport): string {
  const { kind, namespace, name, lost, sent, maxLost, exitCode, outcome, url } = report
  const text =
    url === undefined
      ? outcome
      : `${lost.toLocaleString('en')} of ${sent.toLocaleString('en')} requests were lost; ${outcome}`
  const ill = exitCode !== 0 || lost > maxLost
  return page({
    title: `Rollout: ${kind} ${namespace}/${name}`,
    style,
    body: `<h1>${escaped(`Rollout of ${kind} ${namespace}/${name}`)}</h1>
<p class="outcome ${ill ? 'ill' : 'well'}">${escaped(text)}</p>
${factsOf(report)}
<section><h2>Timeline</h2><div class="chart">${rolloutChart(report)}</div>${legend}</section>
${causesPart(report)}
${lanesPart(report)}
${drainPart(report)}
${momentsPart(report)}
${hurtPart(report)}`,
  })
}

const legend = `<p class="legend">${[
  ['--value', 'Pod serves'],
  ['--warn', 'deleted, in its preStop wait; controller reloads'],
  ['--hurts', 'past SIGTERM; requests lost; route changed'],
  ['--ink', 'endpoint removed; restart'],
  ['--axis', 'API server away'],
]
  .map(([color, words]) => `<span style="--mark: var(${color})">${words}</span>`)
  .join('')}</p>`

function factsOf(report: RolloutReport): string {
  const { cluster, url, startedAt, tookMs, restarts, again, slow, slowMs, lateness, notes } = report
  const facts: Record<string, string> = {
    cluster,
    ...(url !== undefined && { url }),
    started: startedAt.replace(/\.\d+Z$/, 'Z'),
    took: seconds(tookMs),
    ...(restarts > 0 && { restarts: String(restarts) }),
    ...(again > 0 && {
      'not counted as lost': `${again} on kept connections as these were closed: most clients send them again`,
    }),
    ...(slow > 0 && { slow: `${slow} took over ${seconds(slowMs)}` }),
    ...(lateness.text !== undefined && { measured: lateness.text }),
    ...Object.fromEntries(notes.map((note, place) => [`note ${place + 1}`, note])),
  }
  return `<dl>${Object.entries(facts)
    .map(([key, value]) => `<dt>${escaped(key)}</dt><dd>${escaped(value)}</dd>`)
    .join('')}</dl>`
}

type Row = readonly (string | number)[]

function table(head: readonly string[], rows: readonly Row[], textual: readonly number[] = []): string {
  const cells = (row: Row): string =>
    row
      .map(
        (cell, place) =>
          `<td${textual.includes(place) ? ' class="text"' : ''}>${escaped(typeof cell === 'number' ? cell.toLocaleString('en') : cell)}</td>`,
      )
      .join('')
  const heads = head.map(
    (one, place) => `<th scope="col"${textual.includes(place) ? ' class="text"' : ''}>${escaped(one)}</th>`,
  )
  return `<div class="table"><table><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join('')}</tbody></table></div>`
}

function causesPart({ causes }: RolloutReport): string {
  if (causes.length === 0) return ''
  const rows = causes.map(
    ({ count, text, firstMs, lastMs, pods }): Row => [
      text,
      count,
      `${seconds(firstMs)} to ${seconds(lastMs)}`,
      pods.slice(0, 4).join(', ') + (pods.length > 4 ? ` and ${pods.length - 4} more` : ''),
    ],
  )
  return `<section><h2>Why</h2>${table(['', 'requests', 'when', 'Pods'], rows, [0, 3])}</section>`
}

function lanesPart({ lanes, lateness }: RolloutReport): string {
  if (lanes.length === 0) return ''
  const ms = (value: number | undefined): string => (value === undefined ? '' : `${value} ms`)
  const rows = lanes.map(
    ({ protocol, connections, sent, lost, latency }): Row => [
      `${protocol === 'http1' ? 'HTTP/1.1' : 'HTTP/2'}, ${connections === 'fresh' ? 'a connection each' : 'kept connections'}`,
      ...[sent, lost],
      ...(lateness.spoilt ? [] : [latency?.p50, latency?.p90, latency?.p99, latency?.p999, latency?.worst].map(ms)),
    ],
  )
  const head = ['', 'sent', 'lost', ...(lateness.spoilt ? [] : ['p50', 'p90', 'p99', 'p99.9', 'worst'])]
  return `<section><h2>Requests</h2>${table(head, rows, [0])}</section>`
}

function drainPart({ drain, remedies, url }: RolloutReport): string {
  if (url === undefined) return ''
  const { n, p999Ms, isBound, waitSeconds, because, pods } = drain
  const facts = [
    ...(p999Ms === undefined
      ? []
      : [
          `The last request to a deleted Pod came ${isBound ? 'at most ' : ''}${seconds(p999Ms)} after its deletion (p99.9 of ${n} deletions).`,
        ]),
    waitSeconds === undefined
      ? `No wait is advised: ${because}.`
      : `This cluster needs a preStop wait of ${waitSeconds} s.`,
  ]
  const steps = remedies.map(({ fact, steps }) => `<p>${escaped(fact)}</p><pre>${escaped(steps.join('\n'))}</pre>`)
  const rows = pods.map(({ pod, is, ms }): Row => [pod, `${is === 'at-most' ? 'at most ' : ''}${seconds(ms)}`])
  const each =
    rows.length > 0
      ? `<details><summary>Each deletion</summary>${table(['Pod', 'last request after'], rows, [0])}</details>`
      : ''
  return `<section><h2>Drain time</h2>${facts.map((fact) => `<p>${escaped(fact)}</p>`).join('')}${steps.join('')}${each}</section>`
}

function momentsPart({ moments }: RolloutReport): string {
  if (moments.length === 0) return ''
  const rows = moments.map(({ atMs, pod = '', text }): Row => [`${(atMs / 1000).toFixed(2)} s`, pod, text])
  return `<section><details><summary>What happened (${moments.length})</summary>${table(['at', 'Pod', ''], rows, [1, 2])}</details></section>`
}

/** More are in the JSON report. */
const mostHurt = 500

function hurtPart({ hurt }: RolloutReport): string {
  if (hurt.length === 0) return ''
  const rows = hurt
    .slice(0, mostHurt)
    .map(
      ({ sentMs, endedMs, how, said, culprit, pod = '', lane }): Row => [
        `${(sentMs / 1000).toFixed(2)} s`,
        `${Math.round(endedMs - sentMs)} ms`,
        ...[how, culprit, pod, lane, said],
      ],
    )
  return `<section><details><summary>Requests that were lost or slow (${hurt.length})</summary>${table(['sent at', 'took', 'met', 'blamed', 'Pod', 'over', 'said'], rows, [2, 3, 4, 5, 6])}</details></section>`
}
