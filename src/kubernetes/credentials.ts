import { readFile } from 'node:fs/promises'

/** A part of a kubeconfig as it stands there. */
export type Entry = Readonly<Record<string, unknown>>

/** What a connection needs: headers of every request, and TLS options. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly tls: {
    readonly ca?: string | Buffer
    readonly cert?: string | Buffer
    readonly key?: string | Buffer
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
  }
}

interface Options {
  headers?: Record<string, string | string[] | undefined>
  auth?: string
  ca?: string | Buffer
  cert?: string | Buffer
  key?: string | Buffer
  servername?: string
  rejectUnauthorized?: boolean
}

/**
 * The credentials of one context: certificates, tokens, basic auth, exec plugins and auth providers by the client
 * library; token files and impersonated groups, which it does not know, by ourselves.
 * @throws Error naming the context if a plugin or a file fails.
 */
export async function credentialsOf(context: string, cluster: Entry, user: Entry): Promise<Credentials> {
  try {
    const options = await libraryOptions(cluster, user)
    const token = typeof user.tokenFile === 'string' ? (await readFile(user.tokenFile, 'utf8')).trim() : undefined
    const { headers = {}, auth, ca, cert, key, servername, rejectUnauthorized } = options
    return {
      headers: {
        ...Object.fromEntries(
          Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
        ),
        ...(auth && { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...(Array.isArray(user['as-groups']) && { 'impersonate-group': user['as-groups'].map(String) }),
      },
      tls: {
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
        ...(servername && { servername }),
        ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      },
    }
  } catch (error) {
    const because = error instanceof Error ? error.message.trim() : String(error)
    throw new Error(`the credentials of context "${context}" can't be had: ${because}`)
  }
}

async function libraryOptions(cluster: Entry, user: Entry): Promise<Options> {
  // 400 ms and 110 MB: only where a kubeconfig is really used.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  const { 'proxy-url': _, ...direct } = cluster // proxies are the connection's matter
  // The library refuses http:// unless told to; there is no TLS to verify then.
  const plain = String(cluster.server).startsWith('http:') ? { 'insecure-skip-tls-verify': true } : {}
  config.loadFromString(
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { ...direct, ...plain } }],
      users: [{ name: 'u', user: withExecInfo(user) }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  const options: Options = {}
  await config.applyToHTTPSOptions(options)
  return options
}

/** Exec plugins are told what kubectl tells them (client.authentication.k8s.io: KUBERNETES_EXEC_INFO). */
function withExecInfo(user: Entry): Entry {
  const exec = user.exec as { apiVersion?: string; env?: readonly unknown[] | null } | undefined | null
  if (!exec) return user
  const info = { apiVersion: exec.apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }]
  return { ...user, exec: { ...exec, env } }
}
