import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { hazards } from '../hazards/index.ts'
import { UsageError } from './io.ts'
import { policyOfFile } from './policy-facts.ts'
import { expectPolicy, writeWait } from './write-wait.ts'

const folder = mkdtempSync(join(tmpdir(), 'roadcrew-write-'))
afterAll(() => rmSync(folder, { recursive: true }))

const drain = { n: 20, isBound: false, resolutionMs: 10, because: 'the slowest of 20 deletions', pods: [] }
const measuring = hazards.flatMap(({ id, measured = {} }) => Object.keys(measured).map((name) => [id, name] as const))

describe('a measured wait in a policy', () => {
  it('is written where the catalogue says, and all else stays', () => {
    const path = join(folder, 'policy.yaml')
    const [[id = '', name = ''] = []] = measuring
    writeFileSync(path, `# ours\npaused: false # for now\nhazards:\n  ${id}: {mode: advise}\n`)
    expect(writeWait(path, { ...drain, waitSeconds: 7 })).toBe(`${path} says hazards.${id}.settings.${name}: 7 by now`)
    expect(readFileSync(path, 'utf8')).toMatch(/^# ours\npaused: false # for now\n/)
    expect(policyOfFile(path).hazards[id]).toEqual({ mode: 'advise', settings: { [name]: 7 } })
  })

  it('is not written where none was measured', () => {
    const path = join(folder, 'none.yaml')
    writeFileSync(path, 'paused: true\n')
    expect(writeWait(path, { ...drain, because: '3 deletions were seen' })).toContain('3 deletions were seen')
    expect(readFileSync(path, 'utf8')).toBe('paused: true\n')
  })

  it('is refused before anything is measured where the file is no policy', () => {
    const path = join(folder, 'wrong.yaml')
    writeFileSync(path, 'hazards: {nope: {}}\n')
    expect(() => expectPolicy(path)).toThrow(UsageError)
    expect(() => expectPolicy(path)).toThrow('--write-wait')
    expect(() => expectPolicy(join(folder, 'missing.yaml'))).toThrow('--write-wait')
  })
})
