import { describe, expect, it } from 'vitest'
import { aligned, cut } from './columns.ts'

const columns = [
  { least: 2, share: 0 },
  { least: 4, share: 2 },
  { least: 4, share: 1 },
]
const rows = [
  [['id'], ['a long text about a lamp', 'a lamp'], ['the hall']],
  [['no'], ['short'], ['here', 'h']],
]

describe('aligned columns', () => {
  it('are as wide as they need, where there is room', () => {
    expect(aligned(columns, rows, 80)).toEqual([
      'id  a long text about a lamp  the hall',
      'no  short                     here',
    ])
  })

  it('take shorter words where there is not, and are cut only then', () => {
    expect(aligned(columns, rows, 22)).toEqual(['id  a lamp  the hall', 'no  short   here'])
    expect(aligned(columns, rows, 17)).toEqual(['id  a lamp  the …', 'no  short   here'])
  })

  it.each([0, 5, 12, 30])('never go over %d by more than their least widths ask for', (width) => {
    const most = Math.max(width, 2 + 4 + 4 + 4)
    for (const line of aligned(columns, rows, width)) expect(line.length).toBeLessThanOrEqual(most)
  })

  it('leave out a column that is empty', () => {
    expect(aligned(columns, [[['id'], [''], ['x']]], 80)).toEqual(['id  x'])
  })

  it('are painted after they are measured', () => {
    const painted = [
      { least: 1, share: 1, paint: (text: string, row: number) => `<${row}${text}>` },
      { least: 1, share: 1 },
    ]
    expect(
      aligned(
        painted,
        [
          [['a'], ['b']],
          [['long'], ['c']],
        ],
        80,
      ),
    ).toEqual(['<0a>     b', '<1long>  c'])
  })
})

it('a cut text shows that it was cut', () => expect([cut('lamp', 4), cut('lamps', 4)]).toEqual(['lamp', 'lam…']))
