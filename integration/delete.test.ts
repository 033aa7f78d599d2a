// The arm that deletes, on a real API server: what it promises is the server's to keep.
import type { Job } from 'kubernetes-types/batch/v1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Step } from '../src/contract/hazard.ts'
import { type Client, connect } from '../src/kubernetes/client.ts'
import { deleteArm } from '../src/kubernetes/delete.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { jobs } from '../src/objects/kinds.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

const path = '/apis/batch/v1/namespaces/default/jobs'
const pods = '/api/v1/namespaces/default/pods'
const template = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
}

describe.skipIf(controlPlaneOrSkip())('deleting what has finished', () => {
  let lab: Lab
  let client: Client

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    const config = await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })
    client = connect(config.target('lab'), { env: {} })
  })
  afterAll(async () => {
    await client?.close()
    await lab?.stop()
  })

  const names = async () => (await lab.list<Job>(path)).map(({ metadata }) => metadata?.name ?? '').toSorted()
  const running = async (name: string): Promise<Step> => {
    await lab.send('POST', path, { metadata: { name }, spec: { template } })
    const counted = async () => ((await lab.send('GET', `${path}/${name}`)) as Job).status?.active
    await expect.poll(counted, { timeout: 20_000 }).toBe(1)
    const { metadata } = (await lab.send('GET', `${path}/${name}`)) as Job
    const target = { source: { cluster: 'lab' }, kind: 'Job', name, namespace: 'default', uid: metadata?.uid ?? '' }
    return { do: 'delete', finished: true, why: 'to try', target }
  }
  const finish = (name: string) =>
    lab.send('PATCH', `${path}/${name}/status`, {
      status: { active: 0, succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] },
    })

  it('takes it and its Pods away', async () => {
    const step = await running('done')
    await finish('done')
    const podsOf = async () => (await lab.list(pods)).length
    expect(await podsOf()).toBe(1)
    expect(await deleteArm(client, [jobs], { onlyFinished: true }).apply(step)).toBe('done')
    expect(await names()).toEqual([])
    await expect.poll(podsOf, { timeout: 20_000 }).toBe(0)
  })

  it('leaves what runs', async () => {
    const step = await running('runs')
    expect(await deleteArm(client, [jobs]).apply(step)).toEqual({ held: 'Job runs has not finished' })
    expect(await names()).toContain('runs')
  })

  const label = async (name: string): Promise<void> => {
    await lab.send('PATCH', `${path}/${name}`, { metadata: { labels: { a: 'b' } } })
  }

  it.each([
    ['goes on', label],
    [
      'is made anew',
      async (name: string): Promise<void> => {
        await lab.send('DELETE', `${path}/${name}`, { propagationPolicy: 'Background' })
        await lab.send('POST', path, { metadata: { name }, spec: { template } })
      },
    ],
  ] as const)('leaves what %s in the last moment', async (what, meanwhile) => {
    const name = what.replaceAll(' ', '-')
    const step = await running(name)
    await finish(name)
    const late: Client = {
      ...client,
      ask: async (ask): Promise<unknown> => {
        if (ask.method === 'DELETE') await meanwhile(name)
        return client.ask(ask)
      },
    }
    expect(await deleteArm(late, [jobs]).apply(step)).toEqual({ held: expect.stringMatching(/[Pp]recondition/) })
    expect(await names()).toContain(name)
  })
})
