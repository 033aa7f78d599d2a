// ZonedCronJobs as people have them: installed by the chart, seen to by a controller with the chart's account and rights, made by
// `roadcrew cron convert`, looked at with kubectl.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { clientOf } from './agent-as-account.ts'
import { chart, helm, helmOrSkip } from './chart-tools.ts'
import { kubectl, kubectlOrSkip } from './kubectl.ts'
import type { Replica } from './replica.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { jobTemplate, own, plannedOf, startZonedLab, type ZonedLab } from './zoned-lab.ts'

const account = 'roadcrew-controller'

describe.skipIf(helmOrSkip() || kubectlOrSkip() || controlPlaneOrSkip())('ZonedCronJobs of the chart', () => {
  let zoned: ZonedLab
  beforeAll(async () => {
    zoned = await startZonedLab({ defined: false })
    const to = ['-n', own, '--create-namespace', '--kubeconfig', zoned.lab.kubeconfig]
    // With `observe` it has none of the rights by which it acts on what is not its own, so that these must do.
    const values = { controller: { zonedCronJobs: true, mode: 'observe' } }
    const { status, out } = helm(['install', 'roadcrew', chart, ...to], values)
    if (status !== 0) throw new Error(out)
    await (await clientOf(zoned.lab, account)).close()
  })
  afterEach(() => zoned.end())
  afterAll(() => zoned?.stop())

  const asAccount = async (): Promise<Replica> => {
    const kubeconfig = join(dirname(zoned.lab.kubeconfig), `${account}.kubeconfig`)
    const one = await zoned.controller({ kubeconfig, elects: true })
    await one.says('leads')
    return one
  }
  const nothingRefused = async (one: Replica): Promise<void> => {
    expect(one.lines.filter((line) => /could not|forbidden|a turn failed/.test(JSON.stringify(line)))).toEqual([])
    expect(await one.metric('roadcrew_zonedcronjob_failed_turns_total ')).toEqual([expect.stringMatching(/ 0$/)])
  }
  const ask = (...args: readonly string[]): string => kubectl(zoned.lab.kubeconfig, args)
  const convert = (text: string, ...more: readonly string[]): string => {
    const args = [join(import.meta.dirname, '../dist/main.js'), 'cron', 'convert', '-', ...more]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', input: text })
    expect(status, stderr).toBe(0)
    return stdout
  }

  it('are all that the controller needs its rights for: to start, to hold back, to replace, to clean and to tell', async () => {
    const space = await zoned.space('rights')
    const one = await asAccount()
    await space.make({ schedule: '@every 2s', successfulJobsHistoryLimit: 0 }, 'cleaned')
    await space.make({ schedule: '@every 2s', concurrencyPolicy: 'Forbid' }, 'forbids')
    await space.make({ schedule: '@every 2s', concurrencyPolicy: 'Replace' }, 'replaces')
    await space.make({ schedule: '* * * * *', mode: 'native' }, 'native')
    const { metadata } = await space.make({ schedule: '@every 4s' }, 'taken')
    const next = Date.parse(String(metadata?.creationTimestamp)) / 1000 + 4
    await zoned.lab.send('POST', space.jobsPath, { metadata: { name: `taken-${next}` }, ...jobTemplate })
    const condition = (called: string) =>
      expect.poll(() => space.condition('Blocked', called), { timeout: 30_000, interval: 100, message: called })
    await condition('taken').toMatchObject({
      reason: 'Refused',
      message: expect.stringContaining('somebody else made'),
    })
    await condition('forbids').toMatchObject({ reason: 'StillRunning' })
    // To make CronJobs is a right of its own (controller.nativeCronJobs): without it they are run all the same, which is said.
    await expect
      .poll(() => space.condition('Delegated', 'native'), { timeout: 30_000, interval: 100 })
      .toMatchObject({ status: 'False', reason: 'Refused', message: expect.stringContaining('forbidden') })
    const planned = async (called: string) => (await space.jobs(called)).map(plannedOf)
    await expect.poll(() => planned('replaces'), { timeout: 30_000 }).toHaveLength(1)
    const [before = 0] = await planned('replaces')
    await expect
      .poll(async () => (await planned('replaces')).every((at) => at > before), { timeout: 30_000 })
      .toBe(true)
    await expect.poll(() => planned('cleaned'), { timeout: 30_000 }).not.toEqual([])
    const [first] = await space.jobs('cleaned')
    if (first) await space.finish(first)
    await expect.poll(() => planned('cleaned'), { timeout: 30_000 }).not.toContain(plannedOf(first ?? {}))
    for (const reason of ['Started', 'Refused'])
      await expect.poll(() => space.events(reason), { timeout: 30_000, message: reason }).not.toEqual([])
    await nothingRefused(one)
  })

  it('are explained, and show their next run in both zones, to whoever asks kubectl', async () => {
    const space = await zoned.space('shown')
    const one = await asAccount()
    await space.make({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin' })
    const isPlanned = async () => (await space.get()).status?.preview
    await expect.poll(isPlanned, { timeout: 30_000 }).toHaveLength(5)
    const [header, row, ...more] = ask('get', 'zcj', '-n', 'shown').trimEnd().split('\n')
    expect(more).toEqual([])
    expect(header).toMatch(/^NAME +SCHEDULE +ZONE +SUSPEND +ACTIVE +LAST +NEXT +NEXT IN UTC +AGE$/)
    expect(row).toMatch(
      /^report +30 2 \* \* \* +Europe\/Berlin +false +0 +(?:<none> +)?\d{4}-\d\d-\d\d 02:30 \+0[12]:00 +\d{4}-\d\d-\d\dT0[01]:30:00Z +\d+s$/,
    )
    const [, local, utc] = /(\d{4}-\d\d-\d\d 02:30 \+0[12]:00) +(\S+Z)/.exec(row ?? '') ?? []
    expect(Date.parse(utc ?? '')).toBe(Date.parse((local ?? '').replace(' ', 'T').replace(' ', '')))

    const explained = () => {
      try {
        return ask('explain', 'zcj.spec.daylightSaving').replaceAll(/\s+/g, ' ')
      } catch (error) {
        return String(error)
      }
    }
    // The API server publishes a new CRD's schema when it comes to it.
    await expect.poll(explained, { timeout: 60_000, interval: 1_000 }).toContain('What becomes of runs at times')
    for (const words of [
      'that the clocks skip or repeat when they are changed',
      '"runAfter" starts one run at the moment of the change',
      '"once" runs the first time only',
    ])
      expect(explained()).toContain(words)
    await nothingRefused(one)
  })

  it('are made of other kinds by `cron convert`, run, and are made CronJobs again', async () => {
    const space = await zoned.space('converted')
    const one = await asAccount()
    const template = JSON.stringify(jobTemplate)
    const before = `# of the one team
apiVersion: cronjobber.hidde.co/v1alpha1
kind: TZCronJob
metadata: {name: cronjobber, namespace: converted}
spec:
  schedule: "* * * * *"
  timezone: Asia/Kathmandu
  jobTemplate: ${template}
---
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: prefixed, namespace: converted}
spec:
  schedule: TZ=America/St_Johns * * * * *
  concurrencyPolicy: Forbid
  jobTemplate: ${template}
`
    const zonedText = convert(before)
    kubectl(zoned.lab.kubeconfig, ['apply', '-f', '-'], zonedText)
    for (const [called, timeZone] of [
      ['cronjobber', 'Asia/Kathmandu'],
      ['prefixed', 'America/St_Johns'],
    ] as const) {
      expect((await space.get(called)).spec).toMatchObject({ schedule: '* * * * *', timeZone })
      await expect.poll(() => space.jobs(called), { timeout: 90_000, interval: 500 }).not.toEqual([])
      expect((await space.jobs(called)).map((job) => plannedOf(job) % 60_000)).toContain(0)
    }
    const zone = { timeZone: 'UTC', schedule: '15 3 * * 1', jobTemplate }
    const object = {
      apiVersion: 'roadcrew.dev/v1',
      kind: 'ZonedCronJob',
      metadata: { name: 'back', namespace: 'converted' },
    }
    const back = convert(JSON.stringify({ ...object, spec: zone }), '--to', 'CronJob')
    expect(JSON.parse(back)).toMatchObject({ apiVersion: 'batch/v1', kind: 'CronJob', spec: { timeZone: 'UTC' } })
    // 1.20 has CronJobs as v1beta1, and drops timeZone, which came with 1.24.
    const old = back.replace('"batch/v1"', '"batch/v1beta1"')
    kubectl(zoned.lab.kubeconfig, ['apply', '--validate=false', '-f', '-'], old)
    const made = (await zoned.lab.send('GET', '/apis/batch/v1beta1/namespaces/converted/cronjobs/back')) as CronJob
    expect(made.spec).toMatchObject({ schedule: '15 3 * * 1', jobTemplate })
    await nothingRefused(one)
  })
})
