import { readFileSync } from 'node:fs'

const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

/** Roadcrew's own version, of its package.json. */
export const toolVersion: string = String((manifest as { version?: unknown }).version)
