// Since when a spec has been as it is, by what the API server keeps of changes.
import type { ManagedFieldsEntry, ObjectMeta } from 'kubernetes-types/meta/v1.js'

/**
 * Of an object's managedFields those entries that are of its spec, without the fields themselves.
 * @param managedFields as the API gives them; whatever is not of their shape is left out.
 */
export function specChanges(managedFields: unknown): readonly ManagedFieldsEntry[] {
  if (!Array.isArray(managedFields)) return []
  return (managedFields as readonly ManagedFieldsEntry[]).flatMap(({ manager, operation, time, fieldsV1 }) =>
    typeof time === 'string' && Object.hasOwn(fieldsV1 ?? {}, 'f:spec')
      ? [{ ...(manager && { manager }), ...(operation && { operation }), time, fieldsV1: { 'f:spec': {} } }]
      : [],
  )
}

/**
 * When the spec was last changed at the latest (ms UTC); undefined if that is not known. An entry's time is that of the last
 * change by its manager, of the spec or of another field (ManagedFieldsEntry in apimachinery's meta/v1): the spec may be older
 * than this says, but never younger.
 */
export function specSince(metadata: ObjectMeta | undefined): number | undefined {
  const times = specChanges(metadata?.managedFields).map(({ time }) => Date.parse(time ?? ''))
  return times.length > 0 && times.every((time) => !Number.isNaN(time)) ? Math.max(...times) : undefined
}
