// Files that come with Roadcrew and are read while it runs. In a checkout and in the npm package they lie beside the code; where Roadcrew
// is one file (scripts/package/) they are in it, by the same paths. The one place that knows the difference.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { getAsset, isSea } from 'node:sea'
import { fileURLToPath } from 'node:url'
import { homeFolder } from './home.ts'

/** In the one file: a JSON object with the `version` of what it holds, which names the folder it is laid out in, and the `paths`. */
export const ownIndex = 'own-files.json'

/** Whether Roadcrew is one file, which also holds Node.js. */
export const isOneFile: boolean = isSea()

/** The same from src and from dist. */
const besideTheCode = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** The text of a file. @param path from the project's folder, with slashes. @throws Error if there is none. */
export const ownText = (path: string): string =>
  isOneFile ? getAsset(path, 'utf8') : readFileSync(besideTheCode(path), 'utf8')

/**
 * Where a file or folder is on this disk, for what takes a path. The one file lays all it holds out in the cache when it is first asked.
 * @param path from the project's folder, with slashes. @throws Error if no folder for them can be written.
 */
export const ownPath = (path: string): string => (isOneFile ? join(laidOut(), path) : besideTheCode(path))

let folder: string | undefined

function laidOut(): string {
  folder ??= inCache() ?? forThisRun()
  return folder
}

interface Index {
  readonly version: string
  readonly paths: readonly string[]
}

/** Written under another name first, so that whoever looks meanwhile finds all of it or nothing. */
function inCache(): string | undefined {
  const index = JSON.parse(ownText(ownIndex)) as Index
  const cache = join(process.env.XDG_CACHE_HOME || join(homeFolder(), '.cache'), 'roadcrew')
  const whole = join(cache, `files-${index.version}`)
  if (existsSync(whole)) return whole
  let partial: string | undefined
  try {
    mkdirSync(cache, { recursive: true })
    partial = mkdtempSync(`${whole}.`)
    layOut(index, partial)
    renameSync(partial, whole)
    return whole
  } catch {
    if (partial !== undefined) rmSync(partial, { recursive: true, force: true })
    // Another one was as fast, or there is no home that can be written.
    return existsSync(whole) ? whole : undefined
  }
}

function forThisRun(): string {
  try {
    const temporary = mkdtempSync(join(tmpdir(), 'roadcrew-files-'))
    process.once('exit', () => rmSync(temporary, { recursive: true, force: true }))
    layOut(JSON.parse(ownText(ownIndex)) as Index, temporary)
    return temporary
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error)
    throw new Error(
      `no folder for Roadcrew's own files can be written (${because}): set XDG_CACHE_HOME to one that can`,
    )
  }
}

function layOut({ paths }: Index, into: string): void {
  for (const path of paths) {
    mkdirSync(join(into, dirname(path)), { recursive: true })
    writeFileSync(join(into, path), ownText(path))
  }
}
