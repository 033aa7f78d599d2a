// The names of objects that controllers make anew all the time.

interface Made {
  readonly metadata?: {
    readonly name?: unknown
    readonly generateName?: unknown
    readonly labels?: Readonly<Record<string, unknown>> | null
    readonly ownerReferences?: unknown
  } | null
}

interface Owner {
  readonly kind?: unknown
  readonly name?: unknown
  readonly controller?: unknown
}

/**
 * What of a name lasts, and `*` for the rest: `web-*` for a Pod `web-5d4f9c7b8-x2x4z` of a Deployment, `report-*` for a Job of the
 * CronJob `report`, and for that Job's Pods. Undefined for a name that is given once, as that of a StatefulSet's Pod.
 */
export function lastingNameOf(object: unknown): string | undefined {
  const { name, generateName, labels, ownerReferences } = (object as Made | null)?.metadata ?? {}
  const owners: readonly Owner[] = Array.isArray(ownerReferences) ? ownerReferences : []
  const owner = owners.find((one) => one?.controller === true)
  if (typeof name !== 'string' || !owner) return undefined
  // CronJobs name their Jobs themselves: their own name, and the scheduled time in seconds (until 1.20) or minutes.
  if (owner.kind === 'CronJob' && typeof owner.name === 'string') return `${owner.name}-*`
  if (owner.kind === 'StatefulSet' || typeof generateName !== 'string') return undefined
  return `${withoutEnd(generateName.replace(/-$/, ''), labels?.['pod-template-hash'], owner.kind)}-*`
}

/** A ReplicaSet has its template's hash behind its Deployment's name, a CronJob's Job the time. */
function withoutEnd(base: string, hash: unknown, kind: unknown): string {
  if (typeof hash === 'string' && base.endsWith(`-${hash}`)) return base.slice(0, -hash.length - 1)
  return kind === 'Job' ? base.replace(/-\d{8,10}$/, '') : base
}
