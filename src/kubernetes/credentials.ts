import { readFile } from 'node:fs/promises'
import { askPlugin } from './exec-plugin.ts'

/** A part of a kubeconfig as it stands there. */
export type Entry = Readonly<Record<string, unknown>>

/** What a connection needs: headers of every request, and TLS options (PEM). */
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

/**
 * The credentials of one context, as kubectl takes them from a kubeconfig's user and cluster.
 * @throws Error naming the context if a plugin or a file fails.
 */
export async function credentialsOf(context: string, cluster: Entry, user: Entry): Promise<Credentials> {
  try {
    const ca = await pem(cluster, 'certificate-authority')
    // As kubectl (client-go's IsConfigTransportTLS): nothing secret goes over a connection that anybody can read.
    const secure = String(cluster.server).startsWith('https:')
    const { headers = {}, cert, key } = secure ? await identityOf(user) : {}
    return {
      headers: { ...headers, ...impersonation(user) },
      tls: {
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
        ...(typeof cluster['tls-server-name'] === 'string' && { servername: cluster['tls-server-name'] }),
        ...(cluster['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
      },
    }
  } catch (error) {
    const because = error instanceof Error ? error.message.trim() : String(error)
    throw new Error(`the credentials of context "${context}" can't be had: ${because}`)
  }
}

interface Identity {
  readonly headers?: Credentials['headers']
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
}

/** A client certificate goes beside everything else; a token file before a token, a token before user and password. */
async function identityOf(user: Entry): Promise<Identity> {
  const cert = await pem(user, 'client-certificate')
  const key = await pem(user, 'client-key')
  const own = { ...(cert && { cert }), ...(key && { key }) }
  if (typeof user.tokenFile === 'string') return { ...own, ...bearer((await readFile(user.tokenFile, 'utf8')).trim()) }
  if (typeof user.token === 'string') return { ...own, ...bearer(user.token) }
  if (typeof user.username === 'string') {
    const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')
    return { ...own, headers: { authorization: `Basic ${basic}` } }
  }
  if (user.exec) {
    const { token, clientCertificateData, clientKeyData } = await askPlugin(user.exec)
    const given = clientCertificateData && clientKeyData ? { cert: clientCertificateData, key: clientKeyData } : own
    return { ...given, ...(token && bearer(token)) }
  }
  return user['auth-provider'] ? { ...own, headers: await byAuthProvider(user) } : own
}

const bearer = (token: string): Identity => ({ headers: { authorization: `Bearer ${token}` } })

/** Data stands before a file, as in kubectl. */
async function pem(entry: Entry, name: string): Promise<string | Buffer | undefined> {
  const data = entry[`${name}-data`]
  if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64')
  const file = entry[name]
  return typeof file === 'string' && file !== '' ? readFile(file) : undefined
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
function impersonation(user: Entry): Credentials['headers'] {
  if (typeof user.as !== 'string') return {}
  const extra = (user['as-user-extra'] ?? {}) as Readonly<Record<string, readonly string[]>>
  return {
    'impersonate-user': user.as,
    ...(typeof user['as-uid'] === 'string' && { 'impersonate-uid': user['as-uid'] }),
    ...(Array.isArray(user['as-groups']) && { 'impersonate-group': user['as-groups'].map(String) }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [
        `impersonate-extra-${encodeURIComponent(key)}`,
        values.map(String),
      ]),
    ),
  }
}

/** The auth providers of old kubeconfigs (OIDC and clouds) are the client library's: 400 ms and 110 MB, so only here. */
async function byAuthProvider(user: Entry): Promise<Credentials['headers']> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromString(
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://cluster' } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  const options: { headers?: Record<string, string | string[] | undefined> } = {}
  await config.applyToHTTPSOptions(options)
  return Object.fromEntries(
    Object.entries(options.headers ?? {}).flatMap(([name, value]) => (value ? [[name.toLowerCase(), value]] : [])),
  )
}
