// Makes certificates. Loaded only when one is to be made: the library takes 0.4 s and 20 MB.
import 'reflect-metadata' // wanted by the library before itself
import { randomBytes, type webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { backdated, type Generation, lasts } from './generation.ts'

/** Known to every TLS stack, and signing costs the server a tenth of what RSA does. */
const curve = { name: 'ECDSA', namedCurve: 'P-256' }
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' }

/**
 * Makes an authority and a certificate that it signs; its key is not kept.
 * @param names DNS names that it is for.
 * @param now ms UTC.
 */
export async function makeGeneration(names: readonly string[], now: number): Promise<Generation> {
  const [authority, own] = await Promise.all([keyPair(), keyPair()])
  const valid = { notBefore: new Date(now - backdated), notAfter: new Date(now + lasts), signingAlgorithm }
  // Two of them are trusted at a time: by name and key identifier a verifier finds the right one at once.
  const issuer = `CN=roadcrew webhook CA ${serial()}`
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...{ ...valid, serialNumber: serial(), name: issuer, keys: authority },
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(authority.publicKey),
    ],
  })
  const cert = await X509CertificateGenerator.create({
    ...{ ...valid, serialNumber: serial(), subject: 'CN=roadcrew webhook', issuer },
    ...{ publicKey: own.publicKey, signingKey: authority.privateKey },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
      await AuthorityKeyIdentifierExtension.create(authority.publicKey),
      await SubjectKeyIdentifierExtension.create(own.publicKey),
    ],
  })
  return { ca: pem('CERTIFICATE', ca.rawData), cert: pem('CERTIFICATE', cert.rawData), key: await keyText(own) }
}

const keyPair = (): Promise<webcrypto.CryptoKeyPair> => crypto.subtle.generateKey(curve, true, ['sign', 'verify'])

/** Positive, as RFC 5280 (4.1.2.2) wants it. */
const serial = (): string => `4${randomBytes(8).toString('hex').slice(1)}`

const keyText = async ({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> =>
  pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', privateKey))

/** RFC 7468. */
const pem = (label: string, content: ArrayBuffer): string => {
  const lines =
    Buffer.from(content)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
