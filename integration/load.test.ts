// A load over HTTP/2 on a real nginx: what its limits, reloads and ends cost.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts } from '../src/lab/daemon.ts'
import { nginxHint } from '../src/lab/nginx.ts'
import { startTied, type TiedProcess } from '../src/lab/tied-process.ts'
import { type Load, type LoadPlan, startLoad, tryOnce } from '../src/rollout/load.ts'
import { isLost, isRaceForConnection } from '../src/rollout/outcomes.ts'

const hint = nginxHint(process.env)
const signal = () => AbortSignal.timeout(60_000)
const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

describe.skipIf(hint !== undefined)(`nginx over HTTP/2${hint === undefined ? '' : ` (skipped: ${hint})`}`, () => {
  let folder = ''
  let [port, plainPort] = [0, 0]
  let nginx: TiedProcess
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'roadcrew-load-'))
    ;[port = 0, plainPort = 0] = await freePorts(2)
    writeFileSync(
      join(folder, 'conf'),
      `daemon off; worker_processes 1; pid ${folder}/pid;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 10;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server { listen 127.0.0.1:${port} http2; location / { return 200 served; } }
  server { listen 127.0.0.1:${plainPort}; location / { return 200 served; } }
}`,
    )
    const files = ['-p', folder, '-e', `${folder}/log`, '-c', `${folder}/conf`]
    nginx = await startTied('env', [`PATH=${process.env.PATH}:/usr/sbin`, 'nginx', ...files])
    while ('failure' in (await tryOnce(planOf(), signal())).result) await sleep(50)
  })
  afterEach(async () => {
    await nginx.end()
    rmSync(folder, { recursive: true })
  })

  const planOf = (over: Partial<LoadPlan> = {}): LoadPlan => {
    const url = new URL(`http://127.0.0.1:${port}/`)
    const plan = { arrivals: { perSecond: 100 }, target: () => url, method: 'GET', timeoutMs: 20_000 } as const
    return { ...plan, protocol: 'http2', connections: 'kept', ...over }
  }
  const until = async ({ log }: Load, sent: number): Promise<void> => {
    while (log.counts().sent < sent) await sleep(10)
  }

  it('loses nothing but races where each connection serves ten requests', async () => {
    const load = startLoad(planOf(), signal())
    await until(load, 100)
    const outcomes = await load.stop()
    expect(outcomes.filter((one) => isLost(one) && !isRaceForConnection(one))).toEqual([])
    expect(outcomes.filter(({ reused }) => !reused).length).toBeGreaterThanOrEqual(10)
  })

  it('loses nothing but races to a reload', async () => {
    const load = startLoad(planOf(), signal())
    await until(load, 30)
    nginx.kill('SIGHUP')
    await until(load, 100)
    expect((await load.stop()).filter((one) => isLost(one) && !isRaceForConnection(one))).toEqual([])
  })

  it('is refused when nginx has ended', async () => {
    const load = startLoad(planOf({ connections: 'fresh' }), signal())
    await until(load, 30)
    await nginx.end()
    const ended = load.log.counts().sent
    await until(load, ended + 30)
    await load.stop()
    expect(load.log.counts().lostTo.refused).toBeGreaterThanOrEqual(20)
  })

  it('is told that a server for HTTP/1.1 is none', async () => {
    const plain = new URL(`http://127.0.0.1:${plainPort}/`)
    const { result } = await tryOnce(planOf({ target: () => plain }), signal())
    expect(result).toMatchObject({ failure: 'not-http2' })
  })
})
