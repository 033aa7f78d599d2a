// `roadcrew rails` on a real API server: what a person sees and does there.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { takePlace } from '../src/acting/budget.ts'
import { pausedAnnotation, policyPath, readPolicyOrWrong } from '../src/acting/policy-source.ts'
import { counted, emptyReport, writeReport } from '../src/acting/shadow-store.ts'
import { program } from '../src/commands/program.ts'
import { pause, resume } from '../src/commands/rails-pause.ts'
import { hazards } from '../src/hazards/index.ts'
import { type Client, connect } from '../src/kubernetes/client.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { kubeconfigText } from '../src/lab/credentials.ts'
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
    expect((await rails('report')).out).toMatch(/^lab: 0 nodes\nNo agent .* has counted anything/)
  })

  it('are paused and resumed, also where there was no policy, and both again do no harm', async () => {
    const first = await rails('pause', { args: ['--reason', 'network\nmaintenance'] })
    expect(first.code).toBe(0)
    expect(first.out).toMatch(
      /^Paused lab: ConfigMap roadcrew\/roadcrew-policy says "admin since 2026-11-23T08:00:00Z: network maintenance"\.\n/,
    )
    expect(first.out).toContain('touch /run/roadcrew/pause')
    expect(first.err).toContain('there was no ConfigMap roadcrew/roadcrew-policy, so it was made')
    expect(await rails('pause', { at: now + 60_000 })).toMatchObject({
      code: 0,
      out: 'lab is paused already, by admin since 2026-11-23T08:00:00Z: network maintenance\n',
    })
    expect((await rails('status')).out).toMatch(
      /^lab: paused by admin since 2026-11-23T08:00:00Z: network maintenance\n/,
    )
    expect(await rails('resume')).toMatchObject({
      code: 0,
      out: 'Resumed lab; it was paused by admin since 2026-11-23T08:00:00Z: network maintenance\n',
    })
    expect(await rails('resume')).toMatchObject({ code: 0, out: 'lab was not paused.\n' })
    expect((await rails('status')).out).toMatch(/^lab: not paused\n/)
    expect(await rails('pause')).toMatchObject({ code: 0, err: '' })
    await rails('resume')
  })

  /** As if somebody wrote to the policy just before the first write of this client. */
  function overtaken(annotations: Record<string, string>): Client {
    let still = true
    return {
      ...client,
      async ask(ask) {
        if (ask.method === 'PATCH' && still) {
          still = false
          await plane.send('PATCH', policyPath(space), { metadata: { annotations } })
        }
        return client.ask(ask)
      },
    }
  }
  const noteNow = async () => (await readPolicyOrWrong(client, space, hazards)).paused
  const place = (by: Client) => {
    const io = testIo({ now: () => now })
    return { client: by, namespace: space, context: 'lab', io, written: io.written }
  }

  it('do not lift a pause that was set after they read, nor write over one', async () => {
    await pause(place(client), { who: 'ann' })
    const newer = place(overtaken({ [pausedAnnotation]: 'bob since just now' }))
    expect(await resume(newer)).toBe(1)
    expect(newer.written.err).toContain('somebody else wrote to the policy meanwhile, reading it again\n')
    expect(newer.written.err).toContain('paused anew meanwhile, by bob since just now')
    expect(await noteNow()).toBe('bob since just now')

    const other = place(overtaken({ other: 'note' }))
    expect(await resume(other)).toBe(0)
    expect(other.written.out).toBe('Resumed lab; it was paused by bob since just now\n')
    expect(await noteNow()).toBeUndefined()

    const second = place(overtaken({ [pausedAnnotation]: 'bob was faster' }))
    expect(await pause(second, { who: 'ann' })).toBe(0)
    expect(second.written.out).toBe('lab is paused already, by bob was faster\n')
    expect(await noteNow()).toBe('bob was faster')
    await rails('resume')
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
    await takePlace(client, space, entry, { most: 20, withinMs: 3_600_000 })
    const { code, out } = await rails('status')
    expect(code).toBe(0)
    expect(out).toContain(
      "lab: outside of the policy's windows: nothing is done now\nConfigMap roadcrew/roadcrew-policy",
    )
    expect(out).toMatch(/stuck-container +continue-shim +act\n +end-shim +advise\n +only on nodes pool=batch\n/)
    expect(out).toContain('Tue 09:00-10:00 UTC; now is outside, the next begins 2026-11-24T09:00:00Z')
    expect(out).toMatch(
      /in the cluster +1 of 20 within the last hour\n +on one node +at most 3 within an hour; node-1 1\n/,
    )
    expect(out).toContain('2026-11-23T07:50:00Z  node-1  begun')
    const json = JSON.parse((await rails('status', { args: ['-o', 'json'] })).out) as Record<string, unknown>
    expect(json).toMatchObject({
      windows: { open: false },
      used: { cluster: 1, nodes: { 'node-1': 1 } },
      acts: [{ node: 'node-1', step: 'end-shim', text: entry.text }],
    })
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
      err: expect.stringContaining('policy.yaml in ConfigMap roadcrew/roadcrew-policy says paused: true'),
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
    expect(out).toContain('lab: 2 nodes, for 1 d, since 2026-11-22T08:00:00Z')
    expect(out).toMatch(/\n {2}end-shim +0 +0 +0 +1 +1 +1 +1\n/)
    expect(out).toContain('Of 1 step that was done 1 cured.')
    expect(out).toContain('Of 3 steps that were advised people took 1 themselves')
    expect((await rails('report', { args: ['--by', 'node'] })).out).toMatch(
      /\n {2}end-shim\n {4}node-1 +0 +0 +0 +1 +1 +0 +1\n {4}node-2 +0 +0 +0 +0 +0 +1 +0\n/,
    )
    const json = JSON.parse((await rails('report', { args: ['-o', 'json'] })).out) as { nodes: number }
    expect(json.nodes).toBe(2)
  })

  it('say which right is missing, and what to do', async () => {
    for (const what of ['status', 'pause', 'resume', 'report']) {
      const { error, out } = await rails(what, { kubeconfig: plane.kubeconfigFor('nobody') })
      expect(error, what).toMatch(/User "nobody" cannot (get|list) resource "(configmaps|leases)"/)
      expect(error, what).toContain('kubectl -n roadcrew create rolebinding oncall --role=roadcrew-rails')
      expect(out, what).toBe('')
    }
  })

  it('pause nothing in a namespace that is none, and say whom they do not find', async () => {
    expect((await rails('pause', { args: ['-n', 'nowhere'] })).error).toContain(
      'there is no namespace nowhere, so nothing was paused',
    )
    expect((await rails('status', { args: ['--context', 'none'] })).error).toContain('has no context "none"')
  })

  it('say of whom may read but not make the policy that nothing was paused', async () => {
    const rules = [
      { apiGroups: [''], resources: ['configmaps'], resourceNames: ['roadcrew-policy'], verbs: ['get', 'patch'] },
    ]
    const rbac = 'rbac.authorization.k8s.io'
    const metadata = { name: 'rails', namespace: 'default' }
    await plane.send('POST', `/apis/${rbac}/v1/namespaces/default/roles`, { metadata, rules })
    await plane.send('POST', `/apis/${rbac}/v1/namespaces/default/rolebindings`, {
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'rails' },
      subjects: [{ apiGroup: rbac, kind: 'User', name: 'nobody' }],
    })
    const kubeconfig = plane.kubeconfigFor('nobody')
    await expect
      .poll(async () => (await rails('pause', { kubeconfig, args: ['-n', 'default'] })).error, { timeout: 10_000 })
      .toMatch(
        /cannot create resource "configmaps"[\s\S]*There is no ConfigMap default\/roadcrew-policy[\s\S]*you may not make one/,
      )
  })
})

describe('rails of a cluster that can not be reached', () => {
  it('say so, with the exit code 2 and without a stack trace', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roadcrew-rails-'))
    try {
      const path = join(folder, 'config')
      const access = { server: 'https://127.0.0.1:1', ca: '', user: 'ann', token: 't' }
      writeFileSync(path, kubeconfigText(access))
      const main = join(import.meta.dirname, '..', 'src', 'main.ts')
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ['--import', 'tsx', main, 'rails', 'pause', '--kubeconfig', path],
        { encoding: 'utf8' },
      )
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/^roadcrew: cannot reach https:\/\/127\.0\.0\.1:1: nothing listens there/)
      expect(stderr).not.toMatch(/\n +at /)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
