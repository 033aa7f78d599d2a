// The agent's look and the hands that end shims, on a real containerd: who is named, who is touched, and who is not.
import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Step, Subject } from '../src/contract/hazard.ts'
import { type LabContainer, type LabContainerd, startContainerd } from '../src/lab/containerd.ts'
import { hasOldFreezer, holdInNewFreezer, holdInOldFreezer } from '../src/lab/freezers.ts'
import { startLab } from '../src/lab/lab.ts'
import { stopProcess } from '../src/lab/processes.ts'
import { isOver } from '../src/linux/process.ts'
import { nodeHands } from '../src/node/hands.ts'
import { readProcess } from '../src/node/processes.ts'
import { continueShimArm, endShimArm, type Signalled } from '../src/node/shim-arms.ts'
import type { Report } from '../src/report/schema.ts'
import { containerdRuntime } from '../src/runtimes/containerd.ts'
import { create } from './create.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { runtimesOrSkip } from './require-runtimes.ts'

const main = join(import.meta.dirname, '../dist/main.js')

const pod = (name: string): { labels: Record<string, string> } => ({
  labels: {
    'io.kubernetes.pod.namespace': 'ads',
    'io.kubernetes.pod.name': name,
    'io.kubernetes.pod.uid': `uid-${name}`,
    'io.kubernetes.container.name': 'app',
    'io.cri-containerd.kind': 'container',
  },
})

describe.skipIf(runtimesOrSkip())('containers of a real containerd', () => {
  let lab: LabContainerd
  const releases: (() => void)[] = []
  beforeEach(async () => {
    lab = await startContainerd()
  })
  afterEach(async () => {
    for (const release of releases.splice(0)) release()
    await lab?.stop()
  })

  const target = ({ id }: LabContainer): Subject => ({
    source: { node: 'here' },
    kind: 'Container',
    name: 'app',
    uid: id,
  })
  const shimOf = ({ shim }: LabContainer) => {
    const found = readProcess('/proc', shim)
    if (!found) throw new Error(`no shim ${shim}`)
    return { pid: shim, startTicks: found.startTicks, command: found.command.join(' ') }
  }
  const end = (container: LabContainer): Extract<Step, { do: 'end-shim' }> => ({
    do: 'end-shim',
    why: 'a test',
    target: target(container),
    shim: shimOf(container),
    alsoEnds: [],
  })
  const sent: Signalled[] = []
  const hands = (evidence?: string) => {
    sent.length = 0
    return nodeHands({
      proc: '/proc',
      cgroup: '/sys/fs/cgroup',
      signalled: (one) => void sent.push(one),
      ...(evidence && { evidence }),
    })
  }
  /** A zombie that nobody has waited for yet is gone. */
  const isThere = ({ pid, startTicks }: { pid: number; startTicks: number }): boolean => {
    const now = readProcess('/proc', pid)
    return now !== undefined && now.startTicks === startTicks && !isOver(now)
  }

  const agent = (...args: string[]): Promise<{ code: number; report: Report }> =>
    new Promise((resolve, reject) => {
      const all = [main, 'agent', '--once', '-o', 'json', '--socket', lab.socket, ...args]
      execFile(process.execPath, all, { maxBuffer: 2 ** 24 }, (error, out, err) => {
        if (out === '') reject(new Error(err))
        else resolve({ code: typeof error?.code === 'number' ? error.code : 0, report: JSON.parse(out) as Report })
      })
    })

  it('are named by agent --once: exactly the broken ones, with what is wrong, and condemned after some rounds', async () => {
    const well = await lab.run(pod('well'))
    expect(await agent()).toMatchObject({ code: 0, report: { findings: [], unread: [] } })
    const stopped = await lab.run(pod('stopped'))
    const dead = await lab.run(pod('dead'))
    const others = await Promise.all(['a', 'b', 'c'].map((name) => lab.run(pod(name))))
    await stopProcess(stopped.shim)
    releases.push(holdInNewFreezer(dead.shim, `${lab.cgroup}-dead`))
    process.kill(dead.pid, 'SIGKILL')
    const quick = await agent('--rounds', '1')
    expect(quick.report.findings.map(({ severity }) => severity)).toEqual(['medium', 'medium'])
    const { code, report } = await agent()
    expect(code).toBe(1)
    expect(report.findings.map(({ subject, reason, severity }) => [subject.pod, reason, severity]).toSorted()).toEqual([
      ['dead', 'only-zombies', 'critical'],
      ['stopped', 'shim-stopped', 'critical'],
    ])
    expect(report.findings.every(({ fact }) => fact.startsWith('condemned'))).toBe(true)
    for (const one of [well, ...others]) expect(readProcess('/proc', one.pid)?.state).toBe('S')
  })

  it('are told of by the agent as they break and heal, on stdout and on /metrics', async () => {
    const container = await lab.run(pod('flaky'))
    const args = [main, 'agent', '--every', '2', '--listen', '127.0.0.1:0', '--socket', lab.socket]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    releases.push(() => void child.kill('SIGKILL'))
    let out = ''
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString()
    })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const told = (text: string) => expect.poll(() => out, { timeout: 20_000 }).toContain(text)
    await told('"listens"')
    const address = /"listens":"([^"]+)"/.exec(out)?.[1] ?? ''
    const suspicious = async () =>
      /^roadcrew_suspicious_containers\{.*/m.exec(await (await fetch(`http://${address}/metrics`)).text())?.[0]
    await stopProcess(container.shim)
    await told('"is":"found"')
    expect(await suspicious()).toBe(
      'roadcrew_suspicious_containers{namespace="ads",pod="flaky",container="app",reason="shim-stopped"} 1',
    )
    process.kill(container.shim, 'SIGCONT')
    await told('"msg":"ended"')
    expect(await suspicious()).toBeUndefined()
    expect((await fetch(`http://${address}/healthz`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { msg: string }).msg)
        .at(-1),
    ).toBe('stopping')
  }, 60_000)

  it('are told of on /metrics though the API server is away, and what might be done about them is held back', async () => {
    const container = await lab.run(pod('alone'))
    const kubeconfig = join(lab.folder, 'away.kubeconfig')
    const [clusters, users] = [
      [{ name: 'away', cluster: { server: 'https://127.0.0.1:9' } }],
      [{ name: 'u', user: {} }],
    ]
    const contexts = [{ name: 'away', context: { cluster: 'away', user: 'u' } }]
    writeFileSync(kubeconfig, JSON.stringify({ clusters, users, contexts, 'current-context': 'away' }))
    await stopProcess(container.shim)
    const args = [
      main,
      'agent',
      '--every',
      '1',
      '--listen',
      '127.0.0.1:0',
      '--socket',
      lab.socket,
      '--kubeconfig',
      kubeconfig,
    ]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    releases.push(() => void child.kill('SIGKILL'))
    let out = ''
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString()
    })
    await expect.poll(() => out, { timeout: 60_000 }).toContain('"rail":"unreadable"')
    expect(out).toMatch(/"what":"policy","because":"cannot reach https:\/\/127\.0\.0\.1:9/)
    const address = /"listens":"([^"]+)"/.exec(out)?.[1] ?? ''
    const text = await (await fetch(`http://${address}/metrics`)).text()
    expect(text).toMatch(/^roadcrew_suspicious_containers\{.*pod="alone".*\} 1$/m)
    expect(text).toMatch(/^roadcrew_unreadable\{what="policy"\} 1$/m)
    expect(text).toMatch(/^roadcrew_steps_total\{.*outcome="held",rail="unreadable"\} \d+$/m)
    expect((await fetch(`http://${address}/healthz`)).status).toBe(200)
    expect(readProcess('/proc', container.shim)?.state).toBe('T')
    process.kill(container.shim, 'SIGCONT')
  }, 90_000)

  it.skipIf(controlPlaneOrSkip())(
    'are overdue by what a real API server says of their Pods',
    async () => {
      const plane = await startLab(new AbortController().signal, ['nobody'])
      releases.push(() => void plane.stop())
      await create(plane, { kind: 'Namespace', metadata: { name: 'ads' } })
      const spec = {
        nodeName: 'node-1',
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'app', image: 'registry.example.com/app:1' }],
      }
      // Nobody runs it there, and it must not be gone at once.
      const metadata = { name: 'going', namespace: 'ads', finalizers: ['example.com/hold'] }
      const made = (await create(plane, { kind: 'Pod', metadata, spec } as never)) as { metadata: { uid: string } }
      await plane.send('DELETE', '/api/v1/namespaces/ads/pods/going')
      const { labels } = pod('going')
      const container = await lab.run({ labels: { ...labels, 'io.kubernetes.pod.uid': made.metadata.uid } })
      releases.push(holdInNewFreezer(container.shim, `${lab.cgroup}-going`))
      await new Promise((resolve) => setTimeout(resolve, 33_000)) // its grace period, and 30 s in which it may be late
      const asked = ['--rounds', '1', '--kubeconfig', plane.kubeconfig, '--node']
      const { report } = await agent(...asked, 'node-1')
      expect(report.unread).toEqual([])
      expect(report.findings.map(({ reason }) => reason)).toEqual(['cannot-stop'])
      expect((await agent(...asked, 'node-2')).report.findings.map(({ reason }) => reason)).toEqual(['inspect-timeout'])
      const away = await agent('--rounds', '1', '--kubeconfig', plane.kubeconfigFor('nobody'), '--node', 'node-1')
      expect(away.code).toBe(2)
      expect(away.report.findings.map(({ reason }) => reason)).toEqual(['inspect-timeout'])
    },
    120_000,
  )

  it('are healed by SIGCONT to their shim, with nothing lost', async () => {
    const container = await lab.run(pod('stopped'))
    await stopProcess(container.shim)
    const step = { ...end(container), do: 'continue-shim' as const }
    expect(await continueShimArm(hands()).apply(step)).toBe('done')
    const runtime = containerdRuntime(lab.socket)
    expect(await runtime.inspect(container.id, 3000)).toMatchObject({
      answer: 'told',
      state: 'running',
      pid: container.pid,
    })
    await runtime.close()
  })

  it('are ended with their shim; the neighbour is untouched, and what was known is kept', async () => {
    const [broken, neighbour] = [await lab.run(pod('broken')), await lab.run(pod('neighbour'))]
    const before = [shimOf(neighbour), readProcess('/proc', neighbour.pid)]
    releases.push(holdInNewFreezer(broken.shim, `${lab.cgroup}-held`))
    const step = end(broken)
    const evidence = join(lab.folder, 'evidence')
    expect(await endShimArm(hands(evidence)).apply(step)).toBe('done')
    expect(sent.map(({ pid, signal }) => `${signal} ${pid}`)).toEqual([
      `SIGKILL ${broken.pid}`,
      `SIGKILL ${broken.shim}`,
    ])
    expect(Math.max(...sent.map(({ windowMs }) => windowMs))).toBeLessThan(200) // 0.1 ms as a rule; a busy machine takes longer
    const runtime = containerdRuntime(lab.socket)
    await expect.poll(() => runtime.inspect(broken.id, 3000), { timeout: 10_000 }).toMatchObject({ state: 'exited' })
    expect(await runtime.inspect(neighbour.id, 3000)).toMatchObject({ state: 'running', pid: neighbour.pid })
    await runtime.close()
    expect(isThere(step.shim)).toBe(false)
    expect([shimOf(neighbour), readProcess('/proc', neighbour.pid)]).toEqual(before)
    const [file = ''] = readdirSync(evidence)
    expect(readFileSync(join(evidence, file), 'utf8')).toContain(`"pid": ${broken.pid}`)
  })

  it('are left alone where the pid is another process by now', async () => {
    const [meant, other] = [await lab.run(pod('meant')), await lab.run(pod('other'))]
    const step = end(meant)
    // The pid of the one shim with the start of the other: what a reused pid looks like.
    const wrong = { ...step, target: { ...step.target, uid: 'f'.repeat(64) }, shim: { ...step.shim, pid: other.shim } }
    expect(await endShimArm(hands()).apply(wrong)).toEqual({
      held: expect.stringContaining(`another process has the pid ${other.shim}`),
    })
    expect(sent).toEqual([])
    expect(isThere(shimOf(other))).toBe(true)
  })

  it('keep their shim above a process that survives SIGKILL', async () => {
    if (!hasOldFreezer()) {
      process.stderr.write('no survivor on this machine: it has no cgroup v1 freezer\n')
      return
    }
    const container = await lab.run(pod('survivor'))
    releases.push(holdInOldFreezer(container.pid, `${lab.cgroup}-survivor`))
    const step = end(container)
    expect(await endShimArm(hands()).apply(step)).toEqual({
      held: `uninterruptible: ${container.pid} survived SIGKILL, so the shim ${container.shim} is left alone; drain the node`,
    })
    expect(isThere(step.shim)).toBe(true)
    expect(existsSync(`/proc/${container.pid}`)).toBe(true)
  }, 30_000)
})
