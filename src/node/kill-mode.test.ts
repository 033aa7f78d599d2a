import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { killMode } from './kill-mode.ts'

describe('the KillMode of a unit', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'roadcrew-units-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))
  const file = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const vendor = '[Service]\nExecStart=/usr/bin/dockerd\n# KillMode=mixed\nKillMode=process\n'

  it('is what its file says, and systemd’s default where that says nothing', () => {
    expect(killMode(root, 'docker.service')).toBeUndefined()
    file('lib/systemd/system/docker.service', vendor)
    expect(killMode(root, 'docker.service')).toBe('process')
    file('lib/systemd/system/crio.service', '[Service]\n')
    expect(killMode(root, 'crio.service')).toBe('control-group')
  })

  it('is what the administrator’s file or drop-ins say', () => {
    file('lib/systemd/system/docker.service', vendor)
    file('lib/systemd/system/docker.service.d/50-mode.conf', '[Service]\nKillMode = mixed\n')
    expect(killMode(root, 'docker.service')).toBe('mixed')
    file('etc/systemd/system/docker.service.d/50-mode.conf', '[Service]\nKillMode=none\n')
    file('etc/systemd/system/docker.service.d/10-mode.conf', '[Service]\nKillMode=control-group\n')
    expect(killMode(root, 'docker.service')).toBe('none')
    file('etc/systemd/system/docker.service', '[Service]\nKillMode=process\n')
    expect(killMode(root, 'docker.service')).toBe('none')
    file('etc/systemd/system/docker.service.d/60.conf', '[Service]\nKillMode=\n')
    expect(killMode(root, 'docker.service')).toBe('control-group')
  })
})
