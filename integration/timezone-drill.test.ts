// The drill of a clock change, as a person runs it: both controllers of Kubernetes and Roadcrew's own, in the same night.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { zicHint } from '../src/lab/time-zones.ts'
import { drillIn, leftOf } from './drill-process.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

function zicOrSkip(): boolean {
  const hint = zicHint(process.env)
  if (hint !== undefined) process.stderr.write(`skipped for want of time zones: ${hint}\n`)
  return hint !== undefined
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-night-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const drill = (act?: RegExp) => drillIn(folder, 'cronjob-timezone', act && { act, signal: 'SIGINT' })
const left = () => leftOf(folder)

describe.skipIf([controlPlaneOrSkip(), zicOrSkip()].includes(true))('the drill of a clock change', () => {
  it('shows a run that never comes and one that comes twice, and ZonedCronJobs that start one Job each', async () => {
    const { code, out, err } = await drill()
    expect([err, code]).toEqual(['', 0])
    const [, ahead = '', back = ''] = /clocks went ahead +\S+T(\S+)\n +clocks went back +\S+T(\S+)\n/.exec(out) ?? []
    expect(back).toMatch(/^\d\d:\d\d:00Z$/)
    const rows = [...out.matchAll(/^ +((?:Zoned)?CronJob(?:, \w+ controller)?) {2,}(.*?) {2,}(.*)$/gm)]
    expect(rows.map(([, ...cells]) => cells)).toEqual([
      ['CronJob, polling controller', 'none', `${ahead} and ${back}`],
      ['CronJob, newer controller', 'none', `${ahead} and ${back}`],
      ['ZonedCronJob', ahead, ahead],
    ])
    expect(out.match(/looked \w+ the night: .*/g)).toEqual([
      expect.stringMatching(/^looked before the night: the clock change of [\d-]+ skips the run at 02:30$/),
      expect.stringMatching(/^looked before the night: the clock change of [\d-]+ runs it twice at 02:31$/),
      expect.stringMatching(/^looked after the night: the clock change of [\d-]+ skipped the run at 02:30$/),
      expect.stringMatching(/^looked after the night: the clock change of [\d-]+ ran it twice at 02:31$/),
    ])
    expect(out).toContain('looked: clear\n')
    expect(left()).toEqual([])
  }, 600_000)

  it('that is stopped before the night leaves nothing', async () => {
    const { code, err } = await drill(/the night is near/)
    expect([code, left()]).toEqual([130, []])
    expect(err).not.toContain('not restored')
  }, 120_000)
})
