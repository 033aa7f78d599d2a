import type { Kind, Version } from '../contract/hazard.ts'
import { parseVersion } from '../objects/version.ts'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'

/** How a server serves a kind. */
export interface Served {
  /** `/apis/batch/v1beta1` or `/api/v1`. */
  readonly prefix: string
  readonly apiVersion: string
  /** The plural name in paths. */
  readonly resource: string
  readonly namespaced: boolean
}

interface ApiResource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
}

/** Finds out, once per group and version, what a server serves. */
export class Discovery {
  readonly #client: Client
  readonly #resources = new Map<string, Promise<readonly ApiResource[]>>()

  constructor(client: Client) {
    this.#client = client
  }

  /**
   * The newest of a kind's versions that the server serves; undefined if it serves none of them. That batch/v1 is there does
   * not mean that its CronJob is (1.20), so the resources of each version are looked at.
   * @throws ApiError if the server can't be asked.
   */
  async served({ kind, api }: Kind<unknown>): Promise<Served | undefined> {
    if (!api) return undefined
    for (const version of api.versions) {
      const apiVersion = api.group === '' ? version : `${api.group}/${version}`
      const prefix = api.group === '' ? `/api/${version}` : `/apis/${apiVersion}`
      const resource = (await this.#list(prefix)).find((one) => one.kind === kind && !one.name.includes('/'))
      if (resource) return { prefix, apiVersion, resource: resource.name, namespaced: resource.namespaced }
    }
    return undefined
  }

  #list(prefix: string): Promise<readonly ApiResource[]> {
    const known = this.#resources.get(prefix)
    if (known) return known
    const asked = this.#client
      .ask({ method: 'GET', path: prefix })
      .then((body) => (body as { resources?: readonly ApiResource[] }).resources ?? [])
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return []
        this.#resources.delete(prefix)
        throw error
      })
    this.#resources.set(prefix, asked)
    return asked
  }
}

/** The API server's release; undefined if it does not say. @throws ApiError if it can't be asked. */
export async function serverVersion(client: Client): Promise<Version | undefined> {
  const { major, minor, gitVersion } = (await client.ask({ method: 'GET', path: '/version' })) as Record<
    string,
    unknown
  >
  return parseVersion(`${major}.${minor}`) ?? parseVersion(String(gitVersion))
}
