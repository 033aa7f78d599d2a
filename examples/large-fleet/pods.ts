// Pods and EndpointSlices of the large fleet, as the API server shows them.
import { createdAt, served, suffix, uidOf } from './identity.ts'
import type { Workload } from './workloads.ts'

/** The Pods of a workload, each with its name. */
export function* podsOf(workload: Workload, count: number): Generator<{ readonly name: string; readonly pod: object }> {
  const { kind, name } = workload
  const hash = suffix(name, 9)
  for (let n = 0; n < count; n++) {
    const own = kind === 'StatefulSet' ? `${name}-${n}` : `${name}-${suffix(`${name}/${n}`, 5)}`
    const podName = kind === 'Deployment' ? `${name}-${hash}-${suffix(`${name}/${n}`, 5)}` : own
    yield { name: podName, pod: podObject(workload, podName, hash, n) }
  }
}

function podObject(workload: Workload, podName: string, hash: string, n: number): object {
  const { kind, name, namespace, labels, annotations, container, place } = workload
  const owner = kind === 'Deployment' ? { kind: 'ReplicaSet', name: `${name}-${hash}` } : { kind, name }
  const node = `node-${(place + n) % 500}`
  const reference = {
    apiVersion: 'apps/v1',
    ...owner,
    uid: uidOf(`${owner.kind}/${owner.name}`),
    controller: true,
    blockOwnerDeletion: true,
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName,
      generateName: `${owner.name}-`,
      namespace,
      labels: { ...labels, ...(kind === 'Deployment' && { 'pod-template-hash': hash }) },
      annotations: { ...annotations, 'checksum/config': uidOf(name).repeat(2) },
      ownerReferences: [reference],
      ...served(false, `Pod/${namespace}/${podName}`),
    },
    spec: specOf(container, node, n),
    status: statusOf(container, place, n),
  }
}

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'

function specOf(container: Workload['container'], nodeName: string, n: number): object {
  const token = `kube-api-access-${suffix(`token/${n}`, 5)}`
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] },
    },
  ]
  const missing = ['not-ready', 'unreachable'].map((key) => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  }))
  return {
    containers: [
      {
        ...container,
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        volumeMounts: [{ name: token, mountPath, readOnly: true }],
      },
    ],
    volumes: [{ name: token, projected: { defaultMode: 420, sources } }],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    nodeName,
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    serviceAccount: 'default',
    serviceAccountName: 'default',
    terminationGracePeriodSeconds: 30,
    tolerations: missing,
  }
}

const addressOf = (place: number, n: number): string => `10.${(place >> 6) & 255}.${(place << 2) & 255}.${n & 255}`

function statusOf({ name, image = '' }: Workload['container'], place: number, n: number): object {
  const met = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled']
  const imageID = `${image}@sha256:${uidOf(image).replaceAll('-', '').repeat(2)}`
  const podIP = addressOf(place, n)
  return {
    phase: 'Running',
    conditions: met.map((type) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: createdAt })),
    hostIP: `10.200.0.${place % 250}`,
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: createdAt,
    containerStatuses: [
      {
        name,
        image,
        imageID,
        containerID: `containerd://${uidOf(`${name}/${place}/${n}`).replaceAll('-', '').repeat(2)}`,
        ready: true,
        started: true,
        restartCount: place % 3,
        lastState: {},
        state: { running: { startedAt: createdAt } },
      },
    ],
    qosClass: 'Burstable',
  }
}

/** As many as the controller puts into one slice. */
const perSlice = 100

/** The EndpointSlices of a workload's Service. */
export function* slicesOf({ name, namespace, place }: Workload, pods: readonly string[]): Generator<object> {
  for (let from = 0; from < pods.length; from += perSlice) {
    const sliceName = `${name}-${suffix(`slice/${name}/${from}`, 5)}`
    yield {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: sliceName,
        namespace,
        labels: {
          'kubernetes.io/service-name': name,
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ...served(false, `EndpointSlice/${namespace}/${sliceName}`),
      },
      addressType: 'IPv4',
      endpoints: pods.slice(from, from + perSlice).map((pod, n) => ({
        addresses: [addressOf(place, from + n)],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${(place + n) % 500}`,
        targetRef: { kind: 'Pod', namespace, name: pod, uid: uidOf(`Pod/${namespace}/${pod}`) },
      })),
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    }
  }
}
