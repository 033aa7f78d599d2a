import { policyName, readPolicy } from '../acting/policy-source.ts'
import type { Hazard } from '../contract/hazard.ts'
import type { Broken } from '../contract/world.ts'
import type { LookOptions } from '../engine/look.ts'
import { settingsBy } from '../engine/policy-settings.ts'
import { hazards as catalogue } from '../hazards/index.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import { type Client, connect } from '../kubernetes/client.ts'
import { type Kubeconfig, loadKubeconfig } from '../kubernetes/kubeconfig.ts'
import { clusterWorld } from '../kubernetes/world.ts'
import type { Looked } from '../report/build.ts'
import { type Io, ownNamespace, UsageError } from './io.ts'
import type { LookAt } from './look-around.ts'
import { type Progress, startProgress } from './progress.ts'
import type { Seen } from './scan-files.ts'
import type { LookOptions as Where } from './scan-options.ts'

/** `own`: settings by hazard that win over those of the cluster's policy. With `settings` no policy is asked for. */
export type ClusterOptions = Omit<LookOptions, 'vantages' | 'world'> & {
  readonly own?: Readonly<Record<string, unknown>>
}

/**
 * Looks at live clusters side by side. One that can't be reached is told of in its place and hides none of the others.
 * @throws Error if there is no kubeconfig to begin with.
 */
export async function scanClusters(options: ClusterOptions, scan: Where, io: Io, lookAt: LookAt): Promise<Seen> {
  const config = await loadKubeconfig({
    env: io.env,
    home: io.home,
    ...(scan.kubeconfig !== undefined && { path: scan.kubeconfig }),
  })
  const progress = await startProgress(io, 'connecting')
  try {
    const looked = await Promise.all(
      contextsOf(config, scan).map((context) => lookAtOne(config, context, { options, scan, io, progress, lookAt })),
    )
    return { looked, broken: [], passedOver: 0, placeOf: () => Promise.resolve(undefined) }
  } finally {
    progress.end()
  }
}

function contextsOf({ contexts, current }: Kubeconfig, { allContexts, context }: Where): readonly string[] {
  if (allContexts) return contexts
  if (context.length > 0) return [...new Set(context)]
  if (current === undefined) {
    throw new Error(`the kubeconfig has no current context; --context names one of ${contexts.join(', ') || 'none'}`)
  }
  return [current]
}

interface Looking {
  readonly options: ClusterOptions
  readonly scan: Where
  readonly io: Io
  readonly progress: Progress
  readonly lookAt: LookAt
}

async function lookAtOne(
  config: Kubeconfig,
  context: string,
  { options, scan: { namespace, podMetrics }, io, progress, lookAt }: Looking,
): Promise<Looked> {
  try {
    const client = connect(config.target(context), { env: io.env, signal: io.signal })
    try {
      const world = await clusterWorld(client, {
        namespaces: namespace,
        podMetrics: podMetrics === true,
        onPage: (kind, count) => progress.read(context, kind, count),
      })
      const policy: OfPolicy = options.settings ? {} : await settingsOf(client, options.hazards, io)
      const { broken } = policy
      const settings = options.settings ?? { ...policy.settings, ...options.own }
      const seen = await lookAt({ ...options, settings, vantages: ['manifest', 'cluster'], world }, client)
      const all = broken ? { ...seen, broken: [...seen.broken, broken] } : seen
      return { name: context, look: all, ...(world.version && { version: world.version }) }
    } finally {
      await client.close()
    }
  } catch (error) {
    io.signal.throwIfAborted()
    if (error instanceof UsageError) throw error
    return { name: context, because: error instanceof Error ? error.message : String(error) }
  }
}

interface OfPolicy {
  readonly settings?: Readonly<Record<string, unknown>>
  readonly broken?: Broken
}

/**
 * What the cluster's own policy says of hazards' settings: what a person measured for it. Most have none, and who looks at a few
 * namespaces may not read it; one that is wrong is told of, and takes no findings away.
 */
async function settingsOf(client: Client, hazards: readonly Hazard[], io: Io): Promise<OfPolicy> {
  const namespace = ownNamespace({}, io)
  try {
    const { policy, from } = await readPolicy(client, namespace, catalogue)
    return from === undefined ? {} : { settings: settingsBy(policy, hazards) }
  } catch (error) {
    if (error instanceof ApiError) return {}
    const because = error instanceof Error ? error.message : String(error)
    return { broken: { place: `ConfigMap ${namespace}/${policyName}`, because } }
  }
}
