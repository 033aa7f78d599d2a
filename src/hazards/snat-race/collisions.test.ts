import { expect, it } from 'vitest'
import { Collisions, courses, grownFrom, latencies, notAddingUp, sideBySide } from './collisions.ts'

const began = { client: 0, beganMs: 0 }

function run(): Collisions {
  const collisions = new Collisions('plain rule', 4000)
  collisions.add(200, [{ ...began, number: 0, tookMs: 0.4 }], { insertFailed: 1, synsAgain: 0 })
  collisions.add(1100, [{ ...began, number: 1 }], { insertFailed: 1, synsAgain: 1 })
  return collisions
}

it('shows a lost SYN before its connect has ended', () => {
  const { columns, rows } = sideBySide([run()])
  expect(columns).toEqual(['plain rule'])
  expect(rows).toEqual([
    ['connects', '    1 of 4,000'],
    ['slow (over 900 ms)', 1],
    ['insert_failed', 1],
    ['SYNs sent again', 1],
    ['failed', 0],
    ['worst connect (ms)', 900],
  ])
})

it('plots how long connects took, and when the kernel counted', () => {
  const collisions = run()
  collisions.add(1300, [{ ...began, number: 1, tookMs: 1012.3 }], { insertFailed: 1, synsAgain: 1 })
  expect(latencies([collisions])).toMatchObject({ groups: [{ counts: [1, 0, 0, 0, 0, 0, 0, 1, 0] }] })
  const [connects, insertFailed] = courses([collisions])
  expect(connects?.groups).toEqual([
    {
      name: 'plain rule',
      points: [
        [0, 0.4],
        [0, 1012.3],
      ],
    },
  ])
  expect(insertFailed?.groups).toMatchObject([
    {
      points: [
        [0.2, 1],
        [1.1, 1],
        [1.3, 1],
      ],
    },
  ])
})

it.each([
  ['all the same', 256, 256, 256, undefined],
  ['one lost twice, so that fewer are slow', 256, 258, 258, undefined],
  [
    'losses of another kind',
    85,
    26,
    85,
    '85 connects were slow, insert_failed grew by 26, and 85 SYNs were sent again',
  ],
  ['resolved clashes among them', 3, 90, 3, 'more than 2 apart'],
  ['slow ones of which none lost a SYN', 40, 30, 30, 'apart'],
])('adds up: %s', (_name, slow, insertFailed, synsAgain, expected) => {
  const said = notAddingUp(slow, { insertFailed, synsAgain })
  if (expected === undefined) expect(said).toBeUndefined()
  else expect(said).toContain(expected)
})

it('counts from where the run began', () => {
  expect(grownFrom({ insertFailed: 5, synsAgain: 4 }, { insertFailed: 9, synsAgain: 4 })).toEqual({
    insertFailed: 4,
    synsAgain: 0,
  })
})
