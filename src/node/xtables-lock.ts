// The lock that all of the host's iptables take, held over several calls of it.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Holds the lock while `use` runs. The tools that `use` calls would wait for it themselves: with the environment that is passed to
 * it they take a lock of their own instead (XTABLES_LOCKFILE, iptables 1.8.6; older ones give up and change nothing).
 * @param path the host's, commonly /run/xtables.lock.
 * @param waitMs how long others may have it; over that nothing is done.
 * @returns what `use` returns; or why the lock was not to be had.
 */
export async function withXtablesLock<T>(
  path: string,
  waitMs: number,
  use: (env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T | { readonly held: string }> {
  const seconds = String(Math.ceil(waitMs / 1000))
  const holder = spawn('flock', ['--exclusive', '--wait', seconds, path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const complaint: Buffer[] = []
  holder.stderr.on('data', (part: Buffer) => complaint.push(part))
  const ended = new Promise<'ended' | Error>((resolve) => {
    holder.once('error', resolve)
    holder.once('close', () => resolve('ended'))
  })
  const taken = await Promise.race([
    new Promise<'taken'>((resolve) => holder.stdout.once('data', () => resolve('taken'))),
    ended,
  ])
  if (taken instanceof Error) return { held: `flock can not be run: ${taken.message}` }
  if (taken === 'ended') {
    const why = Buffer.concat(complaint).toString().trim()
    return { held: why || `somebody else holds ${path} for over ${seconds} s` }
  }
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-xtables-'))
  try {
    return await use({ XTABLES_LOCKFILE: join(folder, 'lock') })
  } finally {
    holder.stdin.end()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}
