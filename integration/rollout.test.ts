// `roadcrew rollout` as a person runs it, against what fails on purpose: each failure has to be blamed on what made it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Deployment } from 'kubernetes-types/apps/v1.js'
import type { Event } from 'kubernetes-types/core/v1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePorts } from '../src/lab/daemon.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { type Nginx, startNginx } from '../src/lab/nginx.ts'
import { rolloutSchema } from '../src/report/rollout-schema.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { Answering, reportIn, runRollout, Shop, startRollout } from './rollout-stage.ts'

describe.skipIf(controlPlaneOrSkip())('roadcrew rollout', () => {
  let lab: Lab
  let folder = ''
  let number = 0
  const ends: (() => unknown)[] = []

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal, ['app-team'])
    folder = mkdtempSync(join(tmpdir(), 'roadcrew-rollout-'))
  })

  afterAll(async () => {
    for (const end of ends) await end()
    await lab?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function answering(): Promise<Answering> {
    const one = await new Answering().listen()
    ends.push(() => one.end())
    return one
  }

  /** Runs it for some seconds, lets something happen in their midst, and gives its report. */
  async function measure(shop: Shop, answers: Answering, happens: () => Promise<unknown>, ...more: readonly string[]) {
    const url = more.includes('--url') ? [] : ['--url', answers.url]
    const args = ['deploy/shop', '-n', shop.namespace, '--rate', '100', '--for', '6s', '--timeout', '1s', '-o', 'json']
    const { begun, ended } = startRollout(lab, [...args, ...url, ...more])
    await begun
    await sleep(1_000) // at rest
    await happens()
    const ran = await ended
    return { ran, report: reportIn(ran) }
  }

  const opened = (options?: Parameters<Shop['open']>[0]): Promise<Shop> => new Shop(lab, ++number).open(options)

  async function before(application: Answering): Promise<{ readonly nginx: Nginx; readonly url: string }> {
    const [port = 0] = await freePorts(1)
    const served = [{ port, by: [application.port], retries: true }]
    const nginx = await startNginx(join(folder, `nginx-${port}`), served, new AbortController().signal)
    ends.push(() => nginx.program.end())
    return { nginx, url: `http://127.0.0.1:${port}/` }
  }

  const event = (namespace: string, reason: string) =>
    lab.send('POST', `/api/v1/namespaces/${namespace}/events`, {
      metadata: { name: `reload-${Date.now()}`, namespace },
      involvedObject: { kind: 'Pod', namespace, name: 'ingress-nginx-controller-7' },
      ...{ reason, type: 'Normal', message: 'NGINX reload triggered due to a change in configuration' },
    })

  it('blames a Pod that was sent to after SIGTERM: refused, and cut off in flight', async () => {
    const [shop, answers] = [await opened(), await answering()]
    answers.how = (answer) => void setTimeout(() => answer.end('served'), 100)
    const { ran, report } = await measure(shop, answers, async () => {
      await shop.delete('old')
      await sleep(400)
      answers.end()
    })
    expect(rolloutSchema.safeParse(report).error).toBeUndefined()
    expect(ran.code).toBe(1)
    const [refused, cut] = [
      report.causes.find(({ how }) => how === 'refused'),
      report.causes.find(({ how }) => how === 'cut-off'),
    ]
    expect(refused).toMatchObject({ culprit: 'stopping', pods: ['old'] })
    expect(cut).toMatchObject({ culprit: 'stopping', pods: ['old'] })
    expect(cut?.count).toBeGreaterThan(0)
    const lost = report.causes.filter(({ how }) => how !== 'slow')
    expect(report.lost + report.again).toBe(lost.reduce((sum, { count }) => sum + count, 0))
    const old = report.pods.find(({ name }) => name === 'old')
    expect(old).toMatchObject({ graceSeconds: 30, waitSeconds: 0, wasThere: true })
    expect(old?.endpointRemovedMs).toBeGreaterThanOrEqual(old?.deletedMs ?? Number.POSITIVE_INFINITY)
    expect(report.moments.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['pod-deleted', 'sigterm', 'endpoint-removed']),
    )
    expect(report.drain).toMatchObject({ n: 1, pods: [{ pod: 'old', is: 'measured' }] })
    expect(report.drain.waitSeconds).toBeUndefined()
  })

  it('blames 502 of a real nginx on the Pod that it still sends to', async () => {
    const [shop, application] = [await opened(), await answering()]
    const { url } = await before(application)
    const { report } = await measure(
      shop,
      application,
      async () => {
        await shop.delete('old')
        await sleep(300)
        application.end()
      },
      ...['--url', url],
    )
    expect(report.causes).toContainEqual(expect.objectContaining({ how: '502', culprit: 'stopping', pods: ['old'] }))
  })

  it('blames connections that a reload of a real nginx cut on the reload', async () => {
    const [shop, application] = [await opened(), await answering()]
    application.how = (answer) => void setTimeout(() => answer.end('served'), 300)
    const { nginx, url } = await before(application)
    const { report } = await measure(
      shop,
      application,
      async () => {
        // What an ingress controller does whose worker_shutdown_timeout is over at once.
        nginx.program.kill('SIGTERM')
        await event(shop.namespace, 'RELOAD')
        await nginx.program.gone()
      },
      ...['--url', url],
    )
    expect(report.causes.find(({ how }) => how === 'cut-off')).toMatchObject({ culprit: 'reload' })
    expect(report.causes.find(({ how }) => how === 'refused')).toMatchObject({ culprit: 'front' })
  })

  it('blames 503 on endpoints of which none is ready, and 504 on the Pod that got SIGTERM', async () => {
    const unready = async () => {
      const [shop, front] = [await opened(), await answering()]
      return measure(shop, front, async () => {
        await Promise.all([shop.unready('old'), shop.unready('other')])
        await sleep(500)
        front.how = (answer) => void answer.writeHead(503).end()
      })
    }
    const mute = async () => {
      const [shop, proxy] = [await opened(), await answering()]
      return measure(shop, proxy, async () => {
        await shop.delete('other')
        proxy.how = (answer) => void setTimeout(() => answer.writeHead(504).end(), 200)
      })
    }
    const [first, second] = await Promise.all([unready(), mute()])
    expect(first.report.causes).toContainEqual(expect.objectContaining({ how: '503', culprit: 'none-ready' }))
    const stopping = { how: '504', culprit: 'stopping', pods: ['other'] }
    expect(second.report.causes).toContainEqual(expect.objectContaining(stopping))
  })

  it('blames a container that crashed, one that was killed at the end of its grace period, and one that hangs', async () => {
    const crash = async () => {
      const [shop, answers] = [await opened(), await answering()]
      return measure(shop, answers, async () => {
        answers.end()
        await sleep(700)
        await shop.ended('old', 1, 1)
      })
    }
    const kill = async () => {
      const [shop, answers] = [await opened({ grace: 2, sleepSeconds: 1 }), await answering()]
      answers.how = (answer) => void setTimeout(() => answer.end('served'), 700)
      return measure(shop, answers, async () => {
        await shop.delete('old')
        await sleep(2_100)
        answers.end()
        await shop.ended('old', 137)
      })
    }
    const hang = async () => {
      const [shop, answers] = [await opened(), await answering()]
      return measure(shop, answers, async () => {
        answers.how = () => undefined
        await sleep(2_000)
        await shop.unready('other')
      })
    }
    const [crashed, killed, hung] = await Promise.all([crash(), kill(), hang()])
    const refused = { how: 'refused', culprit: 'crashed', pods: ['old'] }
    expect(crashed.report.causes).toContainEqual(expect.objectContaining(refused))
    expect(killed.report.causes.map(({ culprit }) => culprit)).toContain('killed')
    const unready = { how: 'timed-out', culprit: 'unready', pods: ['other'] }
    expect(hung.report.causes).toContainEqual(expect.objectContaining(unready))
  })

  it('blames a new Pod that was sent to too early, and a route that changed', async () => {
    const tooEarly = async () => {
      const [shop, answers] = [await opened(), await answering()]
      return measure(shop, answers, async () => {
        await shop.pod('new')
        await sleep(600)
        answers.how = (answer) => void answer.writeHead(502).end()
        await sleep(600)
        answers.how = (answer) => void answer.end('served')
      })
    }
    const reroute = async () => {
      const [shop, answers] = [await opened(), await answering()]
      const path = `/apis/networking.k8s.io/v1/namespaces/${shop.namespace}/ingresses`
      const backend = { service: { name: 'shop', port: { number: 80 } } }
      await lab.send('POST', path, { metadata: { name: 'shop' }, spec: { defaultBackend: backend } })
      return measure(shop, answers, async () => {
        await lab.send('PATCH', `${path}/shop`, { metadata: { annotations: { changed: 'yes' } } })
        answers.how = (answer) => void answer.writeHead(404).end()
      })
    }
    const [early, changed] = await Promise.all([tooEarly(), reroute()])
    const starting = { how: '502', culprit: 'starting', pods: ['new'] }
    expect(early.report.causes).toContainEqual(expect.objectContaining(starting))
    expect(changed.report.causes).toContainEqual(expect.objectContaining({ how: 'status', culprit: 'route-changed' }))
  })

  it('goes on while the API server is away, marks the gap, and blames nobody for what was lost in it', async () => {
    const [shop, answers] = [await opened(), await answering()]
    const { report } = await measure(
      shop,
      answers,
      async () => {
        const restarted = lab.restartApiServer()
        await sleep(1_000)
        answers.how = (answer) => void answer.writeHead(500).end()
        await restarted
        answers.how = (answer) => void answer.end('served')
      },
      ...['--for', '15s'],
    )
    expect(report.causes).toContainEqual(expect.objectContaining({ how: 'status', culprit: 'unwatched' }))
    expect(report.gaps.length).toBeGreaterThan(0)
    expect(report.buckets.every(({ sent }) => sent > 0)).toBe(true)
  })

  it('restarts what it was told to, once it was asked for with --yes, and leaves an Event', async () => {
    const [shop, answers] = [await opened(), await answering()]
    const url = ['--url', answers.url, '-n', shop.namespace]
    const refused = await runRollout(lab, ['deploy/shop', ...url, '--restart'])
    expect([refused.code, refused.err]).toEqual([64, expect.stringContaining('--yes')])
    const path = `/apis/apps/v1/namespaces/${shop.namespace}/deployments/shop`
    const annotations = async () =>
      ((await lab.send('GET', path)) as Deployment).spec?.template.metadata?.annotations ?? {}
    expect(await annotations()).toEqual({})
    const ran = await runRollout(lab, ['deploy/shop', ...url, '--restart', '--yes', '-o', 'json'])
    expect([ran.code, reportIn(ran)]).toMatchObject([0, { outcome: 'complete', restarts: 1, lost: 0 }])
    expect(Object.keys(await annotations())).toEqual(['kubectl.kubernetes.io/restartedAt'])
    const events = await lab.list<Event>(`/api/v1/namespaces/${shop.namespace}/events`)
    expect(events.map(({ reason }) => reason)).toContain('RoadcrewRestarted')

    await lab.send('PATCH', path, { metadata: { annotations: { 'roadcrew.dev/spare': 'until friday' } } })
    const spared = await runRollout(lab, ['deploy/shop', ...url, '--restart', '--yes', '-o', 'json'])
    expect(spared.code).toBe(2)
    expect(reportIn(spared).outcome).toContain('its annotation roadcrew.dev/spare says until friday')
  })

  it('goes on for who may see little more than the workload, and says what it could not watch', async () => {
    const [shop, answers] = [await opened(), await answering()]
    const rules = [
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] },
      { apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ]
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${shop.namespace}`
    await lab.send('POST', `${rbac}/roles`, { metadata: { name: 'team' }, rules })
    await lab.send('POST', `${rbac}/rolebindings`, {
      metadata: { name: 'team' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'team' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'app-team' }],
    })
    const args = ['deploy/shop', '-n', shop.namespace, '--url', answers.url, '--restart', '--yes', '-o', 'json']
    const ran = await startRollout({ kubeconfig: lab.kubeconfigFor('app-team') }, args).ended
    const { notes, outcome, lost } = reportIn(ran)
    expect([outcome, lost, ran.code]).toEqual(['complete', 0, 0])
    expect(notes).toEqual(expect.arrayContaining([expect.stringMatching(/^Events are not watched: .*forbidden/)]))
  })

  it('tells what was measured where it is stopped early', async () => {
    const [shop, answers] = [await opened(), await answering()]
    const args = ['deploy/shop', '-n', shop.namespace, '--url', answers.url, '--for', '5m']
    const { begun, ended, stop } = startRollout(lab, args)
    await begun
    await sleep(1_500)
    stop('SIGINT')
    const { code, out, err } = await ended
    expect([code, out]).toEqual([
      130,
      expect.stringMatching(/stopped early, after \d[\s\S]*^0 of \d+ requests were lost$/m),
    ])
    expect(out).not.toContain('not watched')
    expect(err).toMatch(/^roadcrew: watching [^\n]*\n$/)
  })

  it('says what is wrong before it does anything', async () => {
    const [shop, answers] = [await opened(), await answering()]
    const inShop = ['-n', shop.namespace]
    const errorOf = async (...args: readonly string[]) => {
      const { code, err } = await runRollout(lab, args)
      return [code, err]
    }
    expect(await errorOf('deploy/nope', ...inShop, '--watch-only')).toEqual([
      2,
      expect.stringContaining('there is no Deployment'),
    ])
    expect(await errorOf('shop', ...inShop, '--watch-only')).toEqual([
      64,
      expect.stringContaining('expected deploy/<name>'),
    ])
    expect(await errorOf('deploy/shop', ...inShop)).toEqual([64, expect.stringContaining('--url')])
    expect(await errorOf('deploy/shop', ...inShop, '--url', 'ftp://x')).toEqual([64, expect.stringContaining('no URL')])
    answers.how = (answer) => void answer.writeHead(404).end()
    expect(await errorOf('deploy/shop', ...inShop, '--url', answers.url)).toEqual([
      2,
      expect.stringContaining('answered 404'),
    ])
    const missing = join(folder, 'none.yaml')
    writeFileSync(missing, 'hazards: {nope: {}}\n')
    const wrong = await errorOf('deploy/shop', ...inShop, '--url', answers.url, '--write-wait', missing)
    expect(wrong).toEqual([64, expect.stringContaining('there is no such hazard')])
  })

  it('only watches where it is told to, and writes a page', async () => {
    const shop = await opened()
    const page = join(folder, 'watched.html')
    const { begun, ended } = startRollout(lab, [
      'deploy/shop',
      '-n',
      shop.namespace,
      '--watch-only',
      '--for',
      '8s',
      '--html',
      page,
    ])
    await begun
    await shop.delete('old')
    const { code, out } = await ended
    expect([code, out]).toEqual([0, expect.stringContaining('1 Pod was deleted meanwhile')])
    expect(readFileSync(page, 'utf8')).toMatch(
      /^<!doctype html>[\s\S]*<svg class="timeline"[\s\S]*old: has got SIGTERM/,
    )
  })
})
