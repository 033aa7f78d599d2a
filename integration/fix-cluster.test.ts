// `roadcrew fix` on a real API server and its controllers: shown, applied, held back, and thought of anew where others write too.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Event } from 'kubernetes-types/core/v1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program } from '../src/commands/program.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { timeText } from '../src/objects/time.ts'
import { fixSchema } from '../src/report/fix-schema.ts'
import { reportSchema } from '../src/report/schema.ts'
import { create } from './create.ts'
import { heldProxy } from './held-proxy.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { testIo } from './test-io.ts'

const cronJobsIn = (namespace: string) => `/apis/batch/v1beta1/namespaces/${namespace}/cronjobs`

describe.skipIf(controlPlaneOrSkip())('fix in a cluster', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal, ['reader'])
    for (const name of ['shop', 'contested', 'kept', 'spared', 'paused', 'roadcrew', 'web'])
      await create(lab, { kind: 'Namespace', metadata: { name } })
  })
  afterAll(() => lab?.stop())

  async function run(kubeconfig: string, ...words: readonly string[]) {
    const io = testIo()
    let code: number | undefined
    const all = program(io, (exitCode) => {
      code = exitCode
    })
    const failed = await all.parseAsync(['node', 'roadcrew', ...words, '--kubeconfig', kubeconfig]).then(
      () => undefined,
      (error: Error) => error.message,
    )
    return { code, failed, ...io.written }
  }

  const fix = async (kubeconfig: string, ...words: readonly string[]) => {
    const { out, code, failed, err } = await run(kubeconfig, 'fix', ...words, '-o', 'json')
    expect(failed, err).toBeUndefined()
    return { code, ...fixSchema.parse(JSON.parse(out)) }
  }

  const findingsOf = async (namespace: string) => {
    const { out } = await run(lab.kubeconfig, 'scan', '-n', namespace, '-o', 'json')
    return reportSchema.parse(JSON.parse(out)).findings.map(({ hazard, reason }) => `${hazard}/${reason}`)
  }

  const read = async (namespace: string, name: string) =>
    (await lab.send('GET', `${cronJobsIn(namespace)}/${name}`)) as CronJob

  /** A CronJob of every minute that the controller has given up on. */
  async function frozen(namespace: string, name: string, metadata: object = {}): Promise<void> {
    const template = {
      spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
    }
    const spec = {
      schedule: '* * * * *',
      suspend: true,
      jobTemplate: { spec: { backoffLimit: 0, template } },
      concurrencyPolicy: 'Forbid',
    }
    const object = { apiVersion: 'batch/v1beta1', kind: 'CronJob', metadata: { name, ...metadata }, spec }
    await lab.send('POST', cronJobsIn(namespace), object)
    const lastScheduleTime = timeText(Date.now() - 3 * 3_600_000)
    await lab.send('PATCH', `${cronJobsIn(namespace)}/${name}/status`, { status: { lastScheduleTime } })
    await lab.send('PATCH', `${cronJobsIn(namespace)}/${name}`, { spec: { suspend: false } })
    const happened = async () =>
      (await lab.list<Event>(`/api/v1/namespaces/${namespace}/events`, `involvedObject.name=${name}`)).map(
        ({ reason }) => reason,
      )
    await expect.poll(happened, { timeout: 60_000, interval: 1000 }).toContain('FailedNeedsStart')
  }

  it('shows what would be patched and writes nothing; applied, the next Job comes and the scan is clear', async () => {
    await frozen('shop', 'report')
    const before = await read('shop', 'report')
    const shown = await run(lab.kubeconfig, 'fix', 'cj/report', '-n', 'shop')
    expect(shown.out).toMatch(/^-\s+lastScheduleTime: /m)
    expect(shown.out).toMatch(/^\+\s+startingDeadlineSeconds: /m)
    expect(shown.err).toContain('--apply takes them')
    expect(await read('shop', 'report')).toEqual(before)

    const refused = await run(lab.kubeconfig, 'fix', 'cj/report', '-n', 'shop', '--apply')
    expect(refused.failed).toMatch(/would take \d steps in lab; --yes does it where nobody can be asked/)
    expect(await read('shop', 'report')).toEqual(before)

    const applied = await fix(lab.kubeconfig, 'cj/report', '-n', 'shop', '--apply', '--yes')
    expect(applied.steps.map(({ outcome }) => outcome)).toEqual(applied.steps.map(() => 'done'))
    expect(applied.steps.flatMap(({ changes }) => changes.map(({ path }) => path.join('.')))).toEqual([
      'status.lastScheduleTime',
      'spec.startingDeadlineSeconds',
    ])
    expect({ code: applied.code, left: applied.left }).toEqual({ code: 0, left: [] })
    const jobs = () => lab.list('/apis/batch/v1/namespaces/shop/jobs')
    await expect.poll(jobs, { timeout: 90_000, interval: 1000 }).toHaveLength(1)
    expect(await findingsOf('shop')).toEqual([])

    const { metadata } = await read('shop', 'report')
    expect(metadata?.managedFields?.map(({ manager }) => manager)).toContain('roadcrew')
    const events = await lab.list<Event>('/api/v1/namespaces/shop/events', 'involvedObject.name=report')
    const told = events.filter(({ reason }) => reason === 'RoadcrewFixed')
    expect(told.map(({ message }) => message).join()).toContain('status.lastScheduleTime')
    expect(told[0]?.involvedObject).toMatchObject({ apiVersion: 'batch/v1beta1', uid: metadata?.uid })
  })

  it('what somebody else writes in between is read again, and stays', async () => {
    await frozen('contested', 'report')
    const target = (await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })).target('lab')
    const proxy = await heldProxy(target)
    const kubeconfig = join(lab.folder, 'contested.kubeconfig')
    writeFileSync(kubeconfig, proxy.kubeconfig)
    let others = 0
    proxy.before = async (method, path) => {
      // Right before the patch itself, not before it is tried.
      if (method === 'PATCH' && !path.includes('dryRun') && others < 2) {
        others += 1
        await lab.send('PATCH', `${cronJobsIn('contested')}/report`, { spec: { failedJobsHistoryLimit: 4 + others } })
      }
      return 'pass' as const
    }
    const applied = await fix(kubeconfig, 'cj/report', '-n', 'contested', '--apply', '--yes')
    await proxy.stop()
    rmSync(kubeconfig)
    expect(others).toBe(2)
    expect(applied.steps.map(({ outcome }) => outcome)).toEqual(['done', 'done'])
    const { spec } = await read('contested', 'report')
    expect(spec?.failedJobsHistoryLimit).toBe(6)
    expect(spec?.startingDeadlineSeconds).toBeGreaterThan(0)
  })

  it('what Argo CD keeps is thawed, and its spec is shown with the place to change it', async () => {
    await frozen('kept', 'report', {
      annotations: { 'argocd.argoproj.io/tracking-id': 'billing:batch/CronJob:kept/report' },
    })
    const applied = await fix(lab.kubeconfig, 'all', '-n', 'kept', '--apply', '--yes')
    expect(applied.code).toBe(1)
    const outcomes = applied.steps.map(({ changes, outcome, rail }) => [changes[0]?.path.join('.'), outcome, rail])
    expect(outcomes).toEqual([
      ['status.lastScheduleTime', 'done', undefined],
      ['spec.startingDeadlineSeconds', 'held', 'kept-elsewhere'],
    ])
    expect(applied.steps[1]?.because).toContain('Argo CD application billing keeps it: change it there')
    expect((await read('kept', 'report')).spec?.startingDeadlineSeconds).toBeUndefined()
  })

  it('opt-outs and a pause hold for people too', async () => {
    await frozen('spared', 'report', { annotations: { 'roadcrew.dev/spare': 'migration' } })
    const spared = await fix(lab.kubeconfig, 'all', '-n', 'spared', '--apply', '--yes')
    expect(spared.steps.map(({ outcome, rail }) => [outcome, rail])).toEqual([
      ['held', 'spared'],
      ['held', 'spared'],
    ])
    await frozen('paused', 'report')
    await create(lab, {
      kind: 'ConfigMap',
      metadata: {
        name: 'roadcrew-policy',
        namespace: 'roadcrew',
        annotations: { 'roadcrew.dev/paused': 'change freeze' },
      },
      data: {},
    } as never)
    const paused = await fix(lab.kubeconfig, 'all', '-n', 'paused', '--apply', '--yes')
    expect(new Set(paused.steps.map(({ rail }) => rail))).toEqual(new Set(['paused']))
    expect((await read('paused', 'report')).spec?.startingDeadlineSeconds).toBeUndefined()
    await lab.send('DELETE', '/api/v1/namespaces/roadcrew/configmaps/roadcrew-policy')
  })

  it('who may only read is told what the API server says, and nothing is half done', async () => {
    await frozen('web', 'report')
    await lab.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }],
    })
    const before = await read('web', 'report')
    const applied = await fix(
      lab.kubeconfigFor('reader'),
      'cj/report',
      '-n',
      'web',
      '--only',
      'frozen-cronjob',
      '--apply',
      '--yes',
    )
    expect(applied.steps.every(({ outcome }) => outcome === 'held')).toBe(true)
    expect(applied.steps[0]?.because).toMatch(/forbidden/)
    expect((await read('web', 'report')).metadata?.resourceVersion).toBe(before.metadata?.resourceVersion)
  })
})
