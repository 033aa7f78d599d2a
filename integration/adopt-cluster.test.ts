// What does not count on a real API server: annotations of live objects, a baseline of a cluster, whose settings count.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program } from '../src/commands/program.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import type { Report } from '../src/report/schema.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { testIo } from './test-io.ts'

describe.skipIf(controlPlaneOrSkip())('a real cluster of which not all counts', () => {
  let lab: Lab
  let folder = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'roadcrew-adopt-'))
    lab = await startLab(new AbortController().signal)
    for (const name of ['shop', 'roadcrew']) await lab.send('POST', '/api/v1/namespaces', { metadata: { name } })
    await deploy('web')
  })
  afterAll(async () => {
    await lab?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** A Deployment behind a Service, whose Pods stop at once. */
  async function deploy(name: string): Promise<void> {
    const labels = { app: name }
    const pod = { terminationGracePeriodSeconds: 120, containers: [{ name, image: `registry.example.com/${name}:1` }] }
    const template = { metadata: { labels }, spec: pod }
    await lab.send('POST', '/apis/apps/v1/namespaces/shop/deployments', {
      metadata: { name },
      spec: { replicas: 3, selector: { matchLabels: labels }, template },
    })
    await lab.send('POST', '/api/v1/namespaces/shop/services', {
      metadata: { name },
      spec: { selector: labels, ports: [{ port: 80 }] },
    })
  }

  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }

  async function scan(...words: readonly string[]): Promise<{ report: Report; code: number | undefined }> {
    const io = testIo()
    let code: number | undefined
    const all = ['scan', '--kubeconfig', lab.kubeconfig, '--only', 'lost-requests', '--fail-on', 'advice', '-o', 'json']
    await program(io, (exit) => {
      code = exit
    }).parseAsync([...all, ...words], { from: 'user' })
    return { report: JSON.parse(io.written.out) as Report, code }
  }
  const namesOf = (findings: Report['findings']): string[] => [...new Set(findings.map(({ subject }) => subject.name))]
  const waitOf = ({ report }: Awaited<ReturnType<typeof scan>>): string | undefined =>
    /"sleep","(\d+)"/.exec(JSON.stringify(report.findings.map(({ remedy }) => remedy)))?.[1]

  it('settings come from --policy, else from roadcrew.yaml, else from the policy of the cluster', async () => {
    const policyOf = (seconds: number): string => `hazards: {lost-requests: {settings: {waitSeconds: ${seconds}}}}\n`
    await lab.send('POST', '/api/v1/namespaces/roadcrew/configmaps', {
      metadata: { name: 'roadcrew-policy' },
      data: { 'policy.yaml': policyOf(21) },
    })
    const other = file('other.yaml', 'hazards: {frozen-cronjob: {settings: {controllerTimeZone: UTC}}}\n')
    const settings = file('settings.yaml', policyOf(22))
    const policy = file('policy.yaml', policyOf(23))
    expect(waitOf(await scan())).toBe('21')
    expect(waitOf(await scan('--config', other))).toBe('21')
    expect(waitOf(await scan('--config', settings))).toBe('22')
    expect(waitOf(await scan('--config', settings, '--policy', policy))).toBe('23')
  })

  it('a baseline of it knows its objects, and not a new one', async () => {
    const baseline = join(folder, 'baseline.json')
    expect((await scan('--write-baseline', baseline)).code).toBe(0)
    expect((await scan('--baseline', baseline)).code).toBe(0)
    await deploy('api')
    const { report, code } = await scan('--baseline', baseline)
    expect(code).toBe(1)
    expect([namesOf(report.findings), namesOf(report.setAside)]).toEqual([['api'], ['web']])
  })

  it('an annotation of a live object holds, and can be forbidden', async () => {
    const annotations = { 'roadcrew.dev/ignore': 'lost-requests', 'roadcrew.dev/ignore-reason': 'Internal.' }
    await lab.send('PATCH', '/apis/apps/v1/namespaces/shop/deployments/web', { metadata: { annotations } })
    const { report } = await scan()
    expect([namesOf(report.findings), namesOf(report.setAside)]).toEqual([['api'], ['web']])
    expect(report.setAside[0]?.setAside).toEqual({
      by: 'annotation',
      where: 'roadcrew.dev/ignore on Deployment shop/web',
      reason: 'Internal.',
    })
    expect((await scan('--no-suppressions')).report.setAside).toEqual([])
    const exclude = file('exclude.yaml', 'exclude: {namespaces: [sh*]}\n')
    expect((await scan('--config', exclude)).report.summary).toMatchObject({ judged: 0, setAside: 0, exitCode: 0 })
  })
})
