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

/** A PodDisruptionBudget's one figure. */
export type BudgetPlan = { readonly minAvailable: number } | { readonly maxUnavailable: number }

/** A HorizontalPodAutoscaler. */
export interface AutoscalerPlan {
  readonly min: number
  readonly max: number
  /** ms UTC; otherwise as old as its app. One that is younger than 15 s has not been looked at by its controller. */
  readonly created?: number
}

/** Restarts of a container that its livenessProbe asked for. */
export interface RestartsPlan {
  readonly count: number
  /** ms UTC. */
  readonly first: number
  readonly last: number
}

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
  /** What sleeps: a shell's command or the program `sleep`; otherwise what the cluster's release offers. */
  readonly preStopBy?: 'shell' | 'program'
  /** terminationGracePeriodSeconds. */
  readonly grace?: number
  readonly host?: string
  readonly loadBalancer?: true
  /** A StatefulSet's Service has a virtual address, though a StatefulSet asks for a headless one. */
  readonly virtual?: true
  /** A sidecar that only the Pods have: put into them at admission. */
  readonly injected?: { readonly name: string; readonly image: string }
  readonly budget?: BudgetPlan
  readonly autoscaler?: AutoscalerPlan
  /** Of its first Pod, whose preStop hook failed each time. */
  readonly restarts?: RestartsPlan
  /** When its first Pod was asked to go, ms UTC; it hangs, and nothing after that has reached the EndpointSlice. */
  readonly leaving?: number
  /** Where it is not the namespace's team. */
  readonly team?: string
}

/** What an app may have beyond the columns of its row. */
export type AppRest = Partial<Omit<AppPlan, 'kind' | 'namespace' | 'name' | 'image' | 'replicas' | 'delivery'>>
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
  /** The node of a kubelet. */
  readonly host?: string
  /** The container of a Pod that it is about. */
  readonly container?: string
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
