// `roadcrew rails` on a real API server: what a person sees and does there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { takePlace } from '../src/agent/budget.ts'
import { counted, emptyReport, writeReport } from '../src/agent/shadow-store.ts'
import { program } from '../src/commands/program.ts'
import { type Client, connect } from '../src/kubernetes/client.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { create } from './create.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { testIo } from './test-io.ts'

const space = 'roadcrew'
const now = Date.parse('2026-11-23T08:00:00Z')

describe.skipIf(controlPlaneOrSkip())('rails', () => {
  let plane: Lab
  let client: Client

  beforeAll(async () => {
    plane = await startLab(new AbortController().signal, ['nobody'])
    const config = await loadKubeconfig({ path: plane.kubeconfig, env: {}, home: '/' })
    client = connect(config.target('lab'), { env: {} })
    await create(plane, { kind: 'Namespace', metadata: { name: space } })
  })
  afterAll(async () => {
    await client?.close()
    await plane?.stop()
  })

  async function rails(what: string, { kubeconfig = plane.kubeconfig, args = [] as string[], at = now } = {}) {
    const io = testIo({ env: { USER: 'anna' }, now: () => at })
    let code = 0
    const error = await program(io, (exitCode) => {
      code = exitCode
    })
      .parseAsync(['rails', what, '--kubeconfig', kubeconfig, ...args], { from: 'user' })
      .then(
        () => undefined,
        (one: Error) => one.message,
      )
    return { code, error, out: io.written.out, err: io.written.err }
  }
  const policy = (text: string) =>
    plane.send('PATCH', `/api/v1/namespaces/${space}/configmaps/roadcrew-policy`, { data: { 'policy.yaml': text } })

  it('say that everything is only observed where there is no policy, and that nothing was done', async () => {
    const { code, out } = await rails('status')
    expect([code, out]).toEqual([0, expect.stringContaining('no policy in roadcrew: everything is only observed')])
    expect(out).toMatch(/stuck-container +continue-shim +observe\n +end-shim +observe/)
    expect(out).toContain('ACTS OF THE LAST HOUR\n  none')
    expect((await rails('report')).out).toMatch(/^Nothing was done or advised so far/)
  })

  it('are paused and resumed, also where there was no policy, and both again do no harm', async () => {
    expect(await rails('pause', { args: ['--reason', 'network maintenance'] })).toMatchObject({
      code: 0,
      out: 'Paused lab: ConfigMap roadcrew/roadcrew-policy says "anna since 2026-11-23T08:00:00Z: network maintenance". Agents read it before each step.\n',
    })
    expect((await rails('pause', { at: now + 60_000 })).out).toBe(
      'lab is paused already, by anna since 2026-11-23T08:00:00Z: network maintenance\n',
    )
    expect((await rails('status')).out).toMatch(
      /^lab: paused by anna since 2026-11-23T08:00:00Z: network maintenance\n/,
    )
    expect(await rails('resume')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Resumed; it was paused by anna/),
    })
    expect(await rails('resume')).toMatchObject({ code: 0, out: 'It was not paused.\n' })
    expect((await rails('status')).out).toMatch(/^lab: not paused\n/)
  })

  it('show modes, limits and what was done', async () => {
    await policy(
      'hazards:\n  stuck-container: {mode: advise, steps: {continue-shim: act}, nodes: pool=batch}\nwindows: [{days: Tue, from: "09:00", to: "10:00"}]\n',
    )
    const entry = {
      at: now - 600_000,
      node: 'node-1',
      subject: 's',
      step: 'end-shim',
      text: 'end-shim Container ads/bidder-7/app',
    }
    await takePlace(client, space, entry, 20)
    const { code, out } = await rails('status')
    expect(code).toBe(0)
    expect(out).toContain(
      "lab: outside of the policy's windows: nothing is done now\nConfigMap roadcrew/roadcrew-policy",
    )
    expect(out).toMatch(/stuck-container +continue-shim +act +nodes pool=batch\n +end-shim +advise/)
    expect(out).toContain('1 of 20 in the cluster, 3 on one node')
    expect(out).toContain('2026-11-23T07:50:00Z  node-1  begun')
    const json = JSON.parse((await rails('status', { args: ['-o', 'json'] })).out) as Record<string, unknown>
    expect(json).toMatchObject({ outsideWindows: true, acts: [{ node: 'node-1', step: 'end-shim', text: entry.text }] })
    expect((await rails('status', { at: now + 3_600_000 })).out).toContain('ACTS OF THE LAST HOUR\n  none')
  })

  it('show what is wrong with a policy that is none, and say who has to lift a pause of its own', async () => {
    await policy('hazards:\n  stuck-contaner: {mode: act}\n')
    const { code, out } = await rails('status')
    expect([code, out]).toEqual([2, expect.stringContaining('hazards.stuck-contaner: there is no such hazard')])
    await policy('paused: true\n')
    expect((await rails('status')).out).toMatch(/^lab: paused by the policy itself\n/)
    expect(await rails('resume')).toMatchObject({
      code: 1,
      err: expect.stringContaining('the policy itself says paused: true'),
    })
  })

  it('report what became of steps on all nodes', async () => {
    const watched = (step: string, was: 'done' | 'advised') =>
      ({ hazard: 'stuck-container', subject: 's', subjectKey: 'k', step, was, since: now }) as const
    let one = emptyReport('node-1', now - 86_400_000)
    one = counted(
      counted(one, watched('end-shim', 'advised'), 'done-by-a-person'),
      watched('end-shim', 'advised'),
      'healed-by-itself',
    )
    one = counted(one, watched('continue-shim', 'done'), 'cured')
    await writeReport(client, space, { ...one, watched: [watched('end-shim', 'advised')] }, now)
    await writeReport(
      client,
      space,
      counted(emptyReport('node-2', now), watched('end-shim', 'advised'), 'still-broken'),
      now,
    )
    const { out } = await rails('report')
    expect(out).toContain('2 nodes, 1 d since 2026-11-22T08:00:00Z')
    expect(out).toMatch(/stuck-container end-shim +0 +0 +1 +1 +1 +1\n/)
    expect(out).toContain('Of 1 that was done 1 cured.')
    expect(out).toContain('Of 3 that were advised people took 1 themselves')
    const json = JSON.parse((await rails('report', { args: ['-o', 'json'] })).out) as { nodes: number }
    expect(json.nodes).toBe(2)
  })

  it('say which right is missing, and who can not be reached', async () => {
    const { error } = await rails('status', { kubeconfig: plane.kubeconfigFor('nobody') })
    expect(error).toContain('forbidden')
    expect(error).toContain('roadcrew-rails')
    expect((await rails('status', { args: ['--context', 'none'] })).error).toContain('none')
  })
})
