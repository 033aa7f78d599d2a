import type { Version } from '../contract/hazard.ts'
import { parseVersion } from './version.ts'

/** A reference of a container image, taken apart: `registry:5000/flannel/flannel:v0.27.4@sha256:…`. */
export interface Image {
  /** With its registry; without tag and digest. */
  readonly repository: string
  /** What the tag begins with; undefined for `latest`, a digest alone, or tags of another form. */
  readonly version: Version | undefined
}

export function imageOf(reference: string): Image {
  const [named = ''] = reference.split('@')
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1)
  if (colon < 0) return { repository: named, version: undefined }
  return { repository: named.slice(0, colon), version: parseVersion(named.slice(colon + 1)) }
}
