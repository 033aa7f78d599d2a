// One certificate with who signed it. Each is signed by an authority of its own, whose key is forgotten at once: nobody can sign
// with it any more, and each renewal goes the same way as the first.
import { createPrivateKey, X509Certificate } from 'node:crypto'

/** All in PEM. */
export interface Generation {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

const day = 24 * 3_600_000
/** How long one lasts (ms): as long as those of Let's Encrypt, so that renewing is nothing rare. */
export const lasts = 90 * day
/** With so much left (ms) the next one is made: a month in which somebody may see that it does not come. */
export const renewedBefore = 30 * day
/** It is valid since before it was made (ms): the API server's clock may be behind. */
export const backdated = 3_600_000

/** What the API server calls a Service by, when it sends a review (apiserver pkg/util/webhook): <service>.<namespace>.svc. */
export const namesOf = (service: string, namespace: string): readonly string[] => [
  `${service}.${namespace}.svc`,
  `${service}.${namespace}`,
]

/**
 * Why it can't be served; undefined if it can.
 * @param names all of which it has to be for.
 * @param now ms UTC.
 */
export function faultOf({ ca, cert, key }: Generation, names: readonly string[], now: number): string | undefined {
  const [authority, own] = [parsed(ca), parsed(cert)]
  if (!authority) return 'its authority is no certificate'
  if (!own) return 'it is no certificate'
  if (!isKeyOf(own, key)) return 'its key is that of another, or none'
  if (!own.checkIssued(authority) || !own.verify(authority.publicKey)) return 'its authority did not sign it'
  const missing = names.find((name) => own.checkHost(name) === undefined)
  if (missing !== undefined) return `it is not for ${missing}`
  for (const one of [authority, own]) {
    if (now < Date.parse(one.validFrom)) return `it is not valid before ${new Date(one.validFrom).toISOString()}`
    if (now >= Date.parse(one.validTo)) return `it expired at ${new Date(one.validTo).toISOString()}`
  }
  return undefined
}

/** When a certificate ends (ms UTC); the first of a chain. Undefined if the text holds none. */
export function expiresAt(pem: string): number | undefined {
  const certificate = parsed(pem)
  return certificate && Date.parse(certificate.validTo)
}

function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function isKeyOf(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
