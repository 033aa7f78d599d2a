import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { inside, makeEnclosure } from './enclosure.ts'

it('an enclosure refuses a folder and a program that would be hidden in it', async () => {
  await expect(makeEnclosure('/var/tmp/lab')).rejects.toThrow('(TMPDIR) must not be below /var/')
  expect(() => inside(1, ['/run/kubelet', []])).toThrow('must not be below /run/')
})

it('a daemon in an enclosure stays what was started: the script becomes it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-enclosure-'))
  const enclose = await makeEnclosure(folder)
  const [command, args] = enclose(['daemon', ['--flag']])
  expect([command, ...args].slice(-3)).toEqual([join(folder, 'enclose.sh'), 'daemon', '--flag'])
  expect(readFileSync(join(folder, 'enclose.sh'), 'utf8')).toMatch(/\nexec "\$@"\n$/)
  rmSync(folder, { recursive: true })
})
