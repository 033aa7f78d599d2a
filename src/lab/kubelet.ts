// A real node: a kubelet on a runtime of its own, joined to the lab's control plane. Docker below it is what Kubernetes 1.20 still
// knew by itself; containerd is asked over CRI.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Node, Pod } from 'kubernetes-types/core/v1.js'
import { homeFolder } from '../home.ts'
import { image } from './busybox.ts'
import { makeCgroups } from './cgroup-trees.ts'
import { hasPlugins } from './cni.ts'
import { type LabContainer, type LabContainerd, startContainerd } from './containerd.ts'
import { findKubelet } from './control-plane.ts'
import { type Daemon, freePorts, startDaemon } from './daemon.ts'
import { startDockerd } from './dockerd.ts'
import { type Invocation, podsNetwork } from './enclosure.ts'
import type { Lab } from './lab.ts'

/** A runtime as the kubelet needs it. */
interface Below {
  readonly socket: string
  readonly containerd: LabContainerd
  /** The namespace of its containers in containerd. */
  readonly namespace: string
  readonly args: readonly string[]
  stop(): Promise<void>
}

export type NodeRuntime = 'docker' | 'containerd'

export interface LabNode {
  readonly name: string
  readonly runtime: NodeRuntime
  /** Of its runtime: dockerd's, or containerd's. */
  readonly socket: string
  /** A temporary folder that is removed with it. Its Pods can have what is in there by `hostPath`. */
  readonly folder: string
  /** The kubelet's health, which needs no credentials. */
  readonly healthz: string
  /** Its metrics and statistics, likewise: the address that `/metrics` or `/stats/summary` is appended to. */
  readonly readOnly: string
  /** What runs of the first container of a Pod, by what the kubelet told the API server. @throws Error if that is nothing. */
  containerOf(pod: Pod): Promise<LabContainer>
  /** How to start a program in the network in which the bridge of its Pods is: from there it reaches their addresses. On containerd. */
  amongPods(invocation: Invocation): Invocation
  /** Ends the kubelet, its runtime and its Pods, whatever state they are in; the Node object stays. */
  stop(): Promise<void>
}

/** @returns what has to be done before a node can be started, beyond what its runtime and the control plane need. */
export function nodePartsHint(env: Readonly<Record<string, string | undefined>>, home: string): string | undefined {
  const kubelet = findKubelet(env, home)
  if ('hint' in kubelet) return kubelet.hint
  return hasPlugins() ? undefined : 'no network plugins: on Debian install containernetworking-plugins and iptables'
}

interface Options {
  readonly name: string
  readonly runtime: NodeRuntime
  readonly signal?: AbortSignal
}

/**
 * Starts a node and waits until it is Ready (15 s; with Pods that have an IP on containerd, with `hostNetwork` only on Docker).
 * Needs root. The kubelet's root, ports, cgroups, mounts and settings are its own, so several nodes fit on one machine; it evicts
 * nothing, and what it may end is what it started.
 * @throws Error with the last lines of its log if a daemon ends early, or saying which part is missing.
 */
export async function startNode(lab: Lab, { name, runtime, signal }: Options): Promise<LabNode> {
  const hint = nodePartsHint(process.env, homeFolder())
  const kubeletBinary = findKubelet(process.env, homeFolder())
  if (hint !== undefined || !('found' in kubeletBinary)) throw new Error(hint)
  const below = runtime === 'docker' ? await docker(signal) : await containerd(signal)
  let kubelet: Daemon | undefined
  const stop = async (): Promise<void> => {
    // In an orderly end it would wait for what is frozen.
    if (kubelet?.running) process.kill(kubelet.pid, 'SIGKILL')
    await kubelet?.stop()
    await below.stop()
  }
  try {
    const [port = 0, readOnlyPort = 0, healthzPort = 0] = await freePorts(3)
    const ports = [`--port=${port}`, `--read-only-port=${readOnlyPort}`, `--healthz-port=${healthzPort}`]
    const { folder } = below.containerd
    await mkdir(join(folder, 'kubelet'))
    makeCgroups(below.containerd.cgroup)
    const [command, args] = below.containerd.beside([
      kubeletBinary.found,
      [...ports, ...below.args, ...argsOf(below.containerd, lab, name)],
    ])
    const started = startDaemon({ name: 'kubelet', command, args, log: join(folder, 'kubelet.log'), signal })
    kubelet = started
    await started.until(() => isReady(lab, name))
    return {
      name,
      runtime,
      socket: below.socket,
      folder,
      healthz: `http://127.0.0.1:${healthzPort}/healthz`,
      readOnly: `http://127.0.0.1:${readOnlyPort}`,
      amongPods: ([program, args]) =>
        below.containerd.beside(['nsenter', [`--net=${podsNetwork}`, '--', program, ...args]]),
      containerOf: (pod) => below.containerd.started(below.namespace, idOf(pod)),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function docker(signal: AbortSignal | undefined): Promise<Below> {
  const { containerd, socket, stop } = await startDockerd(signal, { forKubelet: true })
  const args = [
    '--container-runtime=docker',
    `--docker-endpoint=unix://${socket}`,
    `--docker=unix://${socket}`, // cAdvisor's own way to it
    `--pod-infra-container-image=${image}`,
  ]
  return { containerd, socket, namespace: 'moby', args, stop }
}

async function containerd(signal: AbortSignal | undefined): Promise<Below> {
  const own = await startContainerd(signal, { forKubelet: true })
  const args = [
    '--container-runtime=remote',
    `--container-runtime-endpoint=unix://${own.socket}`,
    `--containerd=${own.socket}`,
  ]
  return { containerd: own, socket: own.socket, namespace: 'k8s.io', args, stop: () => own.stop() }
}

/** Timeouts and intervals are the kubelet's defaults: they are what is looked at. */
const argsOf = ({ folder, cgroup }: LabContainerd, { kubeconfig }: Lab, name: string): string[] => [
  `--kubeconfig=${kubeconfig}`,
  `--hostname-override=${name}`,
  `--root-dir=${join(folder, 'kubelet')}`,
  `--cert-dir=${join(folder, 'kubelet/pki')}`,
  `--volume-plugin-dir=${join(folder, 'kubelet/volume-plugins')}`,
  '--address=127.0.0.1',
  '--healthz-bind-address=127.0.0.1',
  // Its Pods' cgroups are below that of their runtime, and nothing above it is made or limited.
  `--cgroup-root=/${cgroup}`,
  '--enforce-node-allocatable=',
  '--cgroup-driver=cgroupfs',
  '--oom-score-adj=0',
  '--eviction-hard=', // a full disk of the machine is not the lab's to clear
  '--image-gc-high-threshold=100',
  '--fail-swap-on=false',
  '--make-iptables-util-chains=false',
  '--resolv-conf=',
]

async function isReady(lab: Lab, name: string): Promise<boolean> {
  const [node] = await lab.list<Node>('/api/v1/nodes', `metadata.name=${name}`)
  return node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}

/** `docker://<id>`, `containerd://<id>` */
function idOf({ metadata, status }: Pod): string {
  const id = status?.containerStatuses?.[0]?.containerID?.split('://')[1]
  if (!id) throw new Error(`Pod ${metadata?.name}: no container of it has been started`)
  return id
}
