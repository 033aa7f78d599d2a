import { expect, it } from 'vitest'
import type { Plot, TimedValue } from '../contract/plot.ts'
import { type DrillRecord, drillPage } from './drill-page.ts'
import { plotSvgs, ticks } from './plot-svg.ts'

const record: DrillRecord = {
  id: 'some-hazard',
  title: 'Something that <hurts> & is "seen"',
  startedAt: Date.UTC(2026, 10, 23, 8),
  tookMs: 26_300,
  kernel: 'Linux 6.1.0 (x86_64)',
  problems: [],
  acts: [
    {
      sinceMs: 2_400,
      act: {
        act: 'looked',
        figures: { said: '<script>alert(1)</script>' },
        table: { columns: ['plain'], rows: [['connects', 10_000]] },
        plots: [
          {
            plot: 'distribution',
            title: 'latency',
            unit: 'ms',
            limits: [1],
            groups: [{ name: 'plain', counts: [1, 0] }],
          },
        ],
      },
    },
  ],
}

it('says what, when, on which kernel and how it went', () => {
  const page = drillPage(record)
  for (const part of [
    'some-hazard',
    '2026-11-23T08:00:00Z',
    '26.3 s',
    'Linux 6.1.0 (x86_64)',
    'made, found, cured and gone',
  ])
    expect(page).toContain(part)
  expect(page).toContain('<td>10,000</td>')
  expect(page).toContain('prefers-color-scheme: dark')
  const failed = drillPage({ ...record, problems: ['only 3 connects were slow'] })
  expect(failed).toContain('drill failed: only 3 connects were slow')
  expect(failed).not.toContain('cured and gone')
})

it('holds no script and nothing from elsewhere, whatever the texts are', () => {
  const page = drillPage(record)
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:|\bsrc=|\bhref=/)
  expect(page).toContain('Something that &lt;hurts&gt; &amp; is &quot;seen&quot;')
})

const distribution: Plot = {
  plot: 'distribution',
  title: 'latency',
  unit: 'ms',
  limits: [1, 900],
  hurtsFrom: 900,
  groups: [
    { name: 'plain', counts: [9990, 0, 10] },
    { name: 'random', counts: [10_000, 0, 0] },
  ],
}

it('draws groups on one scale, and what hurts apart', () => {
  const [plain, random] = plotSvgs(distribution).map(({ svg }) => svg)
  const wide = (svg: string | undefined): number[] =>
    [...(svg ?? '').matchAll(/<rect[^>]* width="([\d.]+)"/g)].map((match) => Number(match[1]))
  expect(wide(plain)[0]).toBeLessThanOrEqual(wide(random)[0] ?? 0)
  expect(wide(random).slice(1)).toEqual([0, 0])
  expect(plain?.match(/class="hurts"/g)).toHaveLength(1)
})

const timed = (plot: 'points' | 'course', points: readonly TimedValue[]): string =>
  plotSvgs({ plot, title: 'over time', unit: 'ms', hurtsFrom: 900, groups: [{ name: 'one', points }] })[0]?.svg ?? ''

it('leaves out points that lie on another', () => {
  const svg = timed(
    'points',
    Array.from({ length: 10_000 }, (_, n) => [n / 1000, n % 100 === 0 ? 1010 : 0.2]),
  )
  const [dots, slow] = [...svg.matchAll(/class="dots \w+" d="([^"]+)"/g)].map(
    (match) => match[1]?.match(/M/g)?.length ?? 0,
  )
  expect(dots).toBeLessThan(1000)
  expect(slow).toBe(100)
})

it.each([
  ['nothing', []],
  ['one point at 0', [[0, 0]]],
  [
    'only zeros',
    [
      [0, 0],
      [10, 0],
    ],
  ],
] as const)('draws %s without a number that is none', (_name, points) => {
  for (const plot of ['points', 'course'] as const) expect(timed(plot, points)).not.toMatch(/NaN|Infinity|undefined/)
})

it('has round ticks', () => {
  expect(ticks(524)).toEqual([0, 200, 400])
  expect(ticks(10)).toEqual([0, 2, 4, 6, 8, 10])
  expect(ticks(0.7)).toEqual([0, 0.2, 0.4, 0.6])
  expect(ticks(0)).toEqual([0, 1])
})
