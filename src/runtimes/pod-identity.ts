import type { PodIdentity } from './runtime.ts'

type Labels = Readonly<Record<string, string>>

/**
 * The Pod that the kubelet wrote into a container's labels, on every runtime the same
 * (kubernetes/pkg/kubelet/types/labels.go); undefined where it is none of the kubelet's.
 */
export function podIdentity(labels: Labels, sandbox: boolean): PodIdentity | undefined {
  const name = labels['io.kubernetes.pod.name']
  const namespace = labels['io.kubernetes.pod.namespace']
  const uid = labels['io.kubernetes.pod.uid']
  const container = labels['io.kubernetes.container.name']
  if (!name || !namespace || !uid) return undefined
  // dockershim names the container of a sandbox POD; it is none of the Pod's spec.
  return { namespace, name, uid, ...(container && !sandbox && { container }) }
}
