// What every edit must keep, without a line of code per hazard: `roadcrew fix --write` over all fixtures that fire and over the example
// fleet leaves nothing that it could cure, touches no other line, keeps the comments, and has nothing to do the second time.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { diffLines } from 'diff'
import { afterAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { testIo } from '../integration/test-io.ts'
import { program } from '../src/commands/program.ts'
import { hazards } from '../src/hazards/index.ts'
import { fixSchema } from '../src/report/fix-schema.ts'
import { reportSchema } from '../src/report/schema.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'roadcrew-fix-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function run(...words: readonly string[]) {
  const io = testIo()
  let code: number | undefined
  await program(io, (exitCode) => {
    code = exitCode
  }).parseAsync(['node', 'roadcrew', ...words])
  return { code, out: io.written.out, err: io.written.err }
}

const header = z.object({ suite: z.object({ asOf: z.string(), kubeVersion: z.string().optional() }) })

const filesIn = (path: string): string[] =>
  statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesIn(join(path, name))) : [path]

/** Of hazards that a scan asks about. A node's recordings are no manifests. */
const fixtures = hazards
  .filter(({ manifest, cluster }) => manifest || cluster)
  .flatMap(({ id }) =>
    filesIn(join(root, 'src/hazards', id, 'fixtures/fires')).map((file) => ({
      id,
      file,
      name: `${id}/${basename(file)}`,
    })),
  )
  .filter(({ file }) => /\.(ya?ml|json)$/.test(file))

const commentsIn = (text: string): string[] => (text.match(/(?:^|\s)#.*$/gm) ?? []).map((one) => one.trim()).toSorted()

const leavesOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>((sum, one) => sum + leavesOf(one), 1)
    : 1

/** Fixes all, checks what was written against what was meant, and that nothing is left for a second time. */
async function expectFixed(paths: readonly string[], target: string, flags: readonly string[]) {
  const before = new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]))
  const first = await run('fix', 'all', target, '--write', '-o', 'json', ...flags)
  const fixed = fixSchema.parse(JSON.parse(first.out))
  // What others share by an anchor is for a person to take apart.
  const held = fixed.steps.filter(({ outcome }) => outcome !== 'done')
  for (const { because, file } of held) {
    expect(because).toContain('is shared with other places of its file')
    expect(before.get(file ?? ''), file).toMatch(/[ :[]\*\w/)
  }
  expect(fixed.differences.every(({ written }) => written)).toBe(true)
  for (const [path, text] of before) {
    const after = readFileSync(path, 'utf8')
    const changes = fixed.steps
      .filter((step) => step.file === path && step.outcome === 'done')
      .flatMap((step) => step.changes)
    if (changes.length === 0) expect(after, path).toBe(text)
    expect(commentsIn(after), path).toEqual(commentsIn(text))
    const gone = diffLines(text, after).reduce((sum, { removed, count = 0 }) => sum + (removed ? count : 0), 0)
    const touched = changes.reduce((sum, change) => sum + 1 + ('before' in change ? leavesOf(change.before) : 0), 0)
    expect(gone, `lines that went in ${path}`).toBeLessThanOrEqual(touched)
  }
  const second = await run('fix', 'all', target, '--write', '-o', 'json', ...flags)
  const again = fixSchema.parse(JSON.parse(second.out))
  expect(again.differences).toEqual([])
  // Another edit may have cured what one was held back of.
  expect(held.map(({ finding }) => finding)).toEqual(expect.arrayContaining(again.steps.map(({ finding }) => finding)))
  const scan = reportSchema.parse(JSON.parse((await run('scan', target, '-o', 'json', ...flags)).out))
  const left = [...again.left, ...again.steps].map(({ finding }) => finding)
  expect(new Set(scan.findings.map(({ id }) => id))).toEqual(new Set(left))
  expect(again.left.map(({ finding }) => finding).toSorted()).toEqual(
    fixed.left.map(({ finding }) => finding).toSorted(),
  )
  return fixed
}

describe('fixtures that fire', () => {
  it.each(fixtures)('$name', async ({ file, name }) => {
    const copy = join(folder, name.replace('/', '-'))
    cpSync(file, copy)
    const [first] = parseAllDocuments(readFileSync(file, 'utf8'))
    const { suite } = header.parse(first && 'toJS' in first ? first.toJS() : undefined)
    const version = suite.kubeVersion === undefined ? [] : ['--kube-version', suite.kubeVersion]
    await expectFixed([copy], copy, ['--as-of', suite.asOf, ...version])
  })
})

it('the example fleet', async () => {
  const copy = join(folder, 'fleet')
  cpSync(join(root, 'examples/fleet'), copy, { recursive: true })
  const fixed = await expectFixed(filesIn(copy), copy, ['--as-of', '2026-11-23T08:00:00Z'])
  expect(fixed.steps.length).toBeGreaterThan(50)
  expect(fixed.differences.map(({ what }) => basename(what))).toContain('cronjobs.json')
})
