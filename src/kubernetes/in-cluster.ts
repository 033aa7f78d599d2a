import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { Kubeconfig } from './kubeconfig.ts'

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The cluster of the pod that this runs in, by its service account; undefined outside of a pod. The token is read at every
 * call of `credentials`, since the kubelet rotates it.
 * @param folder where the kubelet puts token and ca.crt.
 */
export function inCluster(
  env: Readonly<Record<string, string | undefined>>,
  folder: string = serviceAccount,
): Kubeconfig | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (!host || !existsSync(join(folder, 'token'))) return undefined
  const name = 'in-cluster'
  return {
    contexts: [name],
    current: name,
    target: () => ({
      name,
      server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      proxy: undefined,
      credentials: async () => ({
        headers: { authorization: `Bearer ${(await readFile(join(folder, 'token'), 'utf8')).trim()}` },
        tls: { ca: await readFile(join(folder, 'ca.crt')) },
      }),
    }),
  }
}
