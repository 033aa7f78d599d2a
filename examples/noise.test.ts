// A scan is only opened again if it says little about what is ordinary, and what is certain first.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testIo } from '../integration/test-io.ts'
import { scan, scanText } from '../src/commands/scan.ts'
import { plainScan } from '../src/commands/scan-options.ts'
import { largeFleet } from './large-fleet/fleet.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-noise-'))
  const objects = [...largeFleet({ workloads: 400, cronJobs: 100, asManifests: true })]
  writeFileSync(join(folder, 'fleet.yaml'), objects.map((object) => JSON.stringify(object)).join('\n---\n'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function scanned(...more: readonly string[]): Promise<{ lines: string[]; exitCode: number; advice: number }> {
  const io = testIo({ now: () => Date.parse('2026-11-23T08:00:00Z') })
  const inputs = [join(folder, 'fleet.yaml'), ...more]
  const report = await scan(inputs, plainScan, io)
  const lines = scanText(report, inputs, plainScan, io).trimEnd().split('\n')
  return { lines, exitCode: report.summary.exitCode, advice: report.summary.advice }
}

function deployment(name: string, podSpec: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: ${name}}}
  template: {metadata: {labels: {app: ${name}}}, spec: ${podSpec}}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {selector: {app: ${name}}, ports: [{port: 80}]}
---
`
}

const cronJob = (name: string, spec: string): string => `apiVersion: batch/v1
kind: CronJob
metadata: {name: ${name}, namespace: shop}
spec:
  ${spec}
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: task, image: registry.example.com/task:1}]}}}}
---
`

const app = (hook: string, image = 'registry.example.com/app:1'): string =>
  `containers: [{name: app, image: "${image}", readinessProbe: {tcpSocket: {port: 80}}, lifecycle: {preStop: ${hook}}}]`
const sleep = (seconds: number): string => `{exec: {command: [sleep, "${seconds}"]}}`

const sixCertain = [
  deployment('cut-off', `{${app(sleep(30))}}`),
  deployment('at-once', `{terminationGracePeriodSeconds: 0, ${app(sleep(5))}}`),
  deployment('shell-less', `{${app(sleep(5), 'gcr.io/distroless/static-debian12')}}`),
  cronJob('never', 'schedule: "0 3 31 2 *"'),
  cronJob('no-time', 'schedule: "0 * * * *"\n  startingDeadlineSeconds: 0'),
  cronJob('skipped', 'schedule: "30 2 * * *"\n  timeZone: Europe/Berlin'),
].join('')

describe('500 ordinary workloads', () => {
  it('take at most ten lines, and are no reason to fail', async () => {
    const { lines, exitCode, advice } = await scanned()
    expect(lines.length).toBeLessThanOrEqual(10)
    expect(exitCode).toBe(0)
    expect(advice).toBeGreaterThan(300)
  })

  it('do not hide six certain failures, which come first', async () => {
    const path = join(folder, 'certain.yaml')
    writeFileSync(path, sixCertain)
    const { lines, exitCode } = await scanned(path)
    expect(exitCode).toBe(1)
    const first = lines.findIndex((line) => line.startsWith('WILL BREAK'))
    expect(first).toBe(2)
    for (const name of ['cut-off', 'at-once', 'shell-less', 'never', 'no-time', 'skipped']) {
      const at = lines.findIndex((line) => line.includes(`shop/${name}`))
      expect(at, name).toBeGreaterThan(first)
      expect(at, name).toBeLessThan(first + 9)
    }
    expect(lines.length).toBeLessThanOrEqual(40)
  })
})
