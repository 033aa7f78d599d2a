import { type LookOptions, look } from '../engine/look.ts'
import { connect } from '../kubernetes/client.ts'
import { type Kubeconfig, loadKubeconfig } from '../kubernetes/kubeconfig.ts'
import { clusterWorld } from '../kubernetes/world.ts'
import type { Looked } from '../report/build.ts'
import type { Io } from './io.ts'
import { type Progress, startProgress } from './progress.ts'
import type { Seen } from './scan-files.ts'
import type { LookOptions as Where } from './scan-options.ts'

/**
 * Looks at live clusters side by side. One that can't be reached is told of in its place and hides none of the others.
 * @throws Error if there is no kubeconfig to begin with.
 */
export async function scanClusters(
  options: Omit<LookOptions, 'vantages' | 'world'>,
  scan: Where,
  io: Io,
): Promise<Seen> {
  const config = await loadKubeconfig({
    env: io.env,
    home: io.home,
    ...(scan.kubeconfig !== undefined && { path: scan.kubeconfig }),
  })
  const progress = await startProgress(io, 'connecting')
  try {
    const looked = await Promise.all(
      contextsOf(config, scan).map((context) => lookAt(config, context, options, scan, io, progress)),
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

async function lookAt(
  config: Kubeconfig,
  context: string,
  options: Omit<LookOptions, 'vantages' | 'world'>,
  { namespace, podMetrics }: Where,
  io: Io,
  progress: Progress,
): Promise<Looked> {
  try {
    const client = connect(config.target(context), { env: io.env, signal: io.signal })
    try {
      const world = await clusterWorld(client, {
        namespaces: namespace,
        podMetrics: podMetrics === true,
        onPage: (kind, count) => progress.read(context, kind, count),
      })
      const seen = await look({ ...options, vantages: ['manifest', 'cluster'], world })
      return { name: context, look: seen, ...(world.version && { version: world.version }) }
    } finally {
      await client.close()
    }
  } catch (error) {
    io.signal.throwIfAborted()
    return { name: context, because: error instanceof Error ? error.message : String(error) }
  }
}
