import { expect, it } from 'vitest'
import type { Act } from '../contract/drill.ts'
import { actLines } from './drill-lines.ts'

const look = { color: false, columns: 80 }

const act: Act = {
  act: 'both side by side',
  figures: { pid: 25510, said: 'found: something that is quite long, and goes on for more than fits on one line here' },
  table: {
    columns: ['before', 'after it'],
    rows: [
      ['connects', 10_000, 9],
      ['worst (ms)', 1036.25, 0],
    ],
  },
  plots: [
    {
      plot: 'distribution',
      title: 'latency',
      unit: 'ms',
      limits: [1, 900],
      hurtsFrom: 900,
      groups: [
        { name: 'before', counts: [9999, 0, 256] },
        { name: 'after it', counts: [9, 1, 0] },
      ],
    },
    { plot: 'course', title: 'not for a terminal', unit: 's', groups: [] },
  ],
}

it('aligns figures, tables and distributions', () => {
  expect(actLines(act, 12_340, look)).toBe(`  12.3 s   both side by side
           pid   25510
           said  found: something that is quite long, and goes on for more than
                 fits on one line here

                         before  after it
           connects      10,000         9
           worst (ms)  1,036.25         0

           latency   before                        after it
             < 1 ms  ██████████████████████ 9,999  ██████ 9
           < 900 ms  0                             ██ 1
           ≥ 900 ms  █████████████ 256             0
`)
})

it('colours what hurts, only where colours are wanted', () => {
  const red = '\u001b[31m'
  expect(actLines(act, 0, { ...look, color: true })).toContain(`${red}█`)
  expect(actLines(act, 0, look)).not.toContain(red)
})

it.each([20, 40, 60, 80, 100, 200])('fits on %i columns, but for the least that bars take', (columns) => {
  const bars = actLines(act, 0, { color: false, columns })
    .split('\n')
    .filter((line) => line.includes('█'))
  expect(bars).toHaveLength(3)
  expect(Math.max(...bars.map(({ length }) => length))).toBeLessThanOrEqual(Math.max(columns, 50))
})
