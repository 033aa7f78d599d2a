// Pods that really run on a node of the lab, and what is done to them.
import type { Node, NodeCondition, Pod } from 'kubernetes-types/core/v1.js'
import type { LabContainer } from '../../src/lab/containerd.ts'
import type { LabNode } from '../../src/lab/kubelet.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { pause } from '../../src/lab/pause.ts'
import { startOf, stopProcess } from '../../src/lab/processes.ts'
import { create } from '../create.ts'

const namespace = 'ads'

/** Of each Pod, s. */
export const grace = 5

/** Seconds as a rule; a busy machine takes longer (ms). */
const startsWithin = 90_000

/** A Pod that runs. */
export interface Running {
  readonly name: string
  readonly uid: string
  readonly container: LabContainer
  /** Start of its first process, in clock ticks from boot. */
  readonly started: number | 'gone'
}

/** Runs so many Pods on the node, with a Deployment as their owner, and waits until they run. */
export async function runPods(lab: Lab, node: LabNode, replicas: number): Promise<readonly Running[]> {
  const labels = { app: node.name }
  const containers = [{ name: 'app', image: 'localhost/busybox:1' }]
  const spec = {
    nodeName: node.name,
    hostNetwork: node.runtime === 'docker',
    terminationGracePeriodSeconds: grace,
    containers,
  }
  await create(lab, {
    kind: 'Deployment',
    metadata: { name: node.name, namespace },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  } as never)
  const running = await untilRunning(lab, node, replicas)
  return Promise.all(
    running.map(async (pod) => {
      const container = await node.containerOf(pod)
      const { name = '', uid = '' } = pod.metadata ?? {}
      return { name, uid, container, started: startOf(container.pid) }
    }),
  )
}

async function untilRunning(lab: Lab, node: LabNode, replicas: number): Promise<readonly Pod[]> {
  for (const until = Date.now() + startsWithin; ; await pause(500)) {
    const pods = await podsOf(lab, node)
    const running = pods.filter(({ status }) => status?.containerStatuses?.[0]?.state?.running)
    if (running.length === replicas) return running
    if (Date.now() > until) throw new Error(`of ${replicas} Pods on ${node.name} only ${running.length} run`)
  }
}

export const createNamespace = (lab: Lab): Promise<unknown> =>
  create(lab, { kind: 'Namespace', metadata: { name: namespace } })

const podsOf = (lab: Lab, { name }: LabNode): Promise<readonly Pod[]> =>
  lab.list<Pod>(`/api/v1/namespaces/${namespace}/pods`, `spec.nodeName=${name}`)

/** Which of the Pods the API server still has: it forgets one when the kubelet has seen its containers end. */
export async function left(lab: Lab, node: LabNode, pods: readonly Running[]): Promise<readonly string[]> {
  const uids = new Set((await podsOf(lab, node)).map(({ metadata }) => metadata?.uid))
  return pods.filter(({ uid }) => uids.has(uid)).map(({ name }) => name)
}

/** Freezes the shims of Pods and then deletes the Pods. @returns when, ms. */
export async function freezeAndDelete(lab: Lab, pods: readonly Running[]): Promise<number> {
  for (const { container } of pods) await stopProcess(container.shim)
  return deletePods(lab, pods)
}

/** Asks for Pods to end. @returns when, ms. */
export async function deletePods(lab: Lab, pods: readonly Running[]): Promise<number> {
  for (const { name } of pods) await lab.send('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`)
  return Date.now()
}

/** The node's Ready condition as the API server has it. */
export async function readyOf(lab: Lab, { name }: LabNode): Promise<NodeCondition> {
  const [node] = await lab.list<Node>('/api/v1/nodes', `metadata.name=${name}`)
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')
  if (!ready) throw new Error(`node ${name} has no Ready condition`)
  return ready
}
