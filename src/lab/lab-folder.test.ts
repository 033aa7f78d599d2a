import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeLabFolder, removeOrphans } from './lab-folder.ts'

let below = ''
beforeEach(() => {
  below = mkdtempSync(join(tmpdir(), 'roadcrew-orphans-'))
})
afterEach(() => rmSync(below, { recursive: true, force: true }))

const folderOf = (name: string, owner?: string): string => {
  const path = join(below, `roadcrew-lab-${name}`)
  mkdirSync(path)
  if (owner !== undefined) writeFileSync(join(path, 'owner'), owner)
  return path
}
const own = (): readonly string[] => {
  const folder = makeLabFolder()
  const owner = readFileSync(join(folder.path, 'owner'), 'utf8')
  folder.remove()
  expect(existsSync(folder.path)).toBe(false)
  return owner.split(' ')
}

it('takes down the daemons and the folder of an owner that is gone', async () => {
  const [, ticks, namespace] = own()
  const { pid } = spawnSync('true')
  const path = folderOf('gone', `${pid} ${ticks} ${namespace}`)
  const daemon = spawn('sh', ['-c', 'sleep 60; :', '--', `--data-dir=${path}/etcd`], { stdio: 'ignore' })
  const ended = new Promise((resolve) => daemon.once('exit', (_, signal) => resolve(signal)))
  await expect
    .poll(() => readFileSync(`/proc/${daemon.pid}/cmdline`, 'utf8'), { timeout: 10_000 })
    .toContain('--data-dir')
  removeOrphans(below)
  expect(await ended).toBe('SIGKILL')
  expect(existsSync(path)).toBe(false)
})

it('takes a pid that was given to another process for what it is', () => {
  const [pid, ticks, namespace] = own()
  const path = folderOf('again', `${pid} ${Number(ticks) - 1} ${namespace}`)
  removeOrphans(below)
  expect(existsSync(path)).toBe(false)
})

it('leaves alone what lives, what names no owner, and what is of another pid namespace', () => {
  const [pid, ticks, namespace] = own()
  const kept = [
    folderOf('lives', `${pid} ${ticks} ${namespace}`),
    folderOf('unnamed'),
    folderOf('elsewhere', `999999999 ${ticks} pid:[1]`),
  ]
  removeOrphans(below)
  expect(kept.map((path) => existsSync(path))).toEqual([true, true, true])
})
