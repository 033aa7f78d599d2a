import { expect, it } from 'vitest'
import { ConnectRecord } from './connect-record.ts'

const minute = 60_000

it('tells connects that met a step of SYN retransmission from others that are slow', () => {
  const record = new ConnectRecord()
  for (let n = 0; n < 99; n++) expect(record.came(40, n)).toBe(false)
  expect([1041, 2040, 3041, 4040, 5040, 7041, 11_040, 15_041].map((ms) => record.came(ms, 100))).not.toContain(false)
  expect([999, 1500, 2600, 6000, 9000].map((ms) => record.came(ms, 100))).not.toContain(true)
  expect(record.seen(100)).toMatchObject({ connects: 112, lost: 8, failed: 0 })
})

it('knows a server that is far away by what its connects take as a rule', () => {
  const record = new ConnectRecord()
  for (let n = 0; n < 50; n++) record.came(400, n)
  expect(record.came(1620, 60)).toBe(true)
  expect(record.came(1700, 60)).toBe(false)
})

it('counts what failed apart, and forgets all after an hour', () => {
  const record = new ConnectRecord()
  record.came(1000, 0)
  record.failed(10)
  for (let at = minute; at <= 70 * minute; at += minute) record.came(1, at)
  expect(record.seen(70 * minute)).toEqual({ forMs: 59 * minute, connects: 60, lost: 0, failed: 0 })
  expect(new ConnectRecord().seen(5)).toEqual({ forMs: 0, connects: 0, lost: 0, failed: 0 })
})
