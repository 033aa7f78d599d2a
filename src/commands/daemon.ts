// What commands that run until they are stopped have in common.
import { loadKubeconfig, type Target } from '../kubernetes/kubeconfig.ts'
import type { Io } from './io.ts'

/** The cluster of a kubeconfig, or that of the Pod it runs in. @throws Error if there is none. */
export async function daemonTarget({ kubeconfig }: { readonly kubeconfig?: string }, io: Io): Promise<Target> {
  const config = await loadKubeconfig({
    env: io.env,
    home: io.home,
    ...(kubeconfig !== undefined && { path: kubeconfig }),
  })
  return config.target(config.current ?? config.contexts[0] ?? '')
}

/** Until the signal is aborted. */
export const stopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })
