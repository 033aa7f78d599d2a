// From what a rollout loses to a rollout that loses nothing, on a real kubelet behind a real nginx: measured, written, applied, proved.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Deployment } from 'kubernetes-types/apps/v1.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { podHeader } from '../src/lab/pod-application.ts'
import { type RolloutNode, startRolloutNode } from '../src/lab/rollout-node.ts'
import { rolloutNodeOrSkip } from './require-rollout-node.ts'
import { reportIn, runRollout } from './rollout-stage.ts'

let node: RolloutNode | undefined
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-wait-'))
})
afterAll(async () => {
  await node?.stop()
  rmSync(folder, { recursive: true, force: true })
})

it.skipIf(rolloutNodeOrSkip())(
  'measures the wait that a cluster needs, and nothing is lost with it',
  async () => {
    node = await startRolloutNode(new AbortController().signal)
    const { lab } = node
    await node.deploy({ name: 'shop', replicas: 5, answerMs: 20 })
    const policy = join(folder, 'policy.yaml')
    writeFileSync(policy, '# kept\nhazards:\n  lost-requests: {mode: observe} # this too\n')
    const url = node.urlOf('shop', false).href
    const measure = (times: number, ...more: string[]) =>
      runRollout(lab, [
        ...['deploy/shop', '--url', url, '--restart', '--yes', '--times', String(times), '--for', '3m', '--rate', '60'],
        ...['--pod-header', podHeader, '-o', 'json', ...more],
      ])
    const ran = await measure(4, '--write-wait', policy)
    const without = reportIn(ran)
    expect([ran.code, without.outcome]).toEqual([1, '4 restarts complete'])
    expect(without.lost).toBeGreaterThan(0)
    expect(without.causes.filter(({ how }) => how !== 'slow').map(({ culprit }) => culprit)).toContain('stopping')
    const { drain } = without
    expect(drain.n).toBe(20)
    expect(drain.pods.every(({ is }) => is === 'measured')).toBe(true)
    const wait = drain.waitSeconds ?? 0
    // nginx is told a second after the endpoints changed.
    expect(drain.p999Ms).toBeGreaterThan(900)
    expect(wait).toBeGreaterThanOrEqual(2)
    process.stderr.write(
      `without a wait ${without.lost} of ${without.sent} were lost; drain time ${drain.p999Ms} ms: ${wait} s\n`,
    )

    const written = readFileSync(policy, 'utf8')
    expect(written).toContain('# kept')
    expect(written).toContain(`waitSeconds: ${wait}`)
    const steps = without.remedies.find(({ reason }) => reason === 'no-wait')?.steps ?? []
    expect(steps).toEqual([expect.stringContaining(`{"exec":{"command":["sleep","${wait}"]}}`)])

    const path = '/apis/apps/v1/namespaces/default/deployments/shop'
    const { spec } = (await lab.send('GET', path)) as Deployment
    const containers = (spec?.template.spec?.containers ?? []).map((container) => ({
      ...container,
      lifecycle: { preStop: { exec: { command: ['sleep', String(wait)] } } },
    }))
    let after = without
    await node.replace('shop', () => lab.send('PATCH', path, { spec: { template: { spec: { containers } } } }))
    // A machine that is busier than it was when it was measured may need longer: what counts is that it can lose nothing.
    for (let tries = 1; ; tries++) {
      const second = await measure(1)
      after = reportIn(second)
      process.stderr.write(`with it ${after.lost} of ${after.sent} were lost\n`)
      if (after.lost > 0 && tries < 3) continue
      expect([second.code, after.lost]).toEqual([0, 0])
      break
    }
    expect(after.pods.find(({ deletedMs = -1 }) => deletedMs >= 0)?.waitSeconds).toBe(wait)
  },
  900_000,
)
