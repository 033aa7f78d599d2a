// "Add a hazard in one sitting" has to be true: the hazard of CONTRIBUTING.md is added to a copy of the project, with one
// line in the catalogue, and the house's own tests run there.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const guide = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
const files = [...guide.matchAll(/<!-- walk-through: (\S+) -->\n```\w+\n([\s\S]*?)```/g)]
const id = 'no-late-run'

describe('the walk-through', () => {
  let copy = ''
  const at = (...path: string[]): string => join(copy, ...path)

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'roadcrew-walk-through-'))
    for (const name of [
      'src',
      'house',
      'package.json',
      'tsconfig.json',
      'vitest.config.ts',
      'integration/test-io.ts',
      'examples/fleet',
    ]) {
      cpSync(join(root, name), at(name), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), at('node_modules'))
    for (const [, name = '', text = ''] of files) {
      mkdirSync(dirname(at('src/hazards', id, name)), { recursive: true })
      writeFileSync(at('src/hazards', id, name), text)
    }
    const catalogue = readFileSync(at('src/hazards/index.ts'), 'utf8')
    const [, before = '', listed = '', after = ''] =
      /^([\s\S]*Hazard\[\] = \[)([^\]]*)(\][\s\S]*)$/.exec(catalogue) ?? []
    const names = [...listed.split(',').map((name) => name.trim()), 'noLateRun']
      .filter((name) => name !== '')
      .toSorted()
    writeFileSync(
      at('src/hazards/index.ts'),
      `import { noLateRun } from './${id}/hazard.ts'\n${before}${names.join(', ')}${after}`,
    )
  })
  afterEach(() => rmSync(copy, { recursive: true, force: true }))

  const run = (...args: string[]): { readonly code: number | null; readonly text: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', VITEST: undefined },
    })
    return { code: status, text: stdout + stderr }
  }
  const house = () => run('node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'house', `src/hazards/${id}`)

  it('has every file that it speaks of', () => {
    expect(files.map(([, name]) => name)).toEqual([
      'hazard.ts',
      'manifest.ts',
      'fixtures/fires/zero.yaml',
      'fixtures/quiet/some.yaml',
      `${id}.test.ts`,
      'README.md',
    ])
  })

  it('works with one line added: types, contract suite, parity', () => {
    expect(run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json').text).toBe('')
    const tests = house()
    expect(tests.text).not.toContain('FAIL')
    expect(tests.code).toBe(0)
  })

  it('without a file of it, the parity test names what is missing', () => {
    rmSync(at('src/hazards', id, 'README.md'))
    const tests = house()
    expect(tests.code).not.toBe(0)
    expect(tests.text).toContain(`${id}/README.md is missing`)
  })

  it('with a forbidden import, the allow-list test fails and says which', () => {
    const file = at('src/hazards', id, 'manifest.ts')
    writeFileSync(file, `import '../../kubernetes/client.ts'\n${readFileSync(file, 'utf8')}`)
    const tests = house()
    expect(tests.code).not.toBe(0)
    expect(tests.text).toContain(`hazards/${id}/manifest.ts imports ../../kubernetes/client.ts`)
  })
})
