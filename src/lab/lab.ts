import { homeFolder } from '../home.ts'
import { type Client, connect } from '../kubernetes/client.ts'
import { loadKubeconfig } from '../kubernetes/kubeconfig.ts'
import { type ControlPlane, findControlPlane, startControlPlane } from './control-plane.ts'

/** A control plane of its own, and a way to arrange things in it. */
export interface Lab extends ControlPlane {
  /** One request as the administrator; a PATCH is a merge patch. @throws ApiError if it is refused. */
  send(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<unknown>
  /** The items of a list, narrowed by a field selector. */
  list<T>(path: string, fieldSelector?: string): Promise<readonly T[]>
}

/**
 * Starts a control plane from the parts that are found on this machine.
 * @param users further users, without any right.
 * @throws Error naming what is missing and what to do.
 */
export async function startLab(signal: AbortSignal, users: readonly string[] = []): Promise<Lab> {
  const sought = findControlPlane(process.env, homeFolder())
  if ('missing' in sought) throw new Error(sought.hint)
  const plane = await startControlPlane(sought.found, { users, signal })
  const client = await clientOf(plane)
  return {
    ...plane,
    send: (method, path, body) =>
      client.ask({
        method,
        path,
        ...(body && { body }),
        ...(method === 'PATCH' && { contentType: 'application/merge-patch+json' }),
      }),
    list: async <T>(path: string, fieldSelector?: string) => {
      const query = fieldSelector === undefined ? {} : { fieldSelector }
      const { items } = (await client.ask({ method: 'GET', path, query })) as { items: readonly T[] }
      return items
    },
    async stop() {
      await client.close()
      await plane.stop()
    },
  }
}

async function clientOf({ kubeconfig }: ControlPlane): Promise<Client> {
  const config = await loadKubeconfig({ path: kubeconfig, env: {}, home: '/' })
  return connect(config.target('lab'), { env: {} })
}
