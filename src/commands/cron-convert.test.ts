import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { packedZones } from '../schedule/packed-zones.ts'
import { convertText } from './cron-convert.ts'
import { specFields, type Target } from './cron-convert-spec.ts'

const zones = packedZones()
const convert = (text: string, to: Target = 'ZonedCronJob', controllerZone = 'UTC') =>
  convertText(text, 'x.yaml', { to, zones, controllerZone, now: Date.parse('2026-11-23T08:00:00Z') })
const said = (text: string, to: Target = 'ZonedCronJob'): string[] =>
  convert(text, to).remarks.map((remark) => `${remark.level} ${remark.text.replace(/^x\.yaml: \w+ \w*: /, '')}`)

const object = (apiVersion: string, kind: string, spec: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: report\nspec:\n${spec
    .split('\n')
    .map((line) => `  ${line}\n`)
    .join('')}  jobTemplate: {spec: {template: {}}}\n`
const cronJob = (spec: string): string => object('batch/v1', 'CronJob', spec)
const tzCronJob = (spec: string): string => object('cronjobber.hidde.co/v1alpha1', 'TZCronJob', spec)
const zoned = (spec: string): string => object('roadcrew.dev/v1', 'ZonedCronJob', spec)

const policies = 'daylightSaving:\n  skipped: skip\n  repeated: twice'

describe('to a ZonedCronJob', () => {
  it.each([
    [
      'a zone beside the schedule',
      cronJob('schedule: 30 2 * * *\ntimeZone: Europe/Berlin'),
      `schedule: 30 2 * * *\ntimeZone: Europe/Berlin\n${policies}`,
    ],
    [
      'TZ=',
      cronJob('schedule: "TZ=Asia/Tokyo 0 9 * * 1" # Monday\nsuspend: true'),
      `schedule: "0 9 * * 1" # Monday\ntimeZone: Asia/Tokyo\n${policies}\nsuspend: true`,
    ],
    [
      'CRON_TZ= without a name',
      cronJob('schedule: CRON_TZ= 0 9 * * 1'),
      `schedule: 0 9 * * 1\ntimeZone: UTC\n${policies}`,
    ],
    [
      'a TZCronJob',
      tzCronJob('timezone: Europe/Amsterdam # here\nschedule: 0 9 * * *'),
      `timeZone: Europe/Amsterdam # here\n${policies}\nschedule: 0 9 * * *`,
    ],
    ['every hour', cronJob('schedule: "*/5 * * * *"'), 'schedule: "*/5 * * * *"\ntimeZone: UTC'],
  ])('from %s', (_, text, spec) => expect(convert(text)).toEqual({ text: zoned(spec), remarks: [], count: 1 }))

  it.each([
    [
      cronJob('schedule: 0 9 * * *'),
      'warning spec.timeZone: none was named, so UTC is taken for the zone of kube-controller-manager (--controller-zone)',
    ],
    [
      cronJob('schedule: "@every 90m"'),
      'warning spec.schedule: @every counts from the creation of a ZonedCronJob, not from its last run',
    ],
    [
      cronJob('schedule: 61 9 * * *'),
      'error spec.schedule: Invalid value: "61 9 * * *": end of range (61) above maximum (59): 61',
    ],
    [
      cronJob('schedule: 0 9 * * *\ntimeZone: Mars/X'),
      'error spec.timeZone: Invalid value: "Mars/X": unknown time zone Mars/X',
    ],
    [
      cronJob('schedule: TZ=UTC 0 9 * * *\ntimeZone: UTC'),
      'error spec.schedule: Invalid value: "TZ=UTC 0 9 * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    ],
    [cronJob('timeZone: UTC'), 'error spec.schedule: Required value'],
    [cronJob('schedule: "*/5 * * * *"\nretries: 1'), 'error spec.retries: a CronJob has no such field'],
    [
      tzCronJob('schedule: TZ=UTC 0 9 * * *\ntimezone: Asia/Tokyo'),
      'warning spec.timezone: Asia/Tokyo never counted, since UTC stands in the schedule: it is left out',
    ],
    ['apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report}\n', 'error spec: Required value'],
    [
      'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report}\nspec: {schedule: "@hourly"}\n',
      'error spec.jobTemplate: Required value',
    ],
    ['kind: CronJob\nspec: {\n', 'error x.yaml: not valid YAML'],
  ])('says of\n%s', (text, expected) => expect(said(text)).toEqual([expect.stringContaining(expected)]))

  it('takes the zone of the controller where none is named', () =>
    expect(convert(cronJob('schedule: 0 9 * * *'), 'ZonedCronJob', 'Asia/Tokyo').text).toContain(
      'timeZone: Asia/Tokyo',
    ))
})

describe('to a CronJob', () => {
  it.each([
    ['TZ=', object('batch/v1beta1', 'CronJob', 'schedule: TZ=UTC 0 9 * * *'), 'schedule: 0 9 * * *\ntimeZone: UTC'],
    ['no zone', cronJob('schedule: 0 9 * * *'), 'schedule: 0 9 * * *'],
    [
      'a TZCronJob',
      tzCronJob('schedule: 0 9 * * *\ntimezone: Asia/Tokyo'),
      'schedule: 0 9 * * *\ntimeZone: Asia/Tokyo',
    ],
    [
      'one that does as it',
      zoned(`schedule: 30 2 * * *\ntimeZone: Europe/Berlin\nmode: native\n${policies}\nmissedRuns: {policy: last}`),
      'schedule: 30 2 * * *\ntimeZone: Europe/Berlin',
    ],
    ['one of UTC', zoned('schedule: 30 2 * * *'), 'schedule: 30 2 * * *\ntimeZone: UTC'],
  ])('from %s', (_, text, spec) =>
    expect(convert(text, 'CronJob')).toEqual({ text: cronJob(spec), remarks: [], count: 1 }),
  )

  it.each([
    ['spread: {windowSeconds: 60}', ["error spec.spread: it can't be said of a CronJob"]],
    ['missedRuns: {policy: all, limit: 3}', ["error spec.missedRuns.policy: all can't be said of a CronJob"]],
    ['daylightSaving: {skipped: runAfter}', ["error spec.daylightSaving.skipped: runAfter can't be said of a CronJob"]],
    [
      'missedRuns: {deadlineSeconds: 60}',
      ['warning spec.missedRuns.deadlineSeconds: it becomes startingDeadlineSeconds, which holds for every run'],
    ],
    [
      'missedRuns: {deadlineSeconds: 60}\nstartingDeadlineSeconds: 90',
      ['error spec.missedRuns.deadlineSeconds: a CronJob has one deadline, startingDeadlineSeconds'],
    ],
  ])('%s', (spec, expected) => expect(said(zoned(`schedule: 0 9 * * *\n${spec}`), 'CronJob')).toEqual(expected))

  it('warns of clock changes that meet the schedule, where the default was to run once', () =>
    expect(said(zoned('schedule: 30 2 * * *\ntimeZone: Europe/Berlin'), 'CronJob')).toEqual([
      'warning spec.daylightSaving.skipped: a CronJob skips what a ZonedCronJob runs once, next at 2027-03-28 02:30 of Europe/Berlin',
      'warning spec.daylightSaving.repeated: a CronJob runs twice what a ZonedCronJob runs once, next at 2027-10-31 02:30 of Europe/Berlin',
    ]))
})

describe('what is no affair of it', () => {
  const others = '# first\napiVersion: v1\nkind: ConfigMap   # odd\ndata: {at: 12:30,  on: yes}\n'

  it('stays to the byte, between what is converted too', () => {
    const { text, count } = convert(`${others}---\n${cronJob('schedule: "@hourly"')}---\n${others}`)
    expect(text.split('---\n')).toEqual([others, zoned('schedule: "@hourly"\ntimeZone: UTC'), others])
    expect(count).toBe(1)
    for (const none of ['', '# nothing\n', others, 'apiVersion: example.com/v1\nkind: CronJob\n', 'a: {{ CronJob }}'])
      expect(convert(none)).toMatchObject({ text: none, count: 0 })
  })

  it('is a ZonedCronJob that is to be one', () => {
    const text = zoned('schedule:   "@hourly"')
    expect(convert(text)).toEqual({ text, remarks: [], count: 0 })
  })
})

it('lists are converted item by item, and what the API server wrote is left out', () => {
  const item = {
    apiVersion: 'batch/v1beta1',
    kind: 'CronJob',
    metadata: {
      name: 'report',
      uid: 'u',
      resourceVersion: '7',
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    },
    spec: { schedule: 'TZ=UTC @daily', jobTemplate: {} },
    status: { lastScheduleTime: '2026-01-01T00:00:00Z' },
  }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod', uid: 'p' } }
  const { text } = convert(`${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [item, pod] })}\n`, 'CronJob')
  expect(JSON.parse(text)).toEqual({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'report' },
        spec: { schedule: '@daily', timeZone: 'UTC', jobTemplate: {} },
      },
      pod,
    ],
  })
})

it('there and back again is the same, whatever the fields', () =>
  fc.assert(
    fc.property(
      fc.record(
        {
          schedule: fc.constantFrom('30 2 * * *', '0 9 1,15 * MON', '@weekly', '*/7 * * * *'),
          timeZone: fc.constantFrom('Europe/Berlin', 'America/New_York', 'Etc/UTC'),
          startingDeadlineSeconds: fc.nat(),
          concurrencyPolicy: fc.constantFrom('Allow', 'Forbid', 'Replace'),
          suspend: fc.boolean(),
          failedJobsHistoryLimit: fc.nat(),
          jobTemplate: fc.record({ metadata: fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.string()) }),
        },
        { requiredKeys: ['schedule', 'timeZone', 'jobTemplate'] },
      ),
      (spec) => {
        const original = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'x' }, spec }
        const there = convert(JSON.stringify(original))
        const back = convert(there.text, 'CronJob')
        expect([...there.remarks, ...back.remarks]).toEqual([])
        expect(parseAllDocuments(back.text).map((document) => document.toJS())).toEqual([original])
      },
    ),
  ))

it('knows just the fields that the CRD has', () => {
  const file = join(import.meta.dirname, '../../charts/roadcrew/files/zonedcronjobs.yaml')
  const { spec } = parse(readFileSync(file, 'utf8'))
  const [version] = spec.versions
  expect(specFields('ZonedCronJob').toSorted()).toEqual(
    Object.keys(version.schema.openAPIV3Schema.properties.spec.properties).toSorted(),
  )
})
