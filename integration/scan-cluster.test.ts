// Scans of a real control plane: what is found, what may not be read, pages, clusters that are not there.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { list } from '../src/commands/cron-list-run.ts'
import { scan } from '../src/commands/scan.ts'
import { plainScan, type ScanOptions } from '../src/commands/scan-options.ts'
import { connect } from '../src/kubernetes/client.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { clusterWorld } from '../src/kubernetes/world.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { parseDocuments } from '../src/manifests/parse.ts'
import { cronJobs } from '../src/objects/kinds.ts'
import { create } from './create.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { testIo } from './test-io.ts'

const hour = 3_600_000
describe.skipIf(controlPlaneOrSkip())('scan of a real cluster', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal, [
      'scanner',
      'only-cronjobs',
      'one-namespace',
      'no-settings',
      'nobody',
    ])
    for (const name of ['shop', 'many', 'full', 'held'])
      await lab.send('POST', '/api/v1/namespaces', { metadata: { name, labels: { team: `team-${name}` } } })
    await createCronJob('shop', 'frozen', '* * * * *', new Date(Date.now() - 3 * hour).toISOString())
    await createCronJob('shop', 'well', '0 0 1 1 *', undefined, { startingDeadlineSeconds: 600 })
    await rights()
  })
  afterAll(() => lab?.stop())

  const path = (namespace: string): string => `/apis/batch/v1beta1/namespaces/${namespace}/cronjobs`

  async function createCronJob(
    namespace: string,
    name: string,
    schedule: string,
    lastScheduleTime?: string,
    more = {},
  ): Promise<void> {
    const template = {
      spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
    }
    const spec = { schedule, suspend: lastScheduleTime !== undefined, jobTemplate: { spec: { template } }, ...more }
    await lab.send('POST', path(namespace), { apiVersion: 'batch/v1beta1', kind: 'CronJob', metadata: { name }, spec })
    if (lastScheduleTime === undefined) return
    await lab.send('PATCH', `${path(namespace)}/${name}/status`, {
      status: { lastScheduleTime: lastScheduleTime.replace(/\.\d+/, '') },
    })
    await lab.send('PATCH', `${path(namespace)}/${name}`, { spec: { suspend: false } })
  }

  /** scanner has what docs/rbac.yaml gives; the others less. */
  async function rights(): Promise<void> {
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    await lab.send(
      'POST',
      `${rbac}/clusterroles`,
      parse(readFileSync(join(import.meta.dirname, '../docs/rbac.yaml'), 'utf8')) as object,
    )
    const cronJobsOnly = [{ apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['list'] }]
    await lab.send('POST', `${rbac}/clusterroles`, { metadata: { name: 'only-cronjobs' }, rules: cronJobsOnly })
    const daemonSetsOnly = [{ apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['list'] }]
    await lab.send('POST', `${rbac}/clusterroles`, { metadata: { name: 'no-settings' }, rules: daemonSetsOnly })
    const bind = (user: string, role: string, where = `${rbac}/clusterrolebindings`): Promise<unknown> =>
      lab.send('POST', where, {
        metadata: { name: user },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      })
    await bind('scanner', 'roadcrew-scan')
    await bind('only-cronjobs', 'only-cronjobs')
    await bind('no-settings', 'no-settings')
    await bind('one-namespace', 'roadcrew-scan', `${rbac}/namespaces/shop/rolebindings`)
  }

  const scanAs = (user: string | undefined, more: Partial<ScanOptions> = {}) =>
    scan(
      [],
      {
        ...plainScan,
        output: [{ format: 'json' }],
        kubeconfig: user ? lab.kubeconfigFor(user) : lab.kubeconfig,
        ...more,
      },
      testIo(),
    )

  const occurring = ({ findings }: Awaited<ReturnType<typeof scan>>): string[] =>
    findings
      .filter(({ state }) => state === 'occurring')
      .map(({ subject, reason }) => `${subject.namespace}/${subject.name} ${reason}`)

  it('finds the frozen CronJob by its own event, with the owner of its namespace', async () => {
    const report = await eventually(
      () => scanAs(undefined),
      (one) => one.findings.some(({ evidence }) => evidence.some(({ name }) => name.includes('FailedNeedsStart'))),
    )
    expect(occurring(report)).toEqual(['shop/frozen too-many-missed'])
    const [finding] = report.findings
    expect(finding).toMatchObject({ severity: 'critical', guess: false, owner: 'team-shop', subject: { world: 'lab' } })
    expect(report.worlds).toEqual([{ name: 'lab', version: '1.20', looked: true }])
    expect(report.unread).toEqual([])
    expect(report.summary.exitCode).toBe(1)
  })

  it('is listed with its CronJobs, by the rights of a scan, and the frozen one is said', async () => {
    const options = { ...plainScan, kubeconfig: lab.kubeconfigFor('scanner'), hours: 24, controllerZone: 'UTC' }
    const { clusters, exitCode } = await list([], { ...options, namespace: ['shop'] }, testIo())
    expect(clusters.map(({ name, version }) => [name, version])).toEqual([['lab', '1.20']])
    expect(clusters[0]?.cronJobs.map(({ name, runs, brokenNow }) => [name, runs, brokenNow.length])).toEqual([
      ['frozen', 1440, 1],
      ['well', expect.any(Number), 0],
    ])
    expect(exitCode).toBe(0)
    const blind = await list([], { ...options, kubeconfig: lab.kubeconfigFor('nobody') }, testIo())
    expect(blind).toMatchObject({ exitCode: 2, clusters: [{ cronJobs: [] }] })
  })

  it('needs no more than docs/rbac.yaml', async () => {
    const report = await scanAs('scanner')
    expect(report.unread).toEqual([])
    expect(occurring(report)).toEqual(['shop/frozen too-many-missed'])
  })

  it('names what may not be listed, finds what it can without, and exits with 2', async () => {
    const report = await scanAs('only-cronjobs', { only: ['cronjob-timezone', 'frozen-cronjob', 'unplanned-run'] })
    expect(report.unread.map(({ what }) => what).toSorted()).toEqual([
      'all of kind Event',
      'all of kind Job',
      'all of kind ResourceQuota',
    ])
    expect(report.unread[0]?.because).toContain('User "only-cronjobs" cannot list resource')
    expect(occurring(report)).toEqual(['shop/frozen too-many-missed'])
    expect(report.summary.exitCode).toBe(2)
    expect(report.absent).toContainEqual(expect.objectContaining({ kind: 'Namespace' }))
  })

  it('a user of one namespace scans that one; without -n nothing is said of anything', async () => {
    const own = await scanAs('one-namespace', { namespace: ['shop'] })
    expect(own.unread).toEqual([])
    expect(occurring(own)).toEqual(['shop/frozen too-many-missed'])
    expect(own.findings[0]?.owner).toBe('team-shop')
    const all = await scanAs('one-namespace')
    expect(all.findings).toEqual([])
    expect(all.unread.map(({ what }) => what)).toContain('all of kind CronJob')
    expect(all.summary.exitCode).toBe(2)
  })

  it('selects subjects by labels and still reads their context', async () => {
    expect((await scanAs(undefined, { selector: 'app=other' })).findings).toEqual([])
  })

  it('an unreachable second cluster hides nothing of the first', async () => {
    const file = join(dirname(lab.kubeconfig), 'two.kubeconfig')
    const config = JSON.parse(readFileSync(lab.kubeconfig, 'utf8')) as Record<string, { name: string }[]>
    config.clusters?.push({ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } } as never)
    config.contexts?.push({ name: 'gone', context: { cluster: 'gone', user: 'admin' } } as never)
    writeFileSync(file, JSON.stringify(config))
    const report = await scan(
      [],
      { ...plainScan, output: [{ format: 'json' }], kubeconfig: file, allContexts: true },
      testIo(),
    )
    expect(occurring(report)).toEqual(['shop/frozen too-many-missed'])
    expect(report.worlds.map(({ name, looked }) => [name, looked])).toEqual([
      ['lab', true],
      ['gone', false],
    ])
    expect(report.unread).toEqual([
      expect.objectContaining({ world: 'gone', because: expect.stringContaining('ECONNREFUSED') }),
    ])
    expect(report.summary.exitCode).toBe(2)
  })

  it('reads in pages, and begins anew when the list expires between two of them', async () => {
    for (let from = 0; from < 1100; from += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, place) => createCronJob('many', `job-${from + place}`, '0 0 1 1 *')),
      )
    }
    const config = await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })
    const client = connect(config.target('lab'), { env: {} })
    try {
      const pages: number[] = []
      const world = await clusterWorld(client, { namespaces: ['many'], onPage: (_, count) => pages.push(count) })
      const kinds: string[] = []
      let items = 0
      for await (const batch of world.read([cronJobs])) {
        if ('items' in batch) {
          items += batch.items.length
          if (kinds.length === 0) await forgetHistory() // after the first page
          kinds.push('items')
        } else {
          kinds.push(
            Object.keys(batch)
              .filter((key) => key !== 'of')
              .join(),
          )
          items = 0
        }
      }
      expect(pages).toEqual([500, 500, 1000, 1100])
      expect(kinds).toEqual(['items', 'restart', 'items', 'items', 'items'])
      expect(items).toBe(1100)
    } finally {
      await client.close()
    }
  })

  /** What happens to a list that takes longer than etcd's history: everything up to now is compacted. */
  async function forgetHistory(): Promise<void> {
    const post = async (url: string, body: object): Promise<{ header?: { revision?: string } }> => {
      const answer = await request(url, { method: 'POST', body: JSON.stringify(body) })
      return (await answer.body.json()) as { header?: { revision?: string } }
    }
    await lab.send('PATCH', `${path('many')}/job-0`, { metadata: { labels: { touched: 'yes' } } })
    const { header } = await post(`${lab.etcdUrl}/v3/kv/range`, { key: 'AA==' })
    await post(`${lab.etcdUrl}/v3/kv/compaction`, { revision: header?.revision, physical: true })
  }

  it('blames the quota that refuses every Job, by the real event', async () => {
    const quota = { metadata: { name: 'job-quota' }, spec: { hard: { 'count/jobs.batch': '0' } } }
    const quotas = '/api/v1/namespaces/full/resourcequotas'
    await lab.send('POST', quotas, quota)
    // Until its controller has counted, a Job may slip through, and the next is refused a minute later.
    await eventually(
      async () => ((await lab.send('GET', `${quotas}/job-quota`)) as { status?: { used?: object } }).status?.used,
      (used) => used !== undefined,
    )
    await createCronJob('full', 'refused', '* * * * *', new Date(Date.now() - 5 * 60_000).toISOString())
    const report = await eventually(
      () => scanAs(undefined, { namespace: ['full'] }),
      (one) => one.findings.some(({ reason }) => reason === 'job-quota'),
    )
    expect(occurring(report)).toEqual(['full/refused job-quota'])
    const finding = report.findings.find(({ reason }) => reason === 'job-quota')
    expect(finding?.fact).toContain('quota job-quota (0 of 0 Jobs used) refuses every Job')
    expect(finding?.evidence.map(({ name }) => name)).toContain('event FailedCreate')
  })

  it('blames the Job that holds back a CronJob that forbids concurrency', async () => {
    const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()
    const before = minutesAgo(90).replace(/\.\d+/, '')
    await createCronJob('held', 'waiting', '* * * * *', undefined, { concurrencyPolicy: 'Forbid', suspend: true })
    const { metadata } = (await lab.send('GET', `${path('held')}/waiting`)) as { metadata: { uid: string } }
    const owner = { apiVersion: 'batch/v1beta1', kind: 'CronJob', name: 'waiting', uid: metadata.uid, controller: true }
    const job = 'waiting-1'
    const spec = {
      template: {
        spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
      },
    }
    const jobs = '/apis/batch/v1/namespaces/held/jobs'
    const made = (await lab.send('POST', jobs, { metadata: { name: job, ownerReferences: [owner] }, spec })) as {
      metadata: { uid: string }
    }
    await eventually(
      async () => ((await lab.send('GET', `${jobs}/${job}`)) as { status?: { startTime?: string } }).status?.startTime,
      (time) => time !== undefined,
    )
    // It has been running for an hour and a half, if one believes its status.
    await lab.send('PATCH', `${jobs}/${job}/status`, { status: { startTime: before } })
    const active = [{ apiVersion: 'batch/v1', kind: 'Job', name: job, namespace: 'held', uid: made.metadata.uid }]
    await lab.send('PATCH', `${path('held')}/waiting/status`, { status: { lastScheduleTime: before, active } })
    await lab.send('PATCH', `${path('held')}/waiting`, { spec: { suspend: false } })
    await new Promise((resolve) => setTimeout(resolve, 12_000)) // the controller has looked and left it as it is
    const report = await scanAs(undefined, { namespace: ['held'] })
    expect(occurring(report)).toEqual(['held/waiting held-by-job'])
    expect(report.findings[0]?.fact).toContain(`Job ${job} has been running for 1 h 30 min`)
    expect(report.findings[0]?.remedy[0]).toMatchObject({ do: 'delete', target: { kind: 'Job', name: job } })
  })

  it('an exported frozen CronJob is cured by the patch that its finding gives', async () => {
    const folder = dirname(lab.kubeconfig)
    const lists = [
      path('shop'),
      '/apis/batch/v1/jobs',
      '/api/v1/events',
      '/api/v1/resourcequotas',
      '/api/v1/namespaces',
    ]
    const files = [join(folder, 'version.json'), ...lists.map((_, place) => join(folder, `export-${place}.json`))]
    writeFileSync(join(folder, 'version.json'), JSON.stringify({ serverVersion: await lab.send('GET', '/version') }))
    for (const [place, list] of lists.entries()) {
      writeFileSync(join(folder, `export-${place}.json`), JSON.stringify(await lab.send('GET', list)))
    }
    const report = await scan(
      files,
      { ...plainScan, output: [{ format: 'json' }], asOf: new Date().toISOString(), namespace: ['shop'] },
      testIo(),
    )
    expect(report.worlds[0]?.version).toBe('1.20')
    const frozen = report.findings.find(({ reason }) => reason === 'too-many-missed')
    expect(frozen?.place).toMatchObject({ file: join(folder, 'export-0.json') })
    // What kubectl sends for it; kubectl itself needs 1.24 for --subresource.
    const command = /^kubectl -n shop patch cronjob frozen --subresource=status --type=merge -p '(.*)'$/
    const patch = command.exec(frozen?.remedy[0]?.command ?? '')?.[1] ?? ''
    await lab.send('PATCH', `${path('shop')}/frozen/status`, JSON.parse(patch) as object)
    const after = await eventually(
      async () => occurring(await scanAs(undefined, { namespace: ['shop'] })),
      (found) => found.length === 0,
    )
    expect(after).toEqual([])
  })

  it('reads a setting by its name, as docs/rbac.yaml allows, and says where it was not allowed to', async () => {
    const fixture = join(import.meta.dirname, '../src/hazards/snat-race/fixtures/fires/cilium.yaml')
    for (const document of parseDocuments(readFileSync(fixture, 'utf8'), fixture))
      if ('object' in document) await create(lab, document.object)
    const cilium = ({ findings }: Awaited<ReturnType<typeof scan>>) =>
      findings.filter(({ subject }) => subject.name === 'cilium').map(({ reason }) => reason)
    const report = await scanAs('scanner', { only: ['snat-race'] })
    expect(cilium(report)).toContain('settings-not-random')
    expect(report.unread).toEqual([])
    const blind = await scanAs('no-settings', { only: ['snat-race'] })
    expect(cilium(blind)).toEqual([])
    expect(blind.unread).toMatchObject([{ what: 'all of kind ConfigMap' }])
    expect(blind.unread[0]?.because).toContain('User "no-settings" cannot get resource "configmaps"')
  })

  /** The controller looks every 10 s. */
  async function eventually<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
    for (let tries = 0; ; tries++) {
      const value = await ask()
      if (holds(value) || tries === 60) return value
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
})
