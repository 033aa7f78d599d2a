import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { list } from './cron-list-run.ts'
import { listText } from './cron-list-view.ts'
import type { Io } from './io.ts'
import { none } from './scan-options.ts'

const folder = mkdtempSync(join(tmpdir(), 'roadcrew-cron-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const io: Io = {
  out: () => {},
  err: () => {},
  outIsTerminal: false,
  errIsTerminal: false,
  columns: 100,
  now: () => 0,
  ticks: () => 0,
  stdin: () => Promise.resolve(''),
  env: {},
  home: '',
  signal: new AbortController().signal,
}

const cronJob = (name: string, spec: Record<string, unknown>, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name, namespace: 'jobs' }, spec, ...more })

async function listed(
  objects: readonly string[],
  options: { controllerZone?: string; kubeVersion?: string; asOf?: string } = {},
) {
  const path = join(folder, 'jobs.yaml')
  writeFileSync(path, objects.join('\n---\n'))
  const given = { ...none, hours: 24, controllerZone: 'UTC', asOf: '2027-03-27T23:00:00Z', ...options }
  return list([path], given, io)
}

describe('a list', () => {
  it('reads each schedule in its own zone', async () => {
    const data = await listed(
      [
        cronJob('berlin', { schedule: '0 9 * * *', timeZone: 'Europe/Berlin' }),
        cronJob('prefix', { schedule: 'TZ=Asia/Tokyo 0 9 * * *' }),
        cronJob('controller', { schedule: '0 9 * * *' }),
      ],
      { controllerZone: 'America/New_York', kubeVersion: '1.28' },
    )
    expect(data.clusters[0]?.cronJobs.map(({ name, timeZoneBy, times }) => [name, timeZoneBy, ...times])).toEqual([
      ['berlin', 'spec.timeZone', '2027-03-28T07:00:00Z'],
      ['prefix', 'schedule', '2027-03-28T00:00:00Z'],
      ['controller', 'controller', '2027-03-28T13:00:00Z'],
    ])
    expect(data.exitCode).toBe(0)
  })

  it('shows ZonedCronJobs in their own zone, with their spread, and the CronJob that one made only once', async () => {
    const zoned = (name: string, spec: Record<string, unknown>, more: Record<string, unknown> = {}): string =>
      JSON.stringify({
        ...{ apiVersion: 'roadcrew.dev/v1', kind: 'ZonedCronJob' },
        metadata: { name, namespace: 'jobs', uid: `uid-${name}`, ...more },
        spec: { jobTemplate: { spec: { template: {} } }, ...spec },
      })
    const owner = { apiVersion: 'roadcrew.dev/v1', kind: 'ZonedCronJob', name: 'handed', controller: true }
    const data = await listed([
      zoned('night', { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }),
      zoned('strict', { schedule: '30 2 * * *', timeZone: 'Europe/Berlin', daylightSaving: { skipped: 'skip' } }),
      zoned('spread', { schedule: '0 9 * * *', spread: { windowSeconds: 600 } }),
      zoned('handed', { schedule: '0 5 * * *', mode: 'native' }),
      zoned('wrong', { schedule: '0 5 * * *', timeZone: 'Europe/Atlantis' }),
      zoned('off', { schedule: '0 5 * * *', suspend: true }),
      cronJob(
        'handed',
        { schedule: '0 5 * * *' },
        { metadata: { name: 'handed', namespace: 'jobs', ownerReferences: [{ ...owner, uid: 'uid-handed' }] } },
      ),
      cronJob(
        'orphan',
        { schedule: '0 6 * * *' },
        { metadata: { name: 'orphan', namespace: 'jobs', ownerReferences: [{ ...owner, uid: 'uid-unseen' }] } },
      ),
    ])
    const cronJobs = data.clusters[0]?.cronJobs.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    expect(
      cronJobs?.map(({ kind, name, timeZone, timeZoneBy, times }) => [kind, name, timeZone, timeZoneBy, ...times]),
    ).toEqual([
      ['ZonedCronJob', 'handed', 'UTC', 'default', '2027-03-28T05:00:00Z'],
      ['ZonedCronJob', 'night', 'Europe/Berlin', 'spec.timeZone', '2027-03-28T01:00:00Z'],
      ['ZonedCronJob', 'off', 'UTC', 'default', '2027-03-28T05:00:00Z'],
      ['CronJob', 'orphan', 'UTC', 'controller', '2027-03-28T06:00:00Z'],
      ['ZonedCronJob', 'spread', 'UTC', 'default', expect.stringMatching(/^2027-03-28T09:0\d:00Z$/)],
      ['ZonedCronJob', 'strict', 'Europe/Berlin', 'spec.timeZone'],
    ])
    expect(cronJobs?.find(({ name }) => name === 'strict')?.skipped).toEqual(['2027-03-28T02:30:00'])
    const seconds = cronJobs?.find(({ name }) => name === 'spread')?.spreadSeconds ?? Number.NaN
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThan(600)
    expect(data.clusters[0]?.runs).toBe(4)
    const text = listText(data, { color: false, columns: 160 })
    expect(text).toContain('1 CronJob, 5 ZonedCronJobs, 1 suspended; 4 runs')
    expect(text).toMatch(/jobs\/night +at 02:30 every day, Europe\/Berlin\n/)
    expect(text).toMatch(new RegExp(`jobs/spread +.*, UTC, each started ${seconds} s later \\(spread\\)`))
    expect(text).toMatch(/jobs\/wrong: .*Europe\/Atlantis/)
  })

  it('counts both passes of a repeated hour where its owner wishes so', async () => {
    const twice = (repeated: string): string =>
      JSON.stringify({
        ...{ apiVersion: 'roadcrew.dev/v1', kind: 'ZonedCronJob', metadata: { name: repeated, namespace: 'jobs' } },
        spec: {
          ...{ schedule: '30 2 * * *', timeZone: 'Europe/Berlin', daylightSaving: { repeated } },
          jobTemplate: { spec: { template: {} } },
        },
      })
    const data = await listed([twice('once'), twice('twice')], { asOf: '2027-10-30T22:00:00Z' })
    expect(data.clusters[0]?.cronJobs.map(({ name, times, repeated }) => [name, times, repeated])).toEqual([
      ['once', ['2027-10-31T00:30:00Z'], []],
      [
        'twice',
        ['2027-10-31T00:30:00Z', '2027-10-31T01:30:00Z'],
        ['2027-10-31T02:30:00+02:00', '2027-10-31T02:30:00+01:00'],
      ],
    ])
  })

  it('does not count what is suspended, and says what is skipped', async () => {
    const data = await listed([
      cronJob('off', { schedule: '* * * * *', suspend: true }),
      cronJob('night', { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }),
    ])
    expect(data.clusters[0]?.runs).toBe(0)
    const text = listText(data, { color: false, columns: 100 })
    expect(text).toMatch(/SUSPENDED \(not counted\)\n {2}jobs\/off +every minute/)
    expect(text).toContain('does not run at 2027-03-28T02:30:00')
  })

  it('names what can not be read, and shows the rest', async () => {
    const data = await listed([
      cronJob('wrong', { schedule: '61 * * * *' }),
      cronJob('lost', { schedule: '0 1 * * *', timeZone: 'Europe/Atlantis' }),
      cronJob('well', { schedule: '0 1 * * *' }),
    ])
    expect(data.exitCode).toBe(2)
    const text = listText(data, { color: false, columns: 200 })
    expect(text).toContain(
      'jobs/wrong: spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
    )
    expect(text).toMatch(/jobs\/lost: the time zone Europe\/Atlantis is not in tzdata/)
    expect(text).toMatch(/Sun 01:00 {2}1 {2}jobs\/well/)
  })

  it('says what is broken now', async () => {
    const data = await listed(
      [
        cronJob(
          'frozen',
          { schedule: '*/5 * * * *' },
          {
            metadata: { name: 'frozen', namespace: 'jobs', creationTimestamp: '2027-01-01T00:00:00Z' },
            status: { lastScheduleTime: '2027-03-20T00:00:00Z' },
          },
        ),
      ],
      { kubeVersion: '1.19' },
    )
    expect(data.clusters[0]?.cronJobs[0]?.brokenNow.join()).toMatch(/no Job for 7 d 23 h/)
    expect(listText(data, { color: false, columns: 120 })).toMatch(
      /BROKEN NOW \(counted as if it ran\)\n {2}jobs\/frozen: no Job/,
    )
  })

  it('shows where runs pile up', async () => {
    const many = Array.from({ length: 30 }, (_, place) => cronJob(`nightly-${place}`, { schedule: '0 0 * * *' }))
    const data = await listed([...many, cronJob('often', { schedule: '*/15 * * * *' })])
    expect(data.clusters[0]?.top[0]).toMatchObject({ at: '2027-03-28T00:00:00Z', runs: 31 })
    const text = listText(data, { color: false, columns: 80 })
    expect(text).toMatch(/FULLEST MINUTES\n {2}Sun 00:00 {2}31 {2}jobs\/nightly-0, .* and \d+ more\n/)
    expect(text).toMatch(/ALL THE TIME\n {2}jobs\/often +every 15 minutes \(96 runs\)\n/)
    for (const line of text.split('\n').slice(4)) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('refuses a zone of the controller that does not exist', async () => {
    await expect(listed([], { controllerZone: 'Mars/X' })).rejects.toThrow(
      '--controller-zone: Invalid value: "Mars/X": unknown time zone Mars/X',
    )
  })
})
