// The documents of the admission API (admission.k8s.io/v1, served from 1.16 on): what comes in, and what goes out.
import type { Operation } from '../objects/json-patch.ts'
import type { Request, Reviewed } from './review.ts'

export type Parsed = { readonly uid: string; readonly request: Request } | { readonly wrong: string }

/** @param text the body of a request. @returns why it is no review that can be answered, naming the field. */
export function parseReview(text: string): Parsed {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    return { wrong: `no JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
  const { apiVersion, kind, request } = asRecord(document)
  if (kind !== 'AdmissionReview' || apiVersion !== 'admission.k8s.io/v1')
    return { wrong: `expected an AdmissionReview of admission.k8s.io/v1, got ${String(kind)} of ${String(apiVersion)}` }
  const { uid, kind: of, namespace, name, object, dryRun } = asRecord(request)
  if (typeof uid !== 'string' || uid === '') return { wrong: 'request.uid: expected a text' }
  const { kind: called } = asRecord(of)
  if (typeof called !== 'string') return { wrong: 'request.kind.kind: expected a text' }
  if (typeof object !== 'object' || object === null) return { wrong: 'request.object: expected an object' }
  const { generateName } = asRecord(asRecord(object).metadata)
  const texts = { namespace: textOr(namespace), name: textOr(name) || textOr(generateName) }
  return { uid, request: { kind: called, ...texts, object, ...(dryRun === true && { dryRun }) } }
}

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}

const textOr = (value: unknown): string => (typeof value === 'string' ? value : '')

/** It is always let through: whoever is hurt by a hazard is not helped by an object that can't be made. */
export function answerOf(uid: string, { patch, warnings }: Reviewed): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: true,
      ...(patch.length > 0 && { patchType: 'JSONPatch', patch: encoded(patch) }),
      ...(warnings.length > 0 && { warnings }),
    },
  }
}

const encoded = (patch: readonly Operation[]): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(patch))))
