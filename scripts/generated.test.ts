import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generated } from './generated.ts'

const files = [...(await generated())]

describe('generated files', () => {
  it.each(files)('%s is as the code makes it (else: npm run generate)', (path, content) => {
    expect(readFileSync(join(import.meta.dirname, '..', path), 'utf8')).toBe(content)
  })
})
