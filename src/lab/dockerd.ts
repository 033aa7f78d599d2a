// A real dockerd on a containerd of its own, driven through its API, so that no client program is needed.
import { createReadStream } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Agent } from 'undici'
import { defaultCommand, image } from './busybox.ts'
import { type LabContainer, type LabContainerd, startContainerd } from './containerd.ts'
import { type Daemon, startDaemon } from './daemon.ts'

/** What the kubelet's dockershim would give to a container. */
export interface LabDockerContainer {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
}

export interface LabDockerd {
  readonly socket: string
  readonly daemon: Daemon
  readonly containerd: LabContainerd
  /** Runs busybox in a container until it is stopped; `sleep` for a day if no other command is given. */
  run(container: LabDockerContainer, args?: readonly string[]): Promise<LabContainer>
  /** As `docker stop`: returns once it has ended, which is never while its shim is frozen. */
  stopContainer(id: string, graceSeconds: number): Promise<void>
  /** How many goroutines the daemon has: what waits for ever in it shows here. */
  goroutines(): Promise<number>
  /** Ends it, its containerd, and all that stands on both. */
  stop(): Promise<void>
}

/**
 * Starts a containerd and a dockerd with a busybox image and waits until they serve (seconds); needs root.
 * @throws Error with the last lines of its log if one ends early.
 */
export async function startDockerd(
  signal?: AbortSignal,
  options: { readonly forKubelet?: boolean } = {},
): Promise<LabDockerd> {
  const containerd = await startContainerd(signal, options)
  const { folder } = containerd
  const socket = join(folder, 'docker.sock')
  const agent = new Agent({ connect: { socketPath: socket }, headersTimeout: 0, bodyTimeout: 0 })
  let daemon: Daemon | undefined
  const stop = async (): Promise<void> => {
    await agent.destroy()
    // Its orderly end waits 15 s for containers, and for ever for frozen ones; the containerd's clearing up ends those.
    if (daemon?.running) process.kill(daemon.pid, 'SIGKILL')
    await daemon?.stop()
    await containerd.stop()
  }
  try {
    await writeFile(join(folder, 'docker.json'), '{}') // else it would read the machine's own
    const wrapper = options.forKubelet ? await wrapRunc(folder) : []
    const [command, args] = containerd.beside(['dockerd', [...argsOf(containerd, socket), ...wrapper]])
    daemon = startDaemon({ name: 'dockerd', command, args, log: join(folder, 'dockerd.log'), signal })
    const started = daemon
    await started.until(() => started.logged('API listen on'))
    const ask = asker(agent)
    const [repo, tag] = image.split(':')
    const query = new URLSearchParams({
      fromSrc: '-',
      repo: repo ?? '',
      tag: tag ?? '',
      changes: `CMD ${JSON.stringify(defaultCommand)}`,
    })
    await ask('POST', `/images/create?${query}`, createReadStream(containerd.layer))
    return {
      socket,
      daemon: started,
      containerd,
      stop,
      async run({ name, labels = {} }, args = ['sleep', '86400']) {
        const wish = { Image: image, Cmd: args, Labels: labels, HostConfig: { NetworkMode: 'none' } }
        const { Id: id } = (await ask('POST', `/containers/create?name=${name}`, wish)) as { Id: string }
        await ask('POST', `/containers/${id}/start`)
        return containerd.started('moby', id)
      },
      async stopContainer(id, graceSeconds) {
        await ask('POST', `/containers/${id}/stop?t=${graceSeconds}`)
      },
      async goroutines() {
        return ((await ask('GET', '/info')) as { NGoroutines: number }).NGoroutines
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** No bridge and no rules: containers need no network here, and the machine's own must stay as it is. */
const argsOf = ({ folder, socket: containerd, cgroup }: LabContainerd, socket: string): string[] => [
  `--host=unix://${socket}`,
  `--containerd=${containerd}`,
  `--data-root=${join(folder, 'docker')}`,
  `--exec-root=${join(folder, 'docker-exec')}`,
  `--pidfile=${join(folder, 'docker.pid')}`,
  `--config-file=${join(folder, 'docker.json')}`,
  `--cgroup-parent=/${cgroup}`,
  '--storage-driver=vfs',
  '--bridge=none',
  '--iptables=false',
  '--debug', // only then /info counts goroutines
]

/**
 * The kubelet's Pods want a lower oom_score_adj than their parent's, which needs CAP_SYS_RESOURCE; not every machine gives it, and
 * Docker has no setting to do without. @returns dockerd's arguments.
 */
async function wrapRunc(folder: string): Promise<string[]> {
  const path = join(folder, 'runc.sh')
  await writeFile(path, runcScript)
  await chmod(path, 0o755)
  return [`--add-runtime=lab=${path}`, '--default-runtime=lab']
}

const runcScript = `#!/bin/sh
bundle=
for arg; do
  [ "$bundle" = next ] && bundle=$arg && break
  [ "$arg" = --bundle ] && bundle=next
done
[ -z "$bundle" ] || sed -i -E 's/"oomScoreAdj":-[0-9]+/"oomScoreAdj":0/' "$bundle/config.json"
exec runc "$@"
`

/** One request of Docker's API. @returns the answer's JSON, or undefined. @throws Error for everything but 2xx and 304. */
const asker =
  (dispatcher: Agent) =>
  async (method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> => {
    const tar = body instanceof Readable
    const answer = await dispatcher.request({
      origin: 'http://docker',
      path,
      method,
      ...(body && { body: tar ? body : JSON.stringify(body) }),
      ...(body && { headers: { 'content-type': tar ? 'application/x-tar' : 'application/json' } }),
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.trim()}`)
    // An import tells of its progress in one line of JSON after the other.
    return text.trim() === '' || tar ? undefined : JSON.parse(text)
  }
