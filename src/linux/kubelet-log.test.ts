import { describe, expect, it } from 'vitest'
import type { Zone } from '../contract/hazard.ts'
import { type KubeletEntry, kubeletHealth, parseKubeletLine, stallsOf } from './kubelet-log.ts'

const asOf = Date.parse('2021-08-06T00:00:00Z')
const minutes = 60_000
const parse = (lines: readonly string[], zone?: Zone): KubeletEntry[] =>
  lines.flatMap((line) => parseKubeletLine(line, { asOf, ...(zone && { zone }) }) ?? [])
const iso = (ms: number | undefined): string => new Date(ms ?? 0).toISOString()

describe('reasons, however they are joined', () => {
  const down = 'container runtime is down'
  const pleg = (age: string): string => `PLEG is not healthy: pleg was last seen active ${age} ago; threshold is 3m0s`
  const cni =
    'runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized'

  it.each([
    ['a condition of before 1.13', `${down},${pleg('18h32m1.5s')}`, true, 66_721_500],
    ['a Go slice in the log', `skipping pod synchronization - [${down} ${pleg('6m1.2s')}]`, true, 361_200],
    ['an aggregate, structured', `"Skipping pod synchronization" err="[${down}, ${pleg('6m1.2s')}]"`, true, 361_200],
    ['one reason, structured', `"Skipping pod synchronization" err="${down}"`, true, undefined],
    ['no brackets, no quotes', `skipping pod synchronization - ${pleg('3m0.80730835s')}`, false, 180_807.30835],
    ['an aggregate in a condition', `[${down}, ${pleg('3m5s')}]`, true, 185_000],
    ['the other generator', `Evented${pleg('3m5s')}`, false, 185_000],
    ['none', '', false, undefined],
  ])('%s', (_, message, runtimeDown, ageMs) => {
    const health = kubeletHealth(message)
    expect(health.runtimeDown).toBe(runtimeDown)
    expect(health.pleg).toEqual(ageMs && { ageMs, thresholdMs: 180_000 })
    expect(health).toMatchObject({ starting: false, other: '' })
  })

  it('keeps what else there is', () => {
    expect(kubeletHealth(cni)).toEqual({ runtimeDown: false, starting: false, other: cni })
    expect(kubeletHealth(`[${down}, node is shutting down, ${pleg('4m0s')}, ${cni}]`)).toMatchObject({
      runtimeDown: true,
      other: `node is shutting down, ${cni}`,
    })
    expect(kubeletHealth(pleg('3q')).other).toBe(pleg('3q'))
  })

  it.each([
    `PLEG is not healthy: pleg has yet to be successful`,
    '[container runtime status check may not have completed yet PLEG is not healthy: pleg has yet to be successful]',
    '[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]',
    pleg('2562047h47m16.854775807s'),
  ])('takes a start for no stall: %s', (message) =>
    expect(kubeletHealth(message)).toEqual({ runtimeDown: false, starting: true, other: '' }),
  )
})

describe('stalls', () => {
  it('are one where time minus age is one instant', () => {
    const lines = [
      'Mar  3 16:02:43 n1 kubelet[7]: I0303 16:02:43.934473       7 kubelet.go:1778] skipping pod synchronization - [PLEG is not healthy: pleg was last seen active 3m5.30015447s ago; threshold is 3m0s]',
      'Mar  3 16:02:48 n1 kubelet[7]: I0303 16:02:48.934773       7 kubelet.go:1778] skipping pod synchronization - [PLEG is not healthy: pleg was last seen active 3m10.30056416s ago; threshold is 3m0s]',
      'Mar  3 16:02:49 n1 kubelet[7]: I0303 16:02:49.000000       7 kubelet.go:1779] something else',
      'Mar  3 16:02:53 n1 kubelet[7]: I0303 16:02:53.935030       7 kubelet.go:1778] skipping pod synchronization - [PLEG is not healthy: pleg was last seen active 3m15.300823802s ago; threshold is 3m0s]',
    ]
    const [stall, ...others] = stallsOf(parse(lines))
    expect(others).toEqual([])
    expect(iso(stall?.lastRelist)).toBe('2021-03-03T15:59:38.634Z')
    expect(stall).toMatchObject({ thresholdMs: 3 * minutes, lines: 3 })
    const over = [stall?.firstTold, stall?.lastTold].map((told) => (told ?? 0) - (stall?.lastRelist ?? 0) - 3 * minutes)
    expect(over.map((ms) => Math.round(ms / 1000))).toEqual([5, 15])
  })

  it('of hours are told in the newer words as well', () => {
    const lines = [
      'Apr  3 10:53:52 n2 kubelet: E0403 10:53:52.844381    3263 kubelet.go:2055] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active 2h33m12.704970756s ago; threshold is 3m0s"',
      'Apr  3 10:53:57 n2 kubelet: E0403 10:53:57.845163    3263 kubelet.go:2055] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active 2h33m17.705751197s ago; threshold is 3m0s"',
    ]
    expect(stallsOf(parse(lines)).map(({ lastRelist }) => iso(lastRelist))).toEqual(['2021-04-03T08:20:40.139Z'])
  })

  it('follow each other where a node flaps', () => {
    const line = (time: string, age: string): string =>
      `May 05 ${time.slice(0, 8)} n3 kubelet[2858]: I0505 ${time}    2858 kubelet_node_status.go:682] Node became not ready: {Type:Ready Status:False LastHeartbeatTime:2021-05-05 ${time} +0000 UTC LastTransitionTime:2021-05-05 ${time} +0000 UTC Reason:KubeletNotReady Message:PLEG is not healthy: pleg was last seen active ${age} ago; threshold is 3m0s}`
    const stalls = stallsOf(
      parse([
        line('13:59:56.872908', '3m7.629592089s'),
        line('14:03:57.010101', '3m4.1s'),
        line('14:07:57.020202', '3m3.9s'),
      ]),
    )
    expect(stalls.map(({ lastRelist }) => iso(lastRelist).slice(11, 19))).toEqual(['13:56:49', '14:00:52', '14:04:53'])
  })
})

describe('a node that became not ready', () => {
  const pleg = 'PLEG is not healthy: pleg was last seen active 3m0.352359086s ago; threshold is 3m0s'
  const struct = `{Type:Ready Status:False LastHeartbeatTime:2021-07-21 10:13:09.879700705 +0800 CST m=+142206.106938509 LastTransitionTime:2021-07-21 10:13:09.879700705 +0800 CST m=+142206.106938509 Reason:KubeletNotReady Message:${pleg}}`
  const json = JSON.stringify({
    type: 'Ready',
    status: 'False',
    lastTransitionTime: '2021-07-21T02:13:09Z',
    reason: 'KubeletNotReady',
    message: pleg,
  })

  it('says so with a zone that only its offset tells', () => {
    const [entry] = parse([`I0721 10:13:09.879728    1082 setters.go:577] Node became not ready: ${struct}`])
    expect(entry).toMatchObject({ tells: 'not-ready', health: { pleg: { thresholdMs: 3 * minutes }, other: '' } })
    expect(iso(entry?.at)).toBe('2021-07-21T02:13:09.879Z')
    expect(entry && 'uptimeMs' in entry ? Math.floor((entry.uptimeMs ?? 0) / 1000) : 0).toBe(142_206)
    expect(stallsOf(entry ? [entry] : []).map(({ lastRelist }) => iso(lastRelist))).toEqual([
      '2021-07-21T02:10:09.527Z',
    ])
  })

  it.each([
    ['structured', `"Node became not ready" node="n1" condition=${struct}`, '2021-07-21T02:13:09.879Z'],
    ['structured with JSON', `"Node became not ready" node="n1" condition=${json}`, '2021-07-21T02:13:09.000Z'],
    ['all JSON', `{"ts":1,"msg":"Node became not ready","condition":${json}}`, '2021-07-21T02:13:09.000Z'],
  ])('%s', (_, message, at) => {
    const [entry] = parse([message.startsWith('{') ? message : `I0721 10:13:09.879728    1 setters.go:600] ${message}`])
    expect(entry).toMatchObject({ tells: 'not-ready', health: { pleg: { ageMs: 180_352.359086 } } })
    expect(iso(entry?.at)).toBe(at)
  })

  it('says why even if nothing else can be read', () =>
    expect(parse(['I0721 10:13:09.879728 1 setters.go:577] Node became not ready: {Message:odd}'])[0]).toMatchObject({
      at: Date.parse('2021-07-21T10:13:09.879Z') + 0.728,
      health: { other: 'odd' },
    }))
})

describe('what a relist hangs on', () => {
  const id = '0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9'
  const late = 'rpc error: code = DeadlineExceeded desc = context deadline exceeded'
  it.each([
    [
      'a sandbox and its Pod',
      `PodSandboxStatus of sandbox "${id}" for pod "cron-1626-zh4xf_jobs(bb11f2f0-0786)" error: ${late}`,
      { sandbox: id, pod: { namespace: 'jobs', name: 'cron-1626-zh4xf', uid: 'bb11f2f0-0786' } },
    ],
    ['a sandbox', `PodSandboxStatus "${id}" from runtime service failed: ${late}`, { sandbox: id }],
    ['a container', `ContainerStatus "${id}" from runtime service failed: ${late}`, { container: id }],
    [
      'a sandbox, structured',
      `"PodSandboxStatus of sandbox for pod" err="${late}" podSandboxID="${id}" pod="jobs/cron-1626-zh4xf"`,
      { sandbox: id, pod: { namespace: 'jobs', name: 'cron-1626-zh4xf' } },
    ],
    [
      'a container, structured',
      `"ContainerStatus from runtime service failed" err="${late}" containerID="${id}"`,
      { container: id },
    ],
  ])('%s', (_, message, told) => {
    const [entry] = parse([`E0721 10:12:09.551588    1082 kuberuntime_manager.go:965] ${message}`])
    expect(entry).toEqual({ tells: 'uninspectable', at: Date.parse('2021-07-21T10:12:09.551Z') + 0.588, ...told })
  })

  it.each([
    `ContainerStatus "${id}" from runtime service failed: rpc error: code = NotFound desc = no such container`,
    `"Unable to retrieve pods" err="${late}"`,
  ])('is not told by %s', (message) => expect(parse([`E0721 10:12:09.551588 1 a.go:1] ${message}`])).toEqual([]))
})
