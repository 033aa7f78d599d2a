// roadcrew.yaml, baselines and annotations by the commands that read them; what `scan` does with each option.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Report } from '../report/schema.ts'
import { withSettings } from './adoption.ts'
import type { Io } from './io.ts'
import { program } from './program.ts'
import { plainScan, sameLook } from './scan-options.ts'

const folder = mkdtempSync(join(tmpdir(), 'roadcrew-adopt-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function run(...words: string[]): Promise<{ out: string; err: string; code: number | undefined }> {
  let [out, err] = ['', '']
  let code: number | undefined
  const io: Io = {
    ...{ outIsTerminal: false, errIsTerminal: false, columns: 120, ticks: () => 0, env: {}, home: '' },
    now: () => Date.parse('2026-12-01T12:00:00Z'),
    out: (part) => {
      out += part
    },
    err: (part) => {
      err += part
    },
    stdin: async () => '',
    signal: new AbortController().signal,
  }
  await program(io, (exit) => {
    code = exit
  })
    .parseAsync(words, { from: 'user' })
    .catch((error: Error) => {
      err += error.message
      code = 64
    })
  return { out, err: err.replaceAll(`${folder}/`, ''), code }
}

const scanned = async (...words: string[]): Promise<Report> =>
  JSON.parse((await run('scan', '-o', 'json', ...words)).out) as Report

/** A CronJob that never runs. */
const cronJob = (name: string, annotations: object = {}, deadline = 0): string =>
  `apiVersion: batch/v1
kind: CronJob
metadata: ${JSON.stringify({ name, namespace: 'jobs', annotations })}
spec: {schedule: "*/5 * * * *", startingDeadlineSeconds: ${deadline}}
---
`
const never = file('never.yaml', cronJob('never'))

describe('a scan with roadcrew.yaml', () => {
  it('sets aside what it says, and names its line', async () => {
    const config = file(
      'ignore.yaml',
      'ignore:\n  # all\n  - hazards: [frozen-cronjob/zero-deadline]\n    paths: [never.yaml]\n    reason: a test\n',
    )
    const { setAside, summary, notices } = await scanned(never, '--config', config)
    expect(setAside.map(({ setAside: by }) => by)).toEqual([{ by: 'settings', where: `${config}:3`, reason: 'a test' }])
    expect([summary.exitCode, notices]).toEqual([0, []])
    expect((await scanned(never, '--config', config, '--no-suppressions')).summary).toMatchObject({
      setAside: 0,
      exitCode: 1,
    })
    expect((await run('why', 'cj/never', never, '--config', config)).out).toMatch(/ignore\.yaml:3: a test/)
  })

  it('does not look at what it excludes, unless a flag names it or nothing may be taken away', async () => {
    const paths = file('paths.yaml', 'exclude: {paths: [never.yaml]}')
    expect((await scanned(never, '--config', paths)).summary).toMatchObject({ judged: 0, exitCode: 0 })
    expect((await scanned(never, '--config', paths, '--no-suppressions')).summary.exitCode).toBe(1)
    const names = file('names.yaml', 'exclude: {namespaces: [job*]}')
    expect((await scanned(never, '--config', names)).summary).toMatchObject({ judged: 0, exitCode: 0 })
    expect((await scanned(never, '--config', names, '-n', 'jobs')).summary.exitCode).toBe(1)
  })

  it('goes by its failOn, kubeVersion and hazards, and by flags over them', async () => {
    const config = file(
      'all.yaml',
      'failOn: broken\nkubeVersion: "1.20"\nhazards: {unplanned-run: {enabled: false}, lost-requests: {settings: {waitSeconds: 33}}}\n',
    )
    const open = file(
      'open.yaml',
      'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: "* * * * *"}',
    )
    const report = await scanned(open, '--config', config)
    expect(report.findings.map(({ reason }) => reason)).toContain('no-deadline')
    expect(report.hazards).not.toContain('unplanned-run')
    expect(report.summary.exitCode).toBe(0)
    const flags = ['--fail-on', 'will-break', '--kube-version', '1.34', '--only', 'unplanned-run']
    const other = await scanned(open, '--config', config, ...flags)
    expect(other.findings.map(({ reason }) => reason)).not.toContain('no-deadline')
    expect(other.hazards).toEqual(['unplanned-run'])
    expect((await scanned(never, '--config', config, '--fail-on', 'will-break')).summary.exitCode).toBe(1)
  })

  it('takes settings of a hazard from --policy, else from it', async () => {
    const web = file(
      'web.yaml',
      `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: web}}
    spec: {terminationGracePeriodSeconds: 120, containers: [{name: web, image: "web:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}}
`,
    )
    const config = file('wait.yaml', 'hazards: {lost-requests: {settings: {waitSeconds: 33}}}')
    const policy = file('policy.yaml', 'hazards: {lost-requests: {settings: {waitSeconds: 44}}}')
    const silent = file('silent.yaml', 'hazards: {lost-requests: {mode: observe}}')
    const waits = async (...words: string[]) => {
      const { findings } = await scanned(web, '--only', 'lost-requests', ...words)
      return JSON.stringify(findings.map(({ remedy }) => remedy))
    }
    expect(await waits('--config', config)).toContain('33')
    expect(await waits('--config', config, '--policy', policy)).toContain('44')
    expect(await waits('--config', config, '--policy', policy)).not.toContain('33')
    expect(await waits('--config', config, '--policy', silent)).toContain('33')
  })

  it.each([
    ['ignroe: []', 'bad.yaml:1:1: ignroe: there is no such key here; did you mean "ignore"?'],
    [
      'ignore:\n  - hazards: [frozen-cronjb]\n    reason: x\n',
      'bad.yaml:2:15: ignore[0].hazards[0]: there is no hazard',
    ],
    ['ignore:\n  - hazards: [all]\n', 'bad.yaml:2:5: ignore[0].reason: say why'],
    ['kubeVersion: 1.30', 'bad.yaml:1:1: kubeVersion: write it in quotes'],
    ['ignore:\n\t- a', 'bad.yaml:2:1: no YAML: '],
    ['ignore: []\nignore: []\n', 'bad.yaml:2:1: no YAML: Map keys must be unique'],
    ['a: 1\n---\nb: 1\n', 'bad.yaml:2:1: no YAML: Source contains multiple documents'],
    ['ignore: *x', 'bad.yaml'],
  ])('that is %j is refused with its place', async (text, error) => {
    const { err, out, code } = await run('scan', never, '--config', file('bad.yaml', text))
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(error)
  })

  it('that is not there is refused if it was named', async () =>
    expect((await run('scan', never, '--config', join(folder, 'no.yaml'))).err).toContain(
      "can't read no.yaml: no such file or folder",
    ))
})

describe('a scan with annotations', () => {
  const why = { 'roadcrew.dev/ignore-reason': 'a test' }
  it('lets them set aside what they give a reason for, and tells what is wrong with them', async () => {
    const path = file(
      'marked.yaml',
      [
        cronJob('good', { 'roadcrew.dev/ignore': 'frozen-cronjob', ...why }),
        cronJob('bare', { 'roadcrew.dev/ignore': 'all' }),
        cronJob('stray', { 'roadcrew.dev/ignore': 'frozen-cronjobs', ...why }),
        cronJob('well', { 'roadcrew.dev/ignore': '', ...why }, 600),
      ].join(''),
    )
    const { findings, setAside, notices } = await scanned(path)
    expect(findings.map(({ subject }) => subject.name)).toEqual(['bare', 'stray'])
    expect(setAside.map(({ subject, setAside: by }) => [subject.name, by])).toEqual([
      ['good', { by: 'annotation', where: 'roadcrew.dev/ignore on CronJob jobs/good', reason: 'a test' }],
    ])
    expect(notices.map(({ where, text }) => [where.split(' ')[1], text.split(':')[0]])).toEqual([
      ['jobs/bare', 'roadcrew.dev/ignore gives no reason, so it does not hold'],
      ['jobs/stray', 'roadcrew.dev/ignore'],
      ['jobs/well', 'roadcrew.dev/ignore names no hazard'],
    ])
    expect((await scanned(path, '--no-suppressions')).findings).toHaveLength(3)
  })
})

describe('a scan with a baseline', () => {
  it('is written with exit code 0, and then only what is new fails', async () => {
    const baseline = join(folder, 'baseline.json')
    const wrote = await run('scan', never, '--write-baseline', baseline)
    expect([wrote.code, wrote.err]).toEqual([0, 'wrote 1 finding to baseline.json\n'])
    expect(JSON.parse(readFileSync(baseline, 'utf8')).findings).toEqual([
      expect.objectContaining({ reason: 'zero-deadline', name: 'never', file: 'never.yaml' }),
    ])
    for (const words of [[never], [relative('.', never)]]) {
      expect((await scanned(...words, '--baseline', baseline)).summary.exitCode).toBe(0)
    }
    const { findings, setAside } = await scanned(
      file('more.yaml', cronJob('never') + cronJob('new')),
      '--baseline',
      baseline,
    )
    expect(findings.map(({ subject }) => subject.name)).toEqual(['new'])
    expect(setAside.map(({ setAside: by }) => by)).toEqual([{ by: 'baseline', where: baseline }])
    const [cause = ''] = findings.map((one) => one.cause)
    const line = await run('why', cause, join(folder, 'more.yaml'), '--baseline', baseline)
    expect(line.out).toMatch(/and the same of 1 more:\n {2}CronJob jobs\/never {2}.*does not count/)
    const mended = await scanned(file('mended.yaml', cronJob('never', {}, 600)), '--baseline', baseline)
    expect(mended.notices.map(({ text }) => text)).toEqual([
      'one of its findings is gone: write it anew, so that they count if they come back',
    ])
    expect((await run('why', 'cj/never', never, '--baseline', baseline)).out).toContain('it is in the baseline')
  })

  it('is written all the same where not all could be looked at, which is said', async () => {
    const wrote = await run('scan', never, join(folder, 'no-such'), '--write-baseline', join(folder, 'part.json'))
    expect([wrote.code, wrote.err]).toEqual([
      2,
      'wrote 1 finding to part.json; not all could be looked at, so it may lack some\n',
    ])
  })

  it('does not hold what somebody else sets aside', async () => {
    const config = file('other.yaml', 'ignore: [{hazards: [frozen-cronjob], reason: x}]')
    const wrote = await run('scan', never, '--config', config, '--write-baseline', join(folder, 'none.json'))
    expect(wrote.err).toBe('wrote 0 findings to none.json\n')
  })

  it.each([
    ['{"schemaVersion": 1, "findings": [\n  {"hazard": "x"}\n]}', 'b.json:2:3: findings.0.reason: '],
    ['{\n  "schemaVersion": 2,\n  "findings": []\n}', 'b.json:2:3: schemaVersion: is not 1'],
    ['{\n<<<<<<< HEAD\n  "findings": []\n}', 'b.json:2:1: a conflict of a merge'],
    ['{"schemaVersion": 1, "findings": [', 'b.json:1:'],
    ['', 'b.json:1:1: Invalid input: expected object'],
  ])('that is %j is refused with its place', async (text, error) => {
    const { err, code } = await run('scan', never, '--baseline', file('b.json', text))
    expect(code).toBe(64)
    expect(err).toContain(`--baseline: ${error}`)
    expect(err).toContain(error.includes('conflict') ? 'both sides' : 'roadcrew scan --write-baseline writes one')
  })

  it('is read with a comma too many, as merges leave it', async () => {
    const path = file('b.json', '{"schemaVersion": 1, "findings": [\n]\n,}')
    expect((await run('scan', never, '--baseline', path)).code).toBe(1)
  })

  it('that is not there, can not be written, or is to be read and written is refused', async () => {
    const missing = join(folder, 'no', 'b.json')
    expect((await run('scan', never, '--baseline', missing)).err).toContain("can't read no/b.json: no such file")
    expect((await run('scan', never, '--write-baseline', missing)).err).toContain("can't write no/b.json: no such file")
    expect((await run('scan', never, '--baseline', 'a', '--write-baseline', 'a')).code).toBe(64)
  })
})

describe('--exit-zero', () => {
  it('takes findings for no failure, and a place where nobody looked for one', async () => {
    expect((await run('scan', never, '--exit-zero')).code).toBe(0)
    expect((await run('scan', never, join(folder, 'no-such'), '--exit-zero')).code).toBe(2)
    expect((await scanned(never, '--exit-zero')).findings).toHaveLength(1)
  })
})

describe('what roadcrew.yaml changes of the options', () => {
  const settings = {
    kubeVersion: '1.30',
    hazards: { a: { enabled: false }, b: { enabled: true }, c: { enabled: false } },
  }
  it('is nothing that a flag says, and no version of a live cluster', () => {
    const options = { ...plainScan, only: ['c'], skip: ['d'] }
    expect(withSettings(options, ['x'], settings, true)).toEqual({ ...options, skip: ['d', 'a'], kubeVersion: '1.30' })
    expect(withSettings({ ...options, kubeVersion: '1.34' }, ['x'], settings, true).kubeVersion).toBe('1.34')
    expect(withSettings(options, [], settings, false)).toEqual(options)
  })
})

it('the next command looks by the same files', () => {
  const options = { ...plainScan, config: 'ops/r.yaml', baseline: 'b.json', suppressions: false }
  expect(sameLook(['x'], options)).toBe('x --config ops/r.yaml --no-suppressions --baseline b.json')
  expect(sameLook(['x'], { ...plainScan, suppressions: true })).toBe('x')
})
