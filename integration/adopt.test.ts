// A team that begins: a baseline of today lets the same fleet pass, and what is new in it fails.
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../src/report/schema.ts'

const root = join(import.meta.dirname, '..')
const main = join(root, 'dist/main.js')
const asOf = ['--as-of', '2026-11-23T08:00:00Z']

let folder = ''
beforeAll(() => {
  if (!existsSync(main)) throw new Error('dist/main.js is not there: npm run build first')
})
afterAll(() => folder && rmSync(folder, { recursive: true, force: true }))

/** A repository with a copy of the fleet. */
function fleetCopy(): string {
  folder ||= mkdtempSync(join(tmpdir(), 'roadcrew-adopt-'))
  const repository = mkdtempSync(join(folder, 'repository-'))
  cpSync(join(root, 'examples/fleet'), join(repository, 'fleet'), { recursive: true })
  return repository
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

const run = (cwd: string, ...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, ...args],
      { cwd, env: { ...process.env, KUBECONFIG: '/nonexistent/kubeconfig' }, maxBuffer: 2 ** 26 },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })

const scan = (cwd: string, ...args: readonly string[]): Promise<Ran> => run(cwd, 'scan', ...args, ...asOf)
const reportOf = ({ out }: Ran): Report => JSON.parse(out) as Report

/** A CronJob of eu-west that never runs. */
function addCronJob(repository: string, name: string): void {
  const text = `apiVersion: batch/v1
kind: CronJob
metadata: {name: ${name}, namespace: reports, labels: {team: analytics}}
spec:
  schedule: "0 4 * * *"
  startingDeadlineSeconds: 0
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "a:1"}]}}}}
`
  writeFileSync(join(repository, 'fleet/eu-west', `${name}.yaml`), text)
}

describe('a baseline of a fleet', () => {
  it('lets the same fleet pass, however it is named and ordered, and a new hazard in it fail', async () => {
    const repository = fleetCopy()
    expect((await scan(repository, 'fleet')).code).toBe(1)
    const wrote = await scan(repository, 'fleet', '--write-baseline', 'baseline.json')
    expect([wrote.code, wrote.err]).toEqual([0, 'wrote 68 findings to baseline.json\n'])
    const ajv = new Ajv2020({ strict: false })
    const valid = ajv.compile(JSON.parse(readFileSync(join(root, 'docs/baseline.schema.json'), 'utf8')))
    valid(JSON.parse(readFileSync(join(repository, 'baseline.json'), 'utf8')))
    expect(valid.errors ?? []).toEqual([])

    const known = ['--baseline', 'baseline.json', '--fail-on', 'advice']
    for (const input of ['fleet', './fleet/', join(repository, 'fleet'), 'fleet/*/*.json']) {
      const ran = await scan(repository, input, ...known)
      expect([input, ran.code]).toEqual([input, 0])
      expect(ran.out).toContain('68 findings do not count: 68 in the baseline')
    }
    const fromBelow = await scan(
      join(repository, 'fleet'),
      '.',
      '--baseline',
      '../baseline.json',
      '--fail-on',
      'advice',
    )
    expect(fromBelow.code).toBe(0)

    addCronJob(repository, 'never')
    const ran = await scan(repository, 'fleet', ...known, '-o', 'json')
    expect(ran.code).toBe(1)
    const report = reportOf(ran)
    expect(report.findings.map(({ reason, subject }) => `${reason} ${subject.name}`)).toEqual([
      'zero-deadline never',
      'controller-zone never',
    ])
    expect(report.setAside).toHaveLength(68)
    const shown = await scan(repository, 'fleet', ...known)
    expect(shown.out).toContain('Next: roadcrew why')
    expect(shown.out).toContain('--baseline baseline.json')
  })

  it('survives moved lines and renamed files, and is the same when written again', async () => {
    const repository = fleetCopy()
    await scan(repository, 'fleet', '--write-baseline', 'baseline.json')
    const before = readFileSync(join(repository, 'baseline.json'), 'utf8')
    await scan(repository, './fleet', '--write-baseline', 'again.json')
    expect(readFileSync(join(repository, 'again.json'), 'utf8')).toBe(before)
    const cronJobs = join(repository, 'fleet/eu-west/cronjobs.json')
    writeFileSync(join(repository, 'fleet/eu-west/jobs-by-time.json'), `\n\n\n${readFileSync(cronJobs, 'utf8')}`)
    rmSync(cronJobs)
    const ran = await scan(repository, 'fleet', '--baseline', 'baseline.json', '--fail-on', 'advice', '-o', 'json')
    expect([ran.code, reportOf(ran).notices]).toEqual([0, []])
  })

  it('tells what is gone, and not of clusters that were not looked at', async () => {
    const repository = fleetCopy()
    await scan(repository, 'fleet', '--write-baseline', 'baseline.json')
    rmSync(join(repository, 'fleet/us-east'), { recursive: true })
    const away = await scan(repository, 'fleet', '--baseline', 'baseline.json')
    expect([away.code, away.out.includes('gone')]).toEqual([0, false])
    const path = join(repository, 'fleet/eu-legacy/cronjobs.json')
    const { items, ...list } = JSON.parse(readFileSync(path, 'utf8')) as { items: { metadata: { name: string } }[] }
    writeFileSync(
      path,
      JSON.stringify({ ...list, items: items.filter(({ metadata }) => metadata.name !== 'mail-retry') }),
    )
    const mended = await scan(repository, 'fleet', '--baseline', 'baseline.json')
    expect(mended.code).toBe(0)
    expect(mended.out).toMatch(/Note: baseline\.json: \d of its findings are gone: write it anew/)
  })
})

describe('roadcrew.yaml', () => {
  it('is read from the current folder alone, and named with its line', async () => {
    const repository = fleetCopy()
    const settings = `# yaml-language-server: $schema=${join(root, 'docs/roadcrew-yaml.schema.json')}
ignore:
  - hazards: [all]
    clusters: [eu-*]
    reason: They are switched off next year.
    until: 2999-12-31
  - hazards: [all]
    paths: [fleet/us-east]
    reason: They are looked after by others.
`
    writeFileSync(join(repository, 'roadcrew.yaml'), settings)
    const ran = await scan(repository, 'fleet')
    expect(ran.code).toBe(0)
    expect(ran.out).toMatch(/68 findings do not count: 68 by roadcrew\.yaml \(\d+ until 2999-12-31\)/)
    expect((await scan(join(repository, 'fleet'), '.')).code).toBe(1)
    expect((await scan(repository, 'fleet', '--no-suppressions')).code).toBe(1)
    const why = await run(repository, 'why', 'cj/mail/mail-retry', 'fleet', ...asOf)
    expect(why.out).toContain('by roadcrew.yaml:3 until 2999-12-31: They are switched off next year.')
    const { setAside } = reportOf(await scan(repository, 'fleet', '-o', 'json'))
    expect(new Set(setAside.map(({ setAside: { where } }) => where))).toEqual(
      new Set(['roadcrew.yaml:3', 'roadcrew.yaml:7']),
    )
  })

  it('that is wrong stops the scan, with its line and what was meant', async () => {
    const repository = fleetCopy()
    writeFileSync(join(repository, 'roadcrew.yaml'), 'ignore:\n  - hazard: [all]\n    reason: x\n')
    const ran = await scan(repository, 'fleet')
    expect([ran.code, ran.out]).toEqual([64, ''])
    expect(ran.err).toContain('roadcrew.yaml:2:5: ignore[0].hazard: there is no such key here; did you mean "hazards"?')
    expect(ran.err).not.toContain('    at ')
  })

  it('of another name is not read, which is told', async () => {
    const repository = fleetCopy()
    mkdirSync(join(repository, 'empty'))
    writeFileSync(join(repository, 'roadcrew.yml'), 'failOn: broken\n')
    const ran = await scan(repository, 'empty', 'fleet/us-east')
    expect(ran.out).toContain('Note: roadcrew.yml: it is not read: its name has to be roadcrew.yaml')
  })
})

it('an annotation sets the findings of its own object aside', async () => {
  const repository = fleetCopy()
  for (const name of ['never', 'seldom']) addCronJob(repository, name)
  const path = join(repository, 'fleet/eu-west/never.yaml')
  const text = readFileSync(path, 'utf8')
  const annotations = '{roadcrew.dev/ignore: all, roadcrew.dev/ignore-reason: a template for others}'
  writeFileSync(path, text.replace('labels:', `annotations: ${annotations}, labels:`))
  const { findings, setAside } = reportOf(
    await scan(repository, 'fleet/eu-west', '--only', 'frozen-cronjob', '-o', 'json'),
  )
  const named = (all: Report['findings']) => all.map(({ subject }) => subject.name)
  expect(named(setAside)).toEqual(['never'])
  expect(named(findings)).toContain('seldom')
})
