// Network namespaces of a lab's own, joined by links that lie in them alone: nothing of the machine's own network is touched.
import { spawnSync } from 'node:child_process'
import { command } from './command.ts'
import { startOf, stateOf } from './processes.ts'

/** `rc-<pid>-<start>-<name>`: whoever made them can be told from a later process of that pid. */
const named = /^rc-(\d+)-(\d+)-[a-z0-9]+$/

export interface Namespaces {
  /** What `ip netns` calls the namespace of this name. */
  readonly of: (name: string) => string
  /** Runs a command in one. @throws Error with what it wrote to stderr. */
  run(name: string, program: string, ...args: readonly string[]): Promise<string>
  /** Ends every process in them and removes them, and all links with them. Synchronous: it also runs as the process exits. */
  remove(): void
}

/** Makes namespaces of these names; first removes those that a maker left who was killed. Needs root and iproute2. */
export async function makeNamespaces(names: readonly string[]): Promise<Namespaces> {
  removeOrphans()
  const start = startOf(process.pid)
  const of = (name: string): string => `rc-${process.pid}-${start}-${name}`
  const remove = (): void => {
    process.off('exit', remove)
    for (const name of names) removeNamespace(of(name))
  }
  process.on('exit', remove)
  const run = (name: string, program: string, ...args: readonly string[]) =>
    command('ip', ['netns', 'exec', of(name), program, ...args])
  try {
    for (const name of names) await command('ip', ['netns', 'add', of(name)])
    await Promise.all(names.map((name) => command('ip', ['-n', of(name), 'link', 'set', 'lo', 'up'])))
    return { of, run, remove }
  } catch (error) {
    remove()
    throw error
  }
}

function removeNamespace(name: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
  for (const pid of (stdout ?? '').split('\n').map(Number).filter(Boolean)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  spawnSync('ip', ['netns', 'delete', name])
}

/** Names of namespaces whose maker is gone. */
function removeOrphans(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const name of (stdout ?? '').split('\n').map((line) => line.split(' ')[0] ?? '')) {
    const [, pid, start] = named.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid), start)) removeNamespace(name)
  }
}

/** One that was killed stays as a zombie until its parent asks for it, and some never do. */
const isAlive = (pid: number, start: string | undefined): boolean =>
  String(startOf(pid)) === start && stateOf(pid) !== 'Z'
