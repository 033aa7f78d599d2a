// A real containerd of its own: started by hand in a temporary folder, with its own root, state and socket.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { image, imageOf, rootFileSystem } from './busybox.ts'
import { podNetwork } from './cni.ts'
import { command } from './command.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { type Invocation, inside, makeEnclosure } from './enclosure.ts'
import { nameOwner } from './lab-folder.ts'
import { removeLeftovers, removeOrphanedRuntimes, runtimePrefix } from './leftovers.ts'

export interface LabContainer {
  /** 64 hexadecimal digits. */
  readonly id: string
  /** Of its first process. */
  readonly pid: number
  /** Of the shim that serves it, which other containers of its pod share. */
  readonly shim: number
}

/** What the kubelet and CRI would note of a container; one with the sandbox annotation shares the sandbox's shim. */
export interface LabPod {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** containerd's namespace. */
  readonly namespace?: string
}

export interface LabContainerd {
  readonly socket: string
  readonly daemon: Daemon
  /** A temporary folder that is removed with it, for what else stands on it. */
  readonly folder: string
  /** The first folder of the paths of all cgroups of its containers. */
  readonly cgroup: string
  /** The path of the root file system's tar. */
  readonly layer: string
  /** How to start another daemon so that it sees the same mounts. */
  beside(invocation: Invocation): Invocation
  /** Imports the busybox image for one of containerd's namespaces: CRI runs Pods only with images that are there. */
  importImage(namespace: string): Promise<unknown>
  /** Runs busybox in a container until it is stopped; `sleep` for a day if no other command is given. */
  run(pod?: LabPod, args?: readonly string[]): Promise<LabContainer>
  /** What runs of a task that was just started in one of containerd's namespaces. */
  started(namespace: string, id: string): Promise<LabContainer>
  /** Ends it, and every shim, container, mount and cgroup of it. */
  stop(): Promise<void>
}

interface Options {
  /** In an enclosure, with a network for Pods: what a kubelet and its Pods want (see enclosure.ts). */
  readonly forKubelet?: boolean
}

/**
 * Starts a containerd with a busybox image and waits until it serves (seconds); needs root.
 * @throws Error with the last lines of its log if it ends early.
 */
export async function startContainerd(
  signal?: AbortSignal,
  { forKubelet = false }: Options = {},
): Promise<LabContainerd> {
  removeOrphanedRuntimes(tmpdir())
  const folder = await mkdtemp(join(tmpdir(), runtimePrefix))
  nameOwner(folder)
  const cgroup = basename(folder)
  const shimSockets = new Set<string>()
  const clean = (): void => removeLeftovers(folder, cgroup, shimSockets)
  process.on('exit', clean)
  let daemon: Daemon | undefined
  const stop = async (): Promise<void> => {
    await daemon?.stop()
    process.off('exit', clean)
    clean()
  }
  const started = async (namespace: string, id: string): Promise<LabContainer> => {
    const bundle = join(folder, 'state/io.containerd.runtime.v2.task', namespace, id)
    shimSockets.add((await readFile(join(bundle, 'address'), 'utf8')).trim().replace('unix://', ''))
    const pid = Number(await readFile(join(bundle, 'init.pid'), 'utf8'))
    return { id, pid, shim: await parentOf(pid) }
  }
  try {
    const socket = join(folder, 'containerd.sock')
    const config = join(folder, 'config.toml')
    await writeFile(config, `${configText(folder, socket)}${forKubelet ? await podNetwork(folder) : ''}`)
    const enclose = forKubelet ? await makeEnclosure(folder) : (bare: Invocation) => bare
    const [program, args] = enclose(['containerd', ['-c', config]])
    daemon = startDaemon({
      name: 'containerd',
      command: program,
      args,
      log: join(folder, 'containerd.log'),
      signal,
    })
    const serving = daemon
    await serving.until(() => serving.logged('containerd successfully booted'))
    const layers = join(folder, 'image')
    await mkdir(layers)
    const layer = await rootFileSystem(layers)
    const archive = await imageOf(layers, layer, image)
    const imported = new Map<string, Promise<string>>()
    const ctr = (namespace: string, ...args: string[]) => command('ctr', ['-a', socket, '-n', namespace, ...args])
    const importImage = (namespace: string): Promise<string> => {
      const once = imported.get(namespace) ?? ctr(namespace, ...'image import --snapshotter native'.split(' '), archive)
      imported.set(namespace, once) // each namespace has images of its own
      return once
    }
    if (forKubelet) await importImage('k8s.io')
    return {
      socket,
      daemon: serving,
      folder,
      cgroup,
      layer,
      importImage,
      beside: (invocation) => (forKubelet ? inside(serving.pid, invocation) : invocation),
      started,
      stop,
      async run({ labels = {}, annotations = {}, namespace = 'k8s.io' } = {}, args = ['sleep', '86400']) {
        await importImage(namespace)
        const id = randomBytes(32).toString('hex')
        const flags = (flag: string, values: Readonly<Record<string, string>>): string[] =>
          Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`])
        await ctr(
          namespace,
          'run',
          '--detach',
          '--null-io',
          '--snapshotter=native',
          `--cgroup=/${cgroup}/${id}`,
          `--runc-root=${join(folder, 'runc')}`,
          ...flags('--label', labels),
          ...flags('--annotation', annotations),
          image,
          id,
          ...args,
        )
        return started(namespace, id)
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Native snapshots, since an overlay can't stand on every file system; the other plugins as they come. */
const configText = (folder: string, socket: string): string => `version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  # a container that wants a lower score than its parent's needs CAP_SYS_RESOURCE, which not every machine gives
  restrict_oom_score_adj = true
  sandbox_image = "${image}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "${folder}/runc"
`

/** The parent of a process: of a container's first one it is the shim. @throws Error if it is gone. */
async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1])
}
