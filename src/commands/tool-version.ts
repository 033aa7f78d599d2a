import { ownText } from '../own-files.ts'

const manifest: unknown = JSON.parse(ownText('package.json'))

/** Roadcrew's own version, of its package.json. */
export const toolVersion: string = String((manifest as { version?: unknown }).version)
