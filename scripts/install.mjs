// Runs before anything is installed, so it is plain JavaScript and uses Node.js alone.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Runs a command in the project and ends the process with a message if it fails. */
export function run(stage, command, args, options = {}) {
  const began = performance.now()
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    ...options,
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  if (result.error || result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
    fail(`${stage} failed after ${seconds} s${result.error ? `: ${result.error.message}` : ''}`)
  }
  process.stderr.write(`${stage.padEnd(28)}${seconds.padStart(7)} s\n`)
  return result
}

export function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

/** Checks Node.js, installs the packages if they are missing or older than the lock file, and builds dist/. */
export function installAndBuild() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node.js 20.19 or newer is needed (22 or 24 are better); this is ${process.versions.node}`)
  }
  const installed = join(root, 'node_modules/.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
    run('install packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  run('build', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'])
  chmodSync(join(root, 'dist/main.js'), 0o755)
}
