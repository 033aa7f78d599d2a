// How the webhook's own certificate is kept in a Secret.
import type { Kept } from './certificate-plan.ts'
import { expiresAt, type Generation } from './generation.ts'

/** By it the webhook knows a Secret that it may write to. */
export const ownLabel = 'roadcrew.dev/certificate'

export interface SecretSeen {
  readonly metadata?: { readonly resourceVersion?: string; readonly labels?: Readonly<Record<string, string>> | null }
  readonly data?: Readonly<Record<string, string>> | null
}

const fields = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const
const nextPrefix = 'next-'
const previousField = 'previous-ca.crt'

/** What it holds; a text says why that is nothing to go by. */
export function keptOf({ data }: SecretSeen): Kept | string {
  const current = generationOf(data, '')
  if (!current) return Object.keys(data ?? {}).length === 0 ? 'the Secret is empty' : 'the Secret lacks a part'
  const [next, previous] = [generationOf(data, nextPrefix), textAt(data, previousField)]
  return { current, ...(next && { next }), ...(expiresAt(previous) !== undefined && { previous }) }
}

/** Somebody else's: it has something in it, and not the label. */
export const isForeign = ({ metadata, data }: SecretSeen): boolean =>
  metadata?.labels?.[ownLabel] === undefined && Object.keys(data ?? {}).length > 0

/** The Secret as it is made. */
export const secretOf = (name: string, kept: Kept): object => ({
  ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
  metadata: { name, labels: { [ownLabel]: 'webhook' } },
  data: dataOf(kept),
})

/** As a merge patch (RFC 7386), refused if anybody wrote since: what is not wanted any more goes. */
export const secretPatch = ({ metadata, data }: SecretSeen, kept: Kept): object => ({
  metadata: { resourceVersion: metadata?.resourceVersion, labels: { [ownLabel]: 'webhook' } },
  data: { ...Object.fromEntries(Object.keys(data ?? {}).map((key) => [key, null])), ...dataOf(kept) },
})

const dataOf = ({ current, next, previous }: Kept): Readonly<Record<string, string>> => ({
  ...fieldsOf(current, ''),
  ...(next && fieldsOf(next, nextPrefix)),
  ...(previous !== undefined && { [previousField]: btoa(previous) }),
})

const fieldsOf = (generation: Generation, prefix: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(fields).map(([part, name]) => [`${prefix}${name}`, btoa(generation[part as keyof Generation])]),
  )

function generationOf(data: SecretSeen['data'], prefix: string): Generation | undefined {
  const [ca, cert, key] = [fields.ca, fields.cert, fields.key].map((name) => textAt(data, `${prefix}${name}`))
  return ca && cert && key ? { ca, cert, key } : undefined
}

const textAt = (data: SecretSeen['data'], key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString()
