import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Credentials {
  /** In the format of kube-apiserver's --token-auth-file: token,user,uid,"groups". */
  readonly tokenFile: string
  /** A private RSA key in PEM, for service account tokens. */
  readonly serviceAccountKey: string
  /** @throws Error for a user that was not named. */
  tokenOf(user: string): string
}

/** Makes an administrator's token, one for each other user, and the service account key, in a folder. */
export async function makeCredentials(folder: string, users: readonly string[]): Promise<Credentials> {
  const tokens = new Map(['admin', ...users].map((user) => [user, randomBytes(16).toString('hex')]))
  const lines = [...tokens].map(
    ([user, token]) => `${token},${user},${user}${user === 'admin' ? ',"system:masters"' : ''}`,
  )
  const tokenFile = join(folder, 'tokens.csv')
  const serviceAccountKey = join(folder, 'service-account.key')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await writeFile(tokenFile, `${lines.join('\n')}\n`, { mode: 0o600 })
  await writeFile(serviceAccountKey, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
  return {
    tokenFile,
    serviceAccountKey,
    tokenOf(user) {
      const token = tokens.get(user)
      if (token === undefined) throw new Error(`the lab has no user ${user}; it has ${[...tokens.keys()].join(', ')}`)
      return token
    },
  }
}

interface Access {
  readonly server: string
  /** The authority's certificate, base64 of PEM. */
  readonly ca: string
  readonly user: string
  readonly token: string
}

/** A kubeconfig with one context, `lab`. JSON is YAML too. */
export function kubeconfigText({ server, ca, user, token }: Access): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    clusters: [{ name: 'lab', cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user } }],
  })
}
