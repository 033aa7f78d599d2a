import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { testIo } from '../../integration/test-io.ts'
import { scanCommand } from './scan.ts'

const folder = mkdtempSync(join(tmpdir(), 'scan-write-'))
afterAll(() => rmSync(folder, { recursive: true }))

const fires = join(folder, 'web.yaml')
const preStop = '{preStop: {exec: {command: [sleep, "30"]}}}'
writeFileSync(
  fires,
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 30
      containers: [{name: web, image: registry.example.com/web:1, ports: [{containerPort: 80}], lifecycle: ${preStop}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
`,
)

async function scanned(...words: readonly string[]) {
  const io = testIo({ now: () => Date.parse('2026-11-23T08:00:00Z') })
  let exitCode: number | undefined
  const command = scanCommand(io, (code) => {
    exitCode = code
  })
    .exitOverride()
    .configureOutput({ writeErr: io.err })
  await command.parseAsync([fires, ...words], { from: 'user' })
  return { ...io.written, exitCode }
}

describe('the reports of a scan', () => {
  it('go each to its place, in one scan', async () => {
    const [sarif, junit, page] = ['a.sarif', 'b.xml', 'c.html'].map((name) => join(folder, name))
    const { out, err, exitCode } = await scanned(
      '-o',
      `sarif=${sarif},junit=${junit}`,
      '-o',
      `html=${page}`,
      '-o',
      'terminal',
    )
    expect([err, exitCode]).toEqual(['', 1])
    expect(out).toContain('WILL BREAK')
    const { runs } = JSON.parse(readFileSync(sarif ?? '', 'utf8')) as { runs: { results: { locations: object[] }[] }[] }
    expect(runs[0]?.results[0]?.locations[0]).toHaveProperty('physicalLocation.region.startLine')
    expect(readFileSync(junit ?? '', 'utf8')).toContain('<testsuites')
    expect(readFileSync(page ?? '', 'utf8')).toContain('<!doctype html>')
  })

  it('go to stdout only if they are asked for there', async () => {
    const { out } = await scanned('-o', `json=${join(folder, 'quiet.json')}`)
    expect(out).toBe('')
    expect((await scanned()).out).toContain('WILL BREAK')
    expect((await scanned('-o', 'markdown')).out).toContain('## Roadcrew')
  })

  it('take no other away where one can not be written, which is told, and ends in 2', async () => {
    const [lost, kept] = [join(folder, 'missing', 'a.sarif'), join(folder, 'kept.xml')]
    const { out, err, exitCode } = await scanned('-o', `sarif=${lost}`, '-o', `junit=${kept}`, '-o', 'terminal')
    expect(err).toContain(`roadcrew: cannot write "${lost}": ENOENT`)
    expect(exitCode).toBe(2)
    expect(out).toContain('WILL BREAK')
    expect(readFileSync(kept, 'utf8')).toContain('<testsuites')
  })

  it('have no colours in a file, wherever stdout goes', async () => {
    const file = join(folder, 'report.txt')
    const io = testIo({ outIsTerminal: true, env: {} })
    await scanCommand(io, () => {}).parseAsync([fires, '-o', `terminal=${file}`], { from: 'user' })
    expect(readFileSync(file, 'utf8')).not.toContain('\u001b')
  })

  it('are refused before anything is read where they go to one place', async () => {
    await expect(scanned('-o', 'sarif,json')).rejects.toThrow('would both go to stdout')
  })
})
