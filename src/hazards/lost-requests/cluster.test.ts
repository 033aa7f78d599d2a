import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Finding } from '../../contract/hazard.ts'
import { look, type Memory } from '../../engine/look.ts'
import { fileWorlds } from '../../manifests/world.ts'
import { machineZones } from '../../node/time-zones.ts'
import { lostRequests } from './hazard.ts'
import { whyFailed } from './pod-events.ts'
import { spotOf } from './spot-nodes.ts'

const zones = machineZones()

async function seenAt(file: string, at: string, memory?: Memory) {
  const path = join(import.meta.dirname, 'fixtures', file)
  const { worlds } = await fileWorlds([path], { stdin: async () => '', version: { major: 1, minor: 34 } })
  const [files] = worlds
  if (!files) throw new Error(`${file} holds nothing`)
  // Frames of a story are one place, whatever their files are called.
  const world = {
    ...files,
    async *read(kinds: Parameters<typeof files.read>[0]) {
      for await (const batch of files.read(kinds)) {
        if (!('items' in batch)) yield batch
        else {
          const items = batch.items.map(({ subject, object }) => ({
            subject: { ...subject, source: { cluster: 'story' } },
            object,
          }))
          yield { ...batch, items }
        }
      }
    },
  }
  const hazards = [lostRequests]
  const options = { hazards, vantages: ['cluster'] as const, world, now: Date.parse(at), ticks: 0, zones }
  const seen = await look({ ...options, ...(memory && { memory }) })
  const findings = new Map<string, Finding>()
  for (const { subject, verdict } of seen.judged)
    if (verdict.verdict === 'found') findings.set(subject.name, verdict.findings[0])
  return { findings, memory: seen.memory }
}

const now = '2026-11-23T08:00:00Z'

describe('Pods that stop', () => {
  it('were killed at the end of their grace, with what took it', async () => {
    const { findings } = await seenAt('fires/stopping.yaml', now)
    expect(findings.get('killed')).toMatchObject({
      state: 'occurring',
      fact: 'Pod killed-7c5b4d9f88-aaaaa was killed 1 min 1 s after its deletion: container app had not ended within 60 s, of which preStop takes 10 s',
    })
    expect(findings.get('shortened')).toMatchObject({ state: 'exposed', lately: true })
    expect(findings.get('shortened')?.fact).toContain('within 5 s, which this deletion made shorter than its own 60 s')
  })

  it('were cut off by their node, as long after it began as its kubelet says', async () => {
    const { findings } = await seenAt('fires/stopping.yaml', now)
    expect(findings.get('shutdown')?.fact).toBe(
      'Pod shutdown-7c5b4d9f88-aaaaa was killed after 20 s as node node-a shut down, instead of within its own 60 s',
    )
  })

  it('are listed for longer than they wait: not before both clocks are surely past it', async () => {
    const { findings } = await seenAt('fires/stopping.yaml', now)
    expect(findings.get('late')?.fact).toBe(
      'Pod late-7c5b4d9f88-bbbbb has been stopping for 20 s, waits 10 s at most, and Service late still sends to it',
    )
    expect((await seenAt('fires/stopping.yaml', '2026-11-23T07:59:55Z')).findings.has('late')).toBe(false)
    expect((await seenAt('fires/stopping.yaml', '2026-11-23T07:59:56Z')).findings.has('late')).toBe(true)
    expect((await seenAt('fires/stopping.yaml', '2026-11-23T08:00:10Z')).findings.get('late')?.reason).toBe(
      'still-served',
    )
  })
})

describe('Pods that are not ready', () => {
  it('lost requests until their probe had failed often enough; all are lost where none is left', async () => {
    const { findings } = await seenAt('fires/readiness.yaml', now)
    expect(findings.get('one')).toMatchObject({ state: 'exposed', lately: true, severity: 'medium' })
    expect(findings.get('one')?.fact).toBe(
      'Pod one-7c5b4d9f88-aaaaa of 2 runs and has not been ready for 3 min: before that requests went to it for up to 30 s (3 × 10 s) while its probe failed',
    )
    expect(findings.get('all')?.state).toBe('occurring')
    expect(findings.get('all')?.fact).toContain('none of its 2 Pods is ready, though all run: Service all has nobody')
  })
})

describe('look after look', () => {
  const frames = ['2026-11-23T08:00:07Z', '2026-11-23T08:00:30Z', '2026-11-23T08:10:00Z', '2026-11-23T08:20:00Z']

  async function story(upTo: number) {
    let last = await seenAt('fires/watched/1.yaml', frames[0] ?? '')
    for (const [place, at] of frames.slice(1, upTo).entries())
      last = await seenAt(`fires/watched/${place + 2}.yaml`, at, last.memory)
    return last
  }

  it('brackets how long an endpoint stayed after the deletion', async () => {
    expect((await story(1)).findings.get('lags')?.state).toBe('occurring')
    expect((await story(2)).findings.get('lags')).toMatchObject({ state: 'exposed', lately: true })
    const fact =
      'Service lags listed Pod lags-7c5b4d9f88-aaaaa for 12 s to 35 s after its deletion, while it waits 5 s at most'
    expect((await story(2)).findings.get('lags')?.fact).toBe(fact)
    expect((await story(4)).findings.get('lags')?.fact).toBe(fact)
  })

  it('counts how often a Pod that ran on stopped being ready', async () => {
    expect((await story(3)).findings.has('flaps')).toBe(false)
    expect((await story(4)).findings.get('flaps')?.fact).toContain(
      'Pod flaps-7c5b4d9f88-aaaaa stopped being ready 2 times within the hour and ran on',
    )
  })

  it('forgets a measurement after a day', async () => {
    const { memory } = await story(4)
    expect((await seenAt('fires/watched/4.yaml', '2026-11-24T08:00:08Z', memory)).findings.size).toBe(0)
  })
})

describe('why a hook failed', () => {
  const oci = 'OCI runtime exec failed: exec failed: container_linux.go:349: starting container process caused'
  const told = (code: number, message: string) =>
    `Exec lifecycle hook ([/bin/sh -c drain]) for Container "app" in Pod "shop_web(1)" failed - error: command '/bin/sh -c drain' exited with ${code}: , message: "${message}"`

  it.each([
    [
      told(126, `${oci} \\"exec: \\"/bin/sh\\": stat /bin/sh: no such file or directory\\": unknown`),
      'its command is not in the image',
    ],
    [told(126, `${oci} exec: "sleep": executable file not found in $PATH: unknown`), 'its command is not in the image'],
    [told(126, `${oci} exec: "/drain.sh": permission denied: unknown`), 'its command may not be run'],
    [told(127, '/bin/sh: drain: not found'), 'exit code 127: a shell did not find a command'],
    [told(3, ''), 'exit code 3'],
    [
      'Http lifecycle hook (/stop) for Container "app" in Pod "shop" failed - error: connection refused',
      'its HTTP call failed',
    ],
    ['PreStopHook failed', undefined],
  ])('%s', (message, why) => expect(whyFailed(message)).toBe(why))
})

describe('a spot node', () => {
  const labelled = (labels: Record<string, string>, providerID?: string) =>
    spotOf({ metadata: { name: 'n', labels }, spec: { ...(providerID && { providerID }) } })?.notice

  it('is known by the label of its cloud, and gives the notice of it', () => {
    expect(labelled({ 'cloud.google.com/gke-preemptible': 'true' })).toBe(15)
    expect(labelled({ 'kubernetes.azure.com/scalesetpriority': 'spot' })).toBe(30)
    expect(labelled({ 'eks.amazonaws.com/capacityType': 'SPOT' })).toBe(120)
    expect(labelled({ 'karpenter.sh/capacity-type': 'spot' }, 'aws:///eu-west-1a/i-1')).toBe(120)
    expect(labelled({ 'karpenter.sh/capacity-type': 'spot' }, 'azure:///subscriptions/1')).toBe(30)
    expect(labelled({ 'karpenter.sh/capacity-type': 'spot' })).toBeUndefined()
    expect(labelled({ 'karpenter.sh/capacity-type': 'on-demand' }, 'aws:///eu-west-1a/i-1')).toBeUndefined()
  })
})
