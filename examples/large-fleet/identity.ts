// Names, uids and times that are the same at every call.

/** When everything was made, and when the fleet is looked at. */
export const createdAt = '2026-03-02T09:00:00Z'
export const lookedAt = '2026-11-23T08:00:00Z'

/** A uid that looks like one. */
export function uidOf(key: string): string {
  let hash = 2166136261
  for (const char of key) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619) >>> 0
  const hex = hash.toString(16).padStart(8, '0')
  return `${hex}-${hex.slice(0, 4)}-4${hex.slice(1, 4)}-8${hex.slice(4, 7)}-${hex}${hex.slice(0, 4)}`
}

/** What only a cluster knows of an object. */
export const served = (manifest: boolean, key: string): object =>
  manifest
    ? {}
    : { uid: uidOf(key), resourceVersion: String(1000 + key.length), creationTimestamp: createdAt, generation: 1 }

const letters = 'bcdfghjklmnpqrstvwxz2456789'

/** A suffix such as Kubernetes makes up. */
export function suffix(key: string, length: number): string {
  let text = ''
  for (let n = 0; text.length < length; n++) {
    text += letters[Number.parseInt(uidOf(`${key}/${n}`).slice(0, 6), 16) % letters.length]
  }
  return text
}
