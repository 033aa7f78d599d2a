// Requests as somebody else: what RBAC says to an identity, asked by impersonation.
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import type { Lab } from '../src/lab/lab.ts'

export interface Ask {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: object
}

export interface Answer {
  readonly status: number
  /** Empty where it is no JSON. */
  readonly body: object
}

/** Somebody who asks. */
export interface Identity {
  ask(ask: Ask): Promise<Answer>
  close(): Promise<void>
}

/** Sends requests with the administrator's token and the name of another. */
export async function impersonate(lab: Lab, user: string, groups: readonly string[]): Promise<Identity> {
  const config = JSON.parse(await readFile(lab.kubeconfig, 'utf8'))
  const ca = Buffer.from(config.clusters[0].cluster['certificate-authority-data'], 'base64')
  const dispatcher = new Agent({ connect: { ca } })
  return {
    async ask({ method, path, body }) {
      const answer = await request(`${lab.server}${path}`, {
        method,
        dispatcher,
        headers: {
          authorization: `Bearer ${config.users[0].user.token}`,
          'impersonate-user': user,
          'impersonate-group': [...groups],
          ...(body && { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, body: jsonOf(text) }
    },
    close: () => dispatcher.close(),
  }
}

function jsonOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** A ServiceAccount, with the groups that its token puts it into. */
export const impersonateAccount = (lab: Lab, namespace: string, name: string): Promise<Identity> =>
  impersonate(lab, `system:serviceaccount:${namespace}:${name}`, [
    'system:serviceaccounts',
    `system:serviceaccounts:${namespace}`,
    'system:authenticated',
  ])
