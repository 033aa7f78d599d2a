// Every drill, on real parts: the hazard is made, found, cured and gone.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runDrill } from '../src/commands/drill.ts'
import { hazards } from '../src/hazards/index.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { runtimesOrSkip } from './require-runtimes.ts'
import { testIo } from './test-io.ts'

const skip = [controlPlaneOrSkip(), runtimesOrSkip()].includes(true)

/** It has daemons and a folder of its own to take down. */
const onControlPlane = 'frozen-cronjob'

/** They have tests of their own that ask for more. */
const elsewhere = ['cronjob-timezone', 'lost-requests']

describe.skipIf(skip)('drills', () => {
  it.each(
    hazards.flatMap((hazard) => (hazard.drill && !elsewhere.includes(hazard.id) ? [{ id: hazard.id, hazard }] : [])),
  )(
    '$id',
    async ({ hazard }) => {
      const io = testIo()
      const exitCode = await runDrill(hazard, io)
      expect(io.written.err).toBe('')
      expect(exitCode).toBe(0)
      expect(io.written.out).toContain('looked: clear')
    },
    600_000,
  )

  it('stuck-container on Docker', async () => {
    const [hazard] = hazards.filter(({ id }) => id === 'stuck-container')
    const io = testIo()
    expect(hazard && (await runDrill(hazard, io, { runtime: 'docker' }))).toBe(0)
    expect(io.written.err).toBe('')
    expect(io.written.out).toContain('a dockerd of its own')
    expect(io.written.out).toContain('looked: clear')
  }, 120_000)

  it('that is stopped takes its lab down and says that it failed', async () => {
    const [hazard] = hazards.filter(({ id }) => id === onControlPlane)
    if (!hazard) throw new Error('no hazard has a drill')
    const abort = new AbortController()
    const io = testIo({ signal: abort.signal })
    setTimeout(() => abort.abort(), 6_000)
    expect(await runDrill(hazard, io)).toBe(1)
    expect(io.written.err).toContain('drill failed')
    expect(io.written.err).not.toContain('not restored')
  })

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('that is ended by %s leaves no daemon and no folder', async (signal, code) => {
    const [hazard] = hazards.filter(({ id }) => id === onControlPlane)
    const folder = mkdtempSync(join(tmpdir(), 'roadcrew-signal-'))
    const main = join(import.meta.dirname, '../dist/main.js')
    const child = spawn(process.execPath, [main, 'drill', hazard?.id ?? ''], {
      env: { ...process.env, TMPDIR: folder },
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.stdout.once('data', () => child.kill(signal)) // the first act: its control plane is up
    expect(await ended).toBe(code)
    expect(readdirSync(folder).filter((name) => name.startsWith('roadcrew-lab-'))).toEqual([])
    const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    expect(stdout.split('\n').filter((line) => line.includes(`${folder}/`))).toEqual([])
    rmSync(folder, { recursive: true })
  })

  it('that is killed leaves its daemons to the next one, which takes them down', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roadcrew-signal-'))
    const main = join(import.meta.dirname, '../dist/main.js')
    const endedBy = (signal: NodeJS.Signals) => {
      const child = spawn(process.execPath, [main, 'drill', onControlPlane], {
        env: { ...process.env, TMPDIR: folder },
      })
      child.stdout.once('data', () => child.kill(signal))
      return new Promise((resolve) => child.once('exit', resolve))
    }
    const daemons = () =>
      spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter((line) => line.includes(`${folder}/`))
    await endedBy('SIGKILL')
    expect(daemons()).toHaveLength(3)
    expect(await endedBy('SIGTERM')).toBe(143)
    expect(daemons()).toEqual([])
    expect(readdirSync(folder).filter((name) => name.startsWith('roadcrew-lab-'))).toEqual([])
    rmSync(folder, { recursive: true })
  })
})
