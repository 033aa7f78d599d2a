// What the network costs the agent at its default settings: counters and a probe, as the difference of two agents that run at the
// same time. Servers are on loopback; Pods are processes in network namespaces of their own. Needs root.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { startContainerd } from '../src/lab/containerd.ts'
import { cpuOf, every, startAgent } from './agent.ts'
import { type BenchRow, less } from './table.ts'

const rounds = 12
/** ms of CPU a second: 0.3 % of a core. */
const goal = 3

const servers = `for (let n = 0; n < 10; n++) require('node:net').createServer((s) => { s.on('error', () => {}); s.end() }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`

/** @returns the ports of ten servers, in a process of their own. */
async function startServers(children: ChildProcess[]): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['-e', servers], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  let text = ''
  while (text.split('\n').length <= 10) {
    const [part] = (await once(child.stdout, 'data')) as [Buffer]
    text += part.toString()
  }
  return text.trim().split('\n')
}

/** A usual node, and ten times that. */
export async function probeBench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  const children: ChildProcess[] = []
  const lab = await startContainerd()
  try {
    const ports = await startServers(children)
    for (const { pods, targets } of [
      { pods: 25, targets: 1 },
      { pods: 250, targets: 10 },
    ]) {
      while (children.length <= pods) children.push(spawn('unshare', ['-n', 'sleep', '3600'], { stdio: 'ignore' }))
      const probes = ports.slice(0, targets).map((port) => `--probe=127.0.0.1:${port}`)
      const sets = [[], ['--network'], ['--network', ...probes]]
      const agents = await Promise.all(sets.map((more) => startAgent(lab.socket, more)))
      await sleep(every * 2500) // their first rounds compile
      const before = agents.map(({ pid }) => cpuOf([pid]))
      await sleep(every * 1000 * rounds)
      const [plain = 0, counters = 0, both = 0] = agents.map(
        ({ pid }, place) => (cpuOf([pid]) - (before[place] ?? 0)) / (every * rounds),
      )
      for (const agent of agents) agent.stop()
      rows.push(less(`counters, ${pods} Pods: CPU a second`, counters - plain, 'goal', goal, 'ms'))
      rows.push(less(`and ${targets} probed: CPU a second`, both - plain, 'goal', goal, 'ms'))
      process.stderr.write(`${pods} Pods: the same agent without them ${plain.toFixed(2)} ms a second\n`)
    }
    return rows
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await lab.stop()
  }
}
