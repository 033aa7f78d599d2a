import type { World } from '../contract/world.ts'
import { type Client, connect } from '../kubernetes/client.ts'
import { loadKubeconfig } from '../kubernetes/kubeconfig.ts'
import { clusterWorld } from '../kubernetes/world.ts'
import { pods } from '../objects/kinds.ts'
import type { AgentOptions } from './agent.ts'
import type { Io } from './io.ts'

/** What the API server says of this node's Pods: the agent looks on without it, and says what it could not read. */
export interface NodeApi {
  /** Undefined where no API server is known; a world whose kinds are unread where it does not answer. */
  world(): Promise<World | undefined>
  /** For what the agent writes and what its rails need; undefined where no API server is known. */
  readonly client: Client | undefined
  close(): Promise<void>
}

/** How long a round waits for the API server: nothing that the node shows by itself may be held up by it (ms). */
const patience = 5_000

/** Connects when it is first asked, and again after a failure. @throws Error if the kubeconfig that was named is no use. */
export async function nodeApi(options: AgentOptions, node: string, io: Io): Promise<NodeApi> {
  const isKnown = options.kubeconfig !== undefined || io.env.KUBERNETES_SERVICE_HOST !== undefined
  if (!isKnown) return { client: undefined, world: () => Promise.resolve(undefined), close: () => Promise.resolve() }
  const config = await loadKubeconfig({
    env: io.env,
    home: io.home,
    ...(options.kubeconfig !== undefined && { path: options.kubeconfig }),
  })
  const target = config.target(config.current ?? config.contexts[0] ?? '')
  // It opens a new connection with the next request after it was closed.
  const client = connect(target, { env: io.env, signal: io.signal, timeoutMs: patience })
  let connected: World | undefined
  const close = async (): Promise<void> => {
    await client.close()
    connected = undefined
  }
  return {
    client,
    close,
    async world() {
      try {
        // Of 30,000 Pods a node has 30: the API server leaves the others out.
        connected ??= await clusterWorld(client, { fieldSelectors: { [pods.kind]: `spec.nodeName=${node}` } })
        return connected
      } catch (error) {
        await close()
        return unreadWorld(node, error instanceof Error ? error.message : String(error))
      }
    },
  }
}

const unreadWorld = (name: string, unread: string): World => ({
  name,
  async *read(kinds) {
    for (const of of kinds) yield { of, unread }
  },
})
