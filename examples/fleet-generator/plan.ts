// What a cluster of the fleet is said to hold; everything else is worked out from this. Times are RFC 3339 or, where a
// field says so, ms UTC.

/** How an object got into the cluster; it leaves the marks that such a tool leaves. */
export type Delivery =
  | { readonly by: 'helm' | 'flux-helm'; readonly release: string; readonly chart: string }
  | { readonly by: 'argo-cd'; readonly app: string }
  | { readonly by: 'flux'; readonly kustomization: string }
  | { readonly by: 'kubectl' }

/** Installed by `helm`; chart is name-version. */
export const helm = (release: string, chart: string): Delivery => ({ by: 'helm', release, chart })
/** Installed by Flux's helm-controller; chart is name-version. */
export const fluxHelm = (release: string, chart: string): Delivery => ({ by: 'flux-helm', release, chart })
/** Synced by Argo CD, as part of its Application `app`. */
export const argo = (app: string): Delivery => ({ by: 'argo-cd', app })
/** Applied by Flux's kustomize-controller. */
export const flux = (kustomization: string): Delivery => ({ by: 'flux', kustomization })
/** Applied by hand or from a pipeline. */
export const kubectl: Delivery = { by: 'kubectl' }

/** A Deployment, StatefulSet or DaemonSet with what hangs on it: Pods, a Service if it has a port, an Ingress if a host. */
export interface AppPlan {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet'
  readonly namespace: string
  readonly name: string
  /** The image's tag, or a whole image where it is not one of the shop's own. */
  readonly image: string
  /** A DaemonSet runs on each node instead. */
  readonly replicas: number
  readonly delivery: Delivery
  readonly port?: number
  /** Seconds that a preStop hook sleeps. */
  readonly preStop?: number
  /** The sleep is a program of the image, by a shell or by itself, also where the cluster has the sleep handler. */
  readonly hookBy?: 'shell' | 'sleep'
  /** How often the hook has failed within the last hour. */
  readonly hookFailed?: number
  /** terminationGracePeriodSeconds. */
  readonly grace?: number
  readonly host?: string
  /** A StatefulSet's Service has a virtual address. */
  readonly balanced?: true
  /** A container that admission adds to its Pods, not to its template. */
  readonly injected?: { readonly name: string; readonly image: string }
  /** Its PodDisruptionBudget. */
  readonly budget?: { readonly minAvailable: number } | { readonly maxUnavailable: number }
  /** The least and most that its HorizontalPodAutoscaler runs. */
  readonly scaled?: readonly [least: number, most: number]
  /** One of its Pods is being deleted, and the EndpointSlice does not know of it yet. */
  readonly stuckEndpoint?: true
  readonly loadBalancer?: true
  /** Where it is not the namespace's team. */
  readonly team?: string
}

type AppRest = Partial<Omit<AppPlan, 'kind' | 'namespace' | 'name' | 'image' | 'replicas' | 'delivery'>>
type AppRow = (path: string, image: string, replicas: number, delivery: Delivery, rest?: AppRest) => AppPlan

const app =
  (kind: AppPlan['kind']): AppRow =>
  (path, image, replicas, delivery, rest = {}) => {
    const [namespace = '', name = ''] = path.split('/')
    return { kind, namespace, name, image, replicas, delivery, ...rest }
  }

/** A Deployment's row of a plan; `path` is namespace/name. */
export const deployment = app('Deployment')
/** A StatefulSet's row of a plan; `path` is namespace/name. */
export const statefulSet = app('StatefulSet')
/** A DaemonSet's row of a plan; `path` is namespace/name, `replicas` is not used. */
export const daemonSet = app('DaemonSet')

/** One Job of a CronJob that is still there at the export. */
export interface Run {
  /** ms UTC; undefined: created by hand from the CronJob. */
  readonly scheduled?: number
  /** ms UTC by the API server's clock; otherwise a moment after `scheduled`. */
  readonly created?: number
  readonly result?: 'complete' | 'failed' | 'running'
}

export interface CronJobPlan {
  readonly namespace: string
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly schedule: string
  readonly created: string
  /** What a run usually takes. */
  readonly seconds: number
  readonly delivery: Delivery
  readonly timeZone?: string
  readonly concurrency?: 'Forbid' | 'Replace'
  /** startingDeadlineSeconds. */
  readonly deadline?: number
  readonly suspend?: true
  readonly backoffLimit?: number
  readonly successes?: number
  readonly failures?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** The last scheduled time that was started; without it, and without `runs`, it is healthy up to the export. */
  readonly stoppedAt?: string
  /** The Jobs that are left, oldest first, instead of the newest ones that the schedule and history limit give. */
  readonly runs?: readonly Run[]
}

export interface EventPlan {
  readonly namespace: string
  readonly kind: 'CronJob' | 'Pod' | 'Job' | 'Deployment'
  readonly name: string
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly count: number
  /** ms UTC. */
  readonly first: number
  readonly last: number
  readonly component: string
  /** The part of the object that it is about. */
  readonly fieldPath?: string
}

/** A ResourceQuota; what is used of `pods` and `count/jobs.batch` is counted. */
export interface QuotaPlan {
  readonly namespace: string
  readonly name: string
  readonly hard: Readonly<Record<string, string>>
}

export interface ClusterPlan {
  readonly name: string
  /** Minor release of Kubernetes 1. */
  readonly minor: number
  readonly gitVersion: string
  readonly goVersion: string
  readonly buildDate: string
  /** ms UTC. */
  readonly born: number
  /** How fast etcd's revision grows. */
  readonly writesPerSecond: number
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
  /** Namespace to team; undefined: nobody's label. */
  readonly namespaces: Readonly<Record<string, string | undefined>>
  readonly apps: readonly AppPlan[]
  readonly cronJobs: readonly CronJobPlan[]
  readonly quotas: readonly QuotaPlan[]
  readonly events: readonly EventPlan[]
}
