// The controller of 1.21 and newer, switched on in the lab's own binary: an outage is one warning and one late run there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scan } from '../src/commands/scan.ts'
import { plainScan } from '../src/commands/scan-options.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { testIo } from './test-io.ts'

const cronJobs = '/apis/batch/v1beta1/namespaces/default/cronjobs'

describe.skipIf(controlPlaneOrSkip())('the newer controller', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    await lab.restartControllerManager(['--feature-gates=CronJobControllerV2=true'])
  })
  afterAll(() => lab?.stop())

  const happened = async (): Promise<string[]> => {
    const { findings } = await scan(
      [],
      { ...plainScan, output: [{ format: 'json' }], kubeconfig: lab.kubeconfig },
      testIo(),
    )
    return findings
      .filter(({ state, lately }) => state === 'occurring' || lately)
      .map(({ reason, evidence }) => `${reason}, by ${evidence.map(({ name }) => name).join(', ')}`)
  }

  it('runs late after an outage, which is found by its warning, and is never called frozen', async () => {
    const template = {
      spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
    }
    const spec = { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template } } }
    await lab.send('POST', cronJobs, { apiVersion: 'batch/v1beta1', kind: 'CronJob', metadata: { name: 'late' }, spec })
    const lastScheduleTime = new Date(Date.now() - 3 * 3_600_000).toISOString().replace(/\.\d+/, '')
    await lab.send('PATCH', `${cronJobs}/late/status`, { status: { lastScheduleTime } })
    await lab.send('PATCH', `${cronJobs}/late`, { spec: { suspend: false } })
    const seen = new Set<string>()
    for (let tries = 0; tries < 60 && ![...seen].some((one) => one.startsWith('late-run')); tries++) {
      for (const one of await happened()) seen.add(one)
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    expect([...seen]).toEqual(['late-run, by deadline, event TooManyMissedTimes, schedule'])
  })
})
