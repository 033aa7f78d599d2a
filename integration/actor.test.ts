// The privileged part as a process of its own, on a real containerd: what it tells, does and refuses.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Step } from '../src/contract/hazard.ts'
import { type LabContainer, type LabContainerd, startContainerd } from '../src/lab/containerd.ts'
import { holdInNewFreezer } from '../src/lab/freezers.ts'
import { startOf, stateOf, stopProcess } from '../src/lab/processes.ts'
import { readProcess } from '../src/node/processes.ts'
import { type ThroughActor, throughActor } from '../src/runtimes/through-actor.ts'
import { runtimesOrSkip } from './require-runtimes.ts'

const main = join(import.meta.dirname, '../dist/main.js')

const pod = (name: string, namespace = 'ads') => ({
  labels: {
    'io.kubernetes.pod.namespace': namespace,
    'io.kubernetes.pod.name': name,
    'io.kubernetes.pod.uid': `uid-${name}`,
    'io.kubernetes.container.name': 'app',
  },
})

const shimOf = ({ shim }: LabContainer) => {
  const process = readProcess('/proc', shim)
  if (!process) throw new Error(`there is no shim ${shim}`)
  return { pid: shim, startTicks: process.startTicks, command: process.command.join(' ') }
}

const step = (container: LabContainer, does: 'continue-shim' | 'end-shim'): Step => {
  const target = { source: { node: 'n' }, kind: 'Container', name: 'app', uid: container.id }
  const common = { why: 'a test wants it', target, shim: shimOf(container) }
  return does === 'end-shim' ? { do: does, ...common, alsoEnds: [] } : { do: does, ...common }
}

describe.skipIf(runtimesOrSkip())('the actor', () => {
  let lab: LabContainerd
  let socket: string
  let child: ChildProcess
  let through: ThroughActor
  let out = ''
  const releases: (() => void)[] = []

  const start = async (...args: string[]): Promise<void> => {
    const evidence = join(lab.folder, 'evidence')
    const all = [main, 'actor', '--listen', socket, '--socket', lab.socket, '--evidence', evidence, ...args]
    child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout?.on('data', (part: Buffer) => {
      out += part.toString()
    })
    await expect.poll(() => out, { timeout: 20_000 }).toContain('"started"')
    through = await throughActor(socket, 5000)
  }
  const stop = async (): Promise<number | null> => {
    await through.runtime.close()
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    out = ''
    return ended
  }
  const apply = (one: Step) => {
    const arm = through.arms.find(({ does }) => does === one.do)
    return arm?.apply(one)
  }

  beforeAll(async () => {
    lab = await startContainerd()
    chmodSync(lab.folder, 0o755) // else nobody else gets as far as the socket
    socket = join(lab.folder, 'actor.sock')
  })
  afterEach(() => {
    for (const release of releases.splice(0)) release()
  })
  afterAll(async () => {
    child?.kill('SIGKILL')
    await lab?.stop()
  })

  it('tells what the runtime says, and what only root may read', async () => {
    const container = await lab.run(pod('well'))
    await start('--mode', 'act')
    expect(through.runtime).toMatchObject({ name: 'containerd', socket: lab.socket })
    expect(await through.runtime.answers(1000)).toEqual({ ms: expect.any(Number) })
    expect(await through.runtime.list(1000)).toMatchObject([
      { id: container.id, pod: { namespace: 'ads', name: 'well' } },
    ])
    expect(await through.runtime.inspect(container.id, 3000)).toMatchObject({ state: 'running', pid: container.pid })
    const { upMs, paused } = await through.daemon()
    expect(upMs).toBeLessThan(60_000)
    expect(paused).toBe(false)
    const wait = (await through.waits([container.pid])).get(container.pid)
    expect(wait?.waitChannel).toMatch(/nanosleep/)
    expect(await through.runtime.inspect('0'.repeat(64), 3000)).toMatchObject({ answer: 'gone' })
  })

  it('can be opened by its owner and group only', () => {
    expect(statSync(socket).mode & 0o777).toBe(0o660)
    const text = `require('net').connect(${JSON.stringify(socket)}).on('error', (e) => console.log(e.code)).on('connect', () => { console.log('open'); process.exit() })`
    const as = (uid: number, gid: number) =>
      execFileSync(process.execPath, ['-e', text], { uid, gid, encoding: 'utf8', cwd: '/' }).trim()
    expect([as(65_534, 65_534), as(65_534, 0)]).toEqual(['EACCES', 'open'])
  })

  it('refuses to end what is well, or by a shim that is another container’s', async () => {
    const [one, other] = [await lab.run(pod('one')), await lab.run(pod('other'))]
    expect(await apply(step(one, 'end-shim'))).toEqual({
      held: 'the runtime answers for it, and it has live processes',
    })
    expect(await apply({ ...step(one, 'end-shim'), shim: shimOf(other) } as Step)).toMatchObject({
      held: expect.stringContaining('serves another container'),
    })
    expect(await apply(step(one, 'continue-shim'))).toEqual({ held: 'its shim is not stopped' })
    await expect(
      apply({ ...step(one, 'end-shim'), shim: { pid: 1, startTicks: 1, command: '' } } as Step),
    ).rejects.toThrow('shim.pid')
    for (const { pid } of [one, other]) expect(stateOf(pid)).toBe('S')
  })

  it('continues what is stopped, ends what does not answer, and leaves the neighbour alone', async () => {
    const [stopped, held, neighbour] = [
      await lab.run(pod('stopped')),
      await lab.run(pod('held')),
      await lab.run(pod('neighbour')),
    ]
    const before = [startOf(neighbour.pid), startOf(neighbour.shim)]
    await stopProcess(stopped.shim)
    releases.push(holdInNewFreezer(held.shim, `${lab.cgroup}-held`))
    expect(await apply(step(stopped, 'continue-shim'))).toBe('done')
    expect(await through.runtime.inspect(stopped.id, 3000)).toMatchObject({ state: 'running', pid: stopped.pid })
    expect(await apply(step(held, 'end-shim'))).toBe('done')
    expect([stateOf(held.pid), stateOf(held.shim)].every((state) => /^(?:gone|Z|X)$/.test(state))).toBe(true)
    expect([startOf(neighbour.pid), startOf(neighbour.shim)]).toEqual(before)
    expect(out).toContain('"msg":"signal"')
  })

  it('is waited for by an agent for half a minute, and missed with a clear word then', async () => {
    const later = join(lab.folder, 'later.sock')
    const child = spawn(process.execPath, [main, 'agent', '--actor', later, '--listen', '127.0.0.1:0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part: Buffer) => {
        text += part.toString()
      })
    }
    const ended = new Promise((resolve) => child.once('exit', resolve))
    expect(await ended).toBe(64)
    expect(text).toMatch(/--actor: the actor does not answer: .*later\.sock: .*ENOENT/)
  }, 60_000)

  it('is enough for an agent to look through', async () => {
    const container = await lab.run(pod('seen-through'))
    releases.push(holdInNewFreezer(container.shim, `${lab.cgroup}-seen`))
    process.kill(container.pid, 'SIGKILL')
    const args = [
      main,
      'agent',
      '--once',
      '-o',
      'json',
      '--rounds',
      '1',
      '--actor',
      socket,
      '--kubelet-healthz',
      'none',
    ]
    const text = await new Promise<string>((resolve) =>
      execFile(process.execPath, args, (_, stdout) => resolve(stdout)),
    )
    const { findings } = JSON.parse(text) as { findings: { subject: { pod: string }; reason: string }[] }
    expect(findings.filter(({ subject }) => subject.pod === 'seen-through').map(({ reason }) => reason)).toEqual([
      'only-zombies',
    ])
  })

  it('does nothing in a protected namespace, over its rate, or when it was started to observe', async () => {
    const [system, third, fourth] = [
      await lab.run(pod('dns', 'kube-system')),
      await lab.run(pod('third')),
      await lab.run(pod('fourth')),
    ]
    for (const one of [system, third, fourth])
      releases.push(holdInNewFreezer(one.shim, `${lab.cgroup}-${one.id.slice(0, 8)}`))
    const held = (text: string) => ({ held: expect.stringContaining(text) })
    expect(await apply(step(system, 'end-shim'))).toEqual(held('kube-system'))
    expect(await apply(step(third, 'end-shim'))).toBe('done')
    expect(await apply(step(fourth, 'end-shim'))).toEqual(held('3 acts within an hour'))
    expect(await stop()).toBe(143)
    // What it ended before its restart counts: two are kept as evidence.
    await start('--mode', 'act', '--per-hour', '2')
    expect(await apply(step(fourth, 'end-shim'))).toEqual(held('2 acts within an hour'))
    await stop()
    await start()
    expect(await apply(step(fourth, 'end-shim'))).toEqual(held('observe'))
    expect(stateOf(fourth.pid)).toBe('S')
    await stop()
  })
})
