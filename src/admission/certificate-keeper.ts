// Keeps the webhook's own certificate in a Secret, and the API server told whom to trust. Any number of replicas do so at the same
// time, without a leader: whoever writes second is refused, and looks again.
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { bundleOf, type Kept, planOf } from './certificate-plan.ts'
import { isForeign, keptOf, ownLabel, type SecretSeen, secretOf, secretPatch } from './certificate-secret.ts'
import type { Generation } from './generation.ts'
import { type ConfigurationSeen, trustPatch } from './webhook-configuration.ts'

export interface KeeperOptions {
  readonly client: Client
  readonly namespace: string
  /** Names of the Secret in it, and of the MutatingWebhookConfiguration. */
  readonly secret: string
  readonly configuration: string
  /** What the certificate has to be for. */
  readonly names: readonly string[]
  /** ms UTC, and ms on a clock that only goes forward. */
  readonly now: () => number
  readonly ticks: () => number
  /** Makes one that is valid now. */
  readonly make: (names: readonly string[], now: number) => Promise<Generation>
  /** What was written, and why. */
  readonly wrote: (what: string, because: string) => void
}

/** So often others may be faster. */
const mostTries = 6
const webhooks = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const fieldManager = 'roadcrew-webhook'

export class CertificateKeeper {
  readonly #options: KeeperOptions
  #held: Generation | undefined
  /** What the API server was seen to be told, and since when. */
  #told: { readonly bundle: string; readonly ticks: number } | undefined
  #wasTold = false

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** What is to be served; undefined before the first look that came so far. */
  get held(): Generation | undefined {
    return this.#held
  }

  /** Whether the API server was ever told to trust it. */
  get wasTold(): boolean {
    return this.#wasTold
  }

  /**
   * Looks at both objects and writes what is due.
   * @throws ApiError if one can't be read or written, Error if the Secret is somebody else's; what is held stays.
   */
  async look(): Promise<void> {
    for (let tries = 0; tries < mostTries; tries++) {
      if (await this.#lookOnce()) return
    }
    throw new Error(`others wrote to the Secret ${this.#options.secret} or the webhook configuration all the time`)
  }

  /** @returns false if somebody else was faster, so that all has to be looked at again. */
  async #lookOnce(): Promise<boolean> {
    // The configuration first: what is written to it then is of a Secret that is no older, or refused.
    const configuration = await this.#read<ConfigurationSeen>(`${webhooks}/${this.#options.configuration}`).catch(
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    )
    const isTold =
      configuration &&
      !(configuration instanceof Error) &&
      trustPatch(configuration, this.#told?.bundle ?? '').length === 0
    if (!isTold) this.#told = undefined
    const kept = await this.#kept()
    if (!kept) return false
    this.#held = kept.current
    if (configuration instanceof Error) throw configuration
    if (configuration) return this.#tell(configuration, bundleOf(kept))
    throw new Error(`there is no MutatingWebhookConfiguration ${this.#options.configuration}`)
  }

  /** What the Secret holds once what is due is written; undefined: somebody else was faster. */
  async #kept(): Promise<Kept | undefined> {
    const { secret: name, names, make, now, ticks, wrote } = this.#options
    const secret = await this.#read<SecretSeen>(this.#secretPath)
    if (secret && isForeign(secret)) {
      throw new Error(`the Secret ${name} has no label ${ownLabel}: it is somebody else's, and left as it is`)
    }
    const found = secret ? keptOf(secret) : 'there is no Secret'
    const isTold = typeof found !== 'string' && this.#told?.bundle === bundleOf(found)
    const toldMs = isTold && this.#told ? ticks() - this.#told.ticks : 0
    const plan = planOf({ found, held: this.#held, toldMs, names, now: now() })
    if (plan.do === 'keep') return typeof found === 'string' ? undefined : found
    const kept = plan.do === 'write' ? plan.kept : plan.with(await make(names, now()))
    if (!(await this.#write(secret, kept))) return undefined
    wrote(`the certificate in the Secret ${name}`, plan.because)
    return kept
  }

  #write(secret: SecretSeen | undefined, kept: Kept): Promise<boolean> {
    const { secret: name } = this.#options
    return this.#unlessFaster(
      secret
        ? {
            ...{ method: 'PATCH', path: this.#secretPath, contentType: 'application/merge-patch+json' },
            body: secretPatch(secret, kept),
          }
        : { method: 'POST', path: this.#secretPath.slice(0, -name.length - 1), body: secretOf(name, kept) },
    )
  }

  async #tell(configuration: ConfigurationSeen, bundle: string): Promise<boolean> {
    const { configuration: name, ticks, wrote } = this.#options
    const body = trustPatch(configuration, bundle)
    if (body.length > 0) {
      const path = `${webhooks}/${name}`
      const contentType = 'application/json-patch+json'
      if (!(await this.#unlessFaster({ method: 'PATCH', path, contentType, body }))) return false
      wrote(`the caBundle of ${name}`, 'it was not what the Secret has')
    }
    if (this.#told?.bundle !== bundle) this.#told = { bundle, ticks: ticks() }
    this.#wasTold = true
    return true
  }

  get #secretPath(): string {
    const { namespace, secret } = this.#options
    return `/api/v1/namespaces/${namespace}/secrets/${secret}`
  }

  async #read<T>(path: string): Promise<T | undefined> {
    try {
      return (await this.#options.client.ask({ method: 'GET', path })) as T
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  /** 409: it was written, made or taken away meanwhile (404, for a patch). */
  async #unlessFaster(ask: Parameters<Client['ask']>[0]): Promise<boolean> {
    try {
      await this.#options.client.ask({ ...ask, query: { fieldManager } })
      return true
    } catch (error) {
      if (error instanceof ApiError && (error.status === 409 || (error.status === 404 && ask.method === 'PATCH')))
        return false
      throw error
    }
  }
}
