import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Io } from './io.ts'
import { program } from './program.ts'

const folder = mkdtempSync(join(tmpdir(), 'roadcrew-export-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function run(...words: string[]): Promise<{ out: string; err: string; threw: string | undefined }> {
  let [out, err] = ['', '']
  const io: Io = {
    ...{ outIsTerminal: false, errIsTerminal: false, columns: 120, now: () => 0, ticks: () => 0, env: {}, home: '' },
    out: (part) => {
      out += part
    },
    err: (part) => {
      err += part
    },
    stdin: async () => '',
    signal: new AbortController().signal,
  }
  const threw = await program(io, () => {})
    .parseAsync(['webhook', ...words], { from: 'user' })
    .then(
      () => undefined,
      (error: Error) => error.message,
    )
  return { out, err, threw }
}

const native = ['export', '--as', 'mutating-admission-policy', '--kube-version']

describe('webhook export', () => {
  it('writes YAML that says above it whom it leaves alone', async () => {
    const { out, threw } = await run(...native, '1.36')
    expect(threw).toBeUndefined()
    const documents = parseAllDocuments(out, { version: '1.1' })
    expect(documents.flatMap(({ errors }) => errors)).toEqual([])
    expect(documents.map((one) => one.toJS().kind)).toEqual([
      'MutatingAdmissionPolicy',
      'MutatingAdmissionPolicyBinding',
    ])
    expect(out).toContain('# It leaves alone:\n# - ')
    expect(out).toContain('roadcrew.dev/admission=enabled')
  })

  it('takes the settings and namespaces of a policy', async () => {
    const file = join(folder, 'policy.yaml')
    writeFileSync(
      file,
      `protectedNamespaces: [vault]\nhazards: {lost-requests: {mode: act, settings: {waitSeconds: 12, drainSeconds: 30}}}\n`,
    )
    const { out } = await run(...native, '1.36', '--policy', file)
    expect(out).toContain('"seconds": 12')
    expect(out).toContain('[42].filter')
    expect(out).toContain('- vault')
  })

  it.each([
    [[], /required option '--kube-version <version>'|argument missing/],
    [['soon'], /"soon" is no release/],
    [['1.31'], /no MutatingAdmissionPolicy/],
    [['1.36', '--policy', join(folder, 'none.yaml')], /^--policy: /],
  ])('with %o is refused, and nothing is written', async (words, wrong) => {
    const { out, threw } = await run(...native, ...words)
    expect(threw).toMatch(wrong)
    expect(out).toBe('')
  })
})

it.each([
  [['--policy', join(folder, 'none.yaml')], /found no kubeconfig/],
  [['elsewhere'], /too many arguments/],
  [[...native, '1.36', '--mode', 'act'], /unknown option '--mode'/],
])('the webhook itself reads its words as ever, and export only its own: %o', async (words, wrong) =>
  expect((await run(...words)).threw).toMatch(wrong),
)
