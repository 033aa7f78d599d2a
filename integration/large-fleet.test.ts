// A generated cluster of 2,000 workloads on a real API server: what a scan reads there, how long it takes, how little it says.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { largeFleet } from '../examples/large-fleet/fleet.ts'
import { scan, scanText } from '../src/commands/scan.ts'
import { plainScan } from '../src/commands/scan-options.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { create } from './create.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { testIo } from './test-io.ts'

const fleet = { workloads: 2000, cronJobs: 200, asManifests: true, cronJobVersion: 'batch/v1beta1' } as const
const atOnce = 40

describe.skipIf(controlPlaneOrSkip())('2,000 workloads on a real control plane', () => {
  let lab: Lab
  const counts: Record<string, number> = {}

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    const objects = [...largeFleet(fleet)] as { kind: string }[]
    for (const { kind } of objects) counts[kind] = (counts[kind] ?? 0) + 1
    // Namespaces come first, so that all else finds its own.
    for (let from = 0; from < objects.length; from += atOnce) {
      await Promise.all(objects.slice(from, from + atOnce).map((object) => create(lab, object)))
    }
  }, 180_000)
  afterAll(() => lab?.stop())

  it('are all read and judged; that a CronJob without a deadline will freeze is certain on 1.20', async () => {
    const report = await scan([], { ...plainScan, kubeconfig: lab.kubeconfig }, testIo())
    expect(report.unread).toEqual([])
    expect(report.summary.judged).toBe(2200)
    const made = Object.values(counts).reduce((sum, count) => sum + count, 0)
    expect(report.summary.objects).toBeGreaterThanOrEqual(made)
    const certain = report.findings.filter(({ tier }) => tier !== 'advice')
    expect(new Set(certain.map(({ reason }) => reason))).toEqual(new Set(['no-deadline']))
    expect(certain.length).toBe(200)
  })

  it('take ten lines where nothing is certain', async () => {
    const options = { ...plainScan, kubeconfig: lab.kubeconfig, skip: ['frozen-cronjob'] }
    const io = testIo()
    const report = await scan([], options, io)
    expect(report.summary).toMatchObject({ broken: 0, willBreak: 0, exitCode: 0 })
    expect(report.summary.advice).toBeGreaterThan(1500)
    expect(scanText(report, [], options, io).trimEnd().split('\n').length).toBeLessThanOrEqual(10)
  })
})
