// The one MutatingWebhookConfiguration that the webhook may write to, and of that only whom to trust.
import type { Operation } from '../objects/json-patch.ts'

export interface ConfigurationSeen {
  readonly metadata?: { readonly resourceVersion?: string }
  readonly webhooks?:
    | readonly { readonly name?: string; readonly clientConfig?: { readonly caBundle?: string } }[]
    | null
}

/**
 * What makes it trust a bundle and nothing else; empty if it does. Refused (409) if anybody wrote to it since.
 * @param bundle PEM.
 */
export function trustPatch({ metadata, webhooks }: ConfigurationSeen, bundle: string): readonly Operation[] {
  const wanted = Buffer.from(bundle).toString('base64')
  const changes = (webhooks ?? []).flatMap(({ clientConfig }, place): Operation[] =>
    clientConfig?.caBundle === wanted
      ? []
      : [{ op: 'add', path: `/webhooks/${place}/clientConfig/caBundle`, value: wanted }],
  )
  if (changes.length === 0) return []
  return [{ op: 'replace', path: '/metadata/resourceVersion', value: metadata?.resourceVersion }, ...changes]
}
