import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Finding, Step } from '../../contract/hazard.ts'
import { look } from '../../engine/look.ts'
import { fileWorlds } from '../../manifests/world.ts'
import { machineZones } from '../../node/time-zones.ts'
import { secondsOf } from './durations.ts'
import { reloadStorm } from './hazard.ts'

const fixtures = join(import.meta.dirname, 'fixtures')

/** What is found in files, by name and reason. */
async function found(files: readonly string[], settings?: unknown): Promise<ReadonlyMap<string, Finding>> {
  const all = new Map<string, Finding>()
  const { worlds } = await fileWorlds(
    files.map((file) => join(fixtures, file)),
    { stdin: () => Promise.resolve('') },
  )
  for (const world of worlds) {
    const { judged } = await look({
      ...{ hazards: [reloadStorm], vantages: ['manifest', 'cluster'], world, zones: machineZones() },
      ...{ now: Date.parse('2026-11-23T08:00:00Z'), ticks: 0 },
      ...(settings !== undefined && { settings: { [reloadStorm.id]: reloadStorm.settings.parse(settings) } }),
    })
    for (const { subject, verdict } of judged) {
      for (const finding of verdict.verdict === 'found' ? verdict.findings : [])
        all.set(`${subject.name} ${finding.reason}`, finding)
    }
  }
  return all
}

const stepsOf = (finding: Finding | undefined, does: Step['do']): readonly Step[] =>
  (finding?.remedy ?? []).filter((step) => step.do === does)

describe('by events alone', () => {
  it('names the rate, over which time it is a mean, and who is edited so often', async () => {
    const finding = (await found(['fires/events.yaml'])).get('edge many-reloads')
    expect(finding?.fact).toBe(
      'ingress-nginx reloaded 70 times per hour, a mean of 420 in 5 h 57 min by its events; old workers live up to 240 s, so up to 5 generations of them at once',
    )
    expect(finding?.evidence.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      'event RELOAD: 421 times',
      'first: 2026-11-23T02:00:10Z',
      'last: 2026-11-23T07:58:00Z',
      'Ingress that is edited: web/shop: 25 changes per hour (1800 since it was made)',
      'image: registry.k8s.io/ingress-nginx/controller:v1.13.3 (ingress-nginx, retired since March 2026)',
    ])
    const [gather, leave] = stepsOf(finding, 'advise')
    expect(gather?.why).toContain('--sync-rate-limit')
    expect(leave).toMatchObject({ command: expect.stringContaining('ingress2gateway print --providers=ingress-nginx') })
    expect(leave?.why).toContain('retired since March 2026')
  })

  it('says what nginx said of a reload that failed, and how to see more', async () => {
    const finding = (await found(['fires/events.yaml'])).get('stuck failing-reloads')
    expect(finding?.severity).toBe('high')
    expect(finding?.evidence[0]?.value).toContain('unknown directive "proxy_sett_header"')
    expect(stepsOf(finding, 'advise')[0]).toMatchObject({
      command: expect.stringMatching(/^kubectl logs -n ingress-nginx stuck-5d9c7b9f4c-x2x7q -c controller/),
    })
  })

  it('goes by what the settings call too many', async () => {
    expect((await found(['quiet/events.yaml'], { reloadsPerHour: 10 })).has('rare many-reloads')).toBe(true)
    expect((await found(['fires/events.yaml'], { reloadsPerHour: 100 })).has('edge many-reloads')).toBe(false)
  })
})

describe('by metrics', () => {
  it('reads the text that a Pod served, from a file beside an export', async () => {
    const all = await found(['fires/events.yaml', 'metrics/ingress-nginx_edge-5d9c7b9f4c-x2x7q.prom'])
    expect(all.get('edge many-reloads')?.fact).toMatch(
      /^ingress-nginx reloaded 120 times per hour, a mean of 720 in 6 h since it started;/,
    )
    const pile = all.get('edge old-workers-pile-up')
    expect(pile).toMatchObject({ guess: true, severity: 'high' })
    expect(pile?.fact).toBe(
      'about 14 old workers of ingress-nginx still end what they have, beside 2 that take what comes; its processes take 450 MiB of 512 MiB; worker-shutdown-timeout 240 s, the default',
    )
    // Other Pods have told nothing by metrics: their events still count.
    expect(all.has('stuck failing-reloads')).toBe(true)
  })
})

describe('endpoints', () => {
  it('are named by their Services, the busiest first', async () => {
    const all = await found(['fires/endpoints.yaml'])
    expect(all.get('nic reloads-on-endpoints')?.fact).toBe(
      'NGINX Ingress Controller takes new endpoints by a reload, and those of 2 Services that Ingresses name change 35 times per hour on average: web/shop 25, web/api 10',
    )
    const [own] = stepsOf(all.get('nic reloads-on-endpoints'), 'advise')
    expect(own?.why).toContain('NGINX Plus')
    const [ancient] = stepsOf(all.get('ancient reloads-on-endpoints'), 'advise')
    expect(ancient?.why).toContain('ingress-nginx from 0.18 on')
  })
})

describe('how long old workers live', () => {
  it('is limited by an edit of the ConfigMap, and nothing else', async () => {
    const all = await found(['fires/settings.yaml'])
    expect(stepsOf(all.get('nic endless-old-workers'), 'edit')).toMatchObject([
      {
        target: { kind: 'ConfigMap', name: 'nginx-config' },
        changes: [{ path: ['data', 'worker-shutdown-timeout'], before: undefined, after: '240s' }],
      },
    ])
    const long = all.get('edge shutdown-timeout-exceeds-grace')
    expect(long?.fact).toBe(
      'old workers may take 600 s (worker-shutdown-timeout 10m), but a Pod that stops is killed after 300 s with all their connections',
    )
    expect(stepsOf(long, 'edit')).toMatchObject([
      { target: { kind: 'Deployment' }, changes: [{ before: 300, after: 610 }] },
    ])
  })

  it.each([
    ['240s', 240],
    ['10m', 600],
    ['1h 30m', 5400],
    ['1h30m', 5400],
    ['30', 30],
    ['500ms', 0.5],
    ['', undefined],
    ['soon', undefined],
    ['-1s', undefined],
    ['10 minutes', undefined],
    ['constructor', undefined],
  ])('%s is %s s', (text, seconds) => expect(secondsOf(text)).toBe(seconds))
})
