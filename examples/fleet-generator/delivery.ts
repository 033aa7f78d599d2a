// The marks that Helm, Argo CD, Flux and kubectl leave on what they put into a cluster.
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js'
import { served } from './identity.ts'
import { sorted } from './key-order.ts'
import type { ClusterPlan, Delivery } from './plan.ts'

type Marks = Readonly<Record<string, string>>

/** An object as its team wrote it, before any default of the API server. */
export interface Manifest<S> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels?: Marks
    readonly annotations?: Marks
  }
  readonly spec: S
}

// Helm: pkg/action/validate.go and the labels that `helm create` writes.
const helmMarks = (release: string, chart: string, namespace: string) => ({
  labels: {
    'app.kubernetes.io/instance': release,
    'app.kubernetes.io/managed-by': 'Helm',
    'helm.sh/chart': chart,
  },
  annotations: { 'meta.helm.sh/release-name': release, 'meta.helm.sh/release-namespace': namespace },
})

function marks(delivery: Delivery, manifest: Manifest<unknown>): { labels?: Marks; annotations?: Marks } {
  const { apiVersion, kind, metadata } = manifest
  switch (delivery.by) {
    case 'helm':
      return helmMarks(delivery.release, delivery.chart, metadata.namespace)
    case 'flux-helm': {
      const { labels, annotations } = helmMarks(delivery.release, delivery.chart, metadata.namespace)
      const own = {
        'helm.toolkit.fluxcd.io/name': delivery.release,
        'helm.toolkit.fluxcd.io/namespace': metadata.namespace,
      }
      return { labels: { ...labels, ...own }, annotations }
    }
    case 'flux':
      return {
        labels: {
          'kustomize.toolkit.fluxcd.io/name': delivery.kustomization,
          'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
        },
      }
    case 'argo-cd': {
      // Argo CD, resource tracking by annotation: <app>:<group>/<kind>:<namespace>/<name>.
      const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
      const id = `${delivery.app}:${group}/${kind}:${metadata.namespace}/${metadata.name}`
      return { annotations: { 'argocd.argoproj.io/tracking-id': id } }
    }
    case 'kubectl': {
      const applied = { ...manifest, metadata: { annotations: {}, ...manifest.metadata } }
      return {
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(sorted(applied))}\n` },
      }
    }
  }
}

/** The metadata of a delivered object as the API server shows it. Times in ms UTC. */
export function deliveredMeta(
  cluster: ClusterPlan,
  manifest: Manifest<unknown>,
  delivery: Delivery,
  times: { readonly created: number; readonly written: number },
): ObjectMeta & { readonly uid: string } {
  const { name, namespace, labels, annotations } = manifest.metadata
  const added = marks(delivery, manifest)
  const allAnnotations = { ...annotations, ...added.annotations }
  const allLabels = { ...labels, ...added.labels }
  return {
    ...served(cluster, manifest.kind, namespace, name, times),
    ...(Object.keys(allAnnotations).length > 0 && { annotations: allAnnotations }),
    ...(Object.keys(allLabels).length > 0 && { labels: allLabels }),
  }
}
