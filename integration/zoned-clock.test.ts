// ZonedCronJobs on a real control plane of 1.20, seen to by a controller whose clock is set, by libfaketime, while it runs. Through
// a proxy without TLS, since a certificate of today is no good a day earlier.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { faketime, faketimeOrSkip } from './require-faketime.ts'
import { plannedOf, type Space, startZonedLab, type ZonedLab } from './zoned-lab.ts'

describe.skipIf(faketimeOrSkip() || controlPlaneOrSkip())('ZonedCronJobs by a clock that is set', () => {
  let zoned: ZonedLab
  beforeAll(async () => {
    zoned = await startZonedLab()
  })
  afterEach(() => zoned.end())
  afterAll(() => zoned?.stop())

  /** A controller whose clock differs by what is set. */
  async function clocked(by: string) {
    const file = join(zoned.folder, `clock-${Date.now()}`)
    // In its place at once, since it is read all the time.
    const set = (to: string) => {
      writeFileSync(`${file}.new`, to)
      renameSync(`${file}.new`, file)
    }
    set(by)
    const { path } = await zoned.throughProxy()
    return { set, replica: await zoned.controller({ kubeconfig: path, env: faketime(file) }) }
  }
  const isHeld = (space: Space, text: string, called = 'report') =>
    expect
      .poll(() => space.condition('Blocked', called), { timeout: 30_000, interval: 100, message: `${called}: ${text}` })
      .toMatchObject({ status: 'True', reason: 'ClockWrong', message: expect.stringContaining(text) })
  const isFree = (space: Space, called = 'report') =>
    expect
      .poll(() => space.condition('Blocked', called), { timeout: 30_000, interval: 100, message: called })
      .toMatchObject({ status: 'False' })
  const goesOn = async (space: Space) => {
    await isFree(space)
    await space.settled()
  }

  it.each([
    ['+1h', 'hour-ahead', 'about 60 min ahead of'],
    ['-1h', 'hour-behind', 'about 60 min behind'],
    ['+1d', 'day-ahead', 'about 24 h ahead of'],
    ['-1d', 'day-behind', 'about 24 h behind'],
  ])('that is set by %s do not start, which is said, and go on when it is right again', async (by, name, text) => {
    const space = await zoned.space(name)
    const { set, replica } = await clocked('+0')
    await space.make({ schedule: '@every 2s' })
    await space.make({ schedule: '@every 30m' }, 'later')
    await space.make({ schedule: '@every 30m' }, 'edited')
    await goesOn(space)
    await expect.poll(async () => (await space.get('edited')).status?.observed).toBeTruthy()
    const later = await space.get('later')
    set(by)
    await isHeld(space, text)
    const before = await space.names()
    await space.edit({ schedule: '@every 1h' }, 'edited')
    await isHeld(space, text, 'edited')
    await expect
      .poll(() => replica.metric('roadcrew_zonedcronjob_blocked'))
      .toContainEqual(expect.stringMatching(/reason="ClockWrong"\} 1$/))
    expect(await space.names()).toEqual(before)
    await expect.poll(() => space.events('ClockWrong'), { timeout: 10_000 }).toHaveLength(2)
    expect((await space.get('later')).status?.highWaterMark).toBe(later.status?.highWaterMark)
    set('+0')
    await goesOn(space)
    await space.expectAllAccounted(2)
    await isFree(space, 'edited')
    const { status } = await space.get('edited')
    // Set to when the edit was seen, by a clock that was right.
    expect(Math.abs(Date.parse(status?.highWaterMark ?? '') - Date.now())).toBeLessThan(60_000)
    expect((await space.jobs('report')).every((job) => plannedOf(job) <= Date.now())).toBe(true)
    expect([...(await space.jobs('later')), ...(await space.jobs('edited'))]).toEqual([])
    await space.edit({ suspend: true })
  })

  it('that was wrong from the start are not even taken note of till it is right', async () => {
    const space = await zoned.space('never-right')
    const { set } = await clocked('+1d')
    await space.make({ schedule: '@every 2s' })
    await isHeld(space, 'about 24 h ahead of')
    expect((await space.get()).status?.highWaterMark).toBeUndefined()
    expect(await space.names()).toEqual([])
    set('+0')
    await goesOn(space)
    await space.expectAllAccounted(2)
  })
})
