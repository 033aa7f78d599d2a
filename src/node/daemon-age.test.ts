import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { daemonAge } from './daemon-age.ts'

it('tells since when the process runs that holds a socket, though a younger one has the same name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-daemon-'))
  const socket = join(folder, 'a.sock')
  const script = `process.title = 'lamp-daemon'; require('net').createServer().listen(${JSON.stringify(socket)}, () => console.log('on'))`
  const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => {
    holder.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  await new Promise((resolve) => setTimeout(resolve, 1200))
  const young = spawn(
    process.execPath,
    ['-e', "process.title = 'lamp-daemon'; console.log('on'); setInterval(() => {}, 1e6)"],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  onTestFinished(() => void young.kill('SIGKILL'))
  await new Promise((resolve) => young.stdout.once('data', resolve))
  const [age = 0, youngest = Number.POSITIVE_INFINITY] = [socket, '/nowhere.sock'].map((path) =>
    daemonAge('/proc', path, ['lamp-daemon']),
  )
  expect(age).toBeGreaterThan(1200)
  expect(age - youngest).toBeGreaterThan(1000)
  expect(daemonAge('/proc', socket, ['no-such-daemon'])).toBeUndefined()
})
