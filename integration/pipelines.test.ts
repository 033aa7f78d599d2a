// examples/pipelines, run as they are written: their own lines in a shell, on a copy of an example, with the built command line.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const root = join(import.meta.dirname, '..')
const read = (path: string): unknown => parse(readFileSync(join(root, path), 'utf8'))

const step = z.strictObject({
  name: z.string().optional(),
  if: z.string().optional(),
  uses: z
    .string()
    .regex(/@[0-9a-f]{40}$/, 'pinned by its commit')
    .optional(),
  with: z.record(z.string(), z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  run: z.string().optional(),
})
const github = z
  .object({
    permissions: z.strictObject({ contents: z.literal('read'), 'security-events': z.literal('write') }),
    jobs: z.strictObject({ scan: z.looseObject({ steps: z.array(step) }) }),
  })
  .parse(read('examples/pipelines/github-actions.yaml'))
const gitlab = z
  .strictObject({
    roadcrew: z.strictObject({
      image: z.string(),
      stage: z.string(),
      rules: z.array(z.strictObject({ if: z.string() })),
      before_script: z.array(z.string()),
      script: z.array(z.string()),
      artifacts: z.strictObject({
        when: z.literal('always'),
        paths: z.array(z.string()),
        reports: z.strictObject({ junit: z.string() }),
      }),
    }),
  })
  .parse(read('examples/pipelines/gitlab-ci.yaml')).roadcrew
const hook = z
  .tuple([z.looseObject({ id: z.string(), entry: z.string(), files: z.string(), args: z.array(z.string()) })])
  .parse(read('.pre-commit-hooks.yaml'))[0]
const used = z
  .object({
    repos: z.tuple([
      z.object({ hooks: z.tuple([z.object({ id: z.string(), files: z.string(), args: z.array(z.string()) })]) }),
    ]),
  })
  .parse(read('examples/pipelines/.pre-commit-config.yaml')).repos[0].hooks[0]

let folder = ''
let env: Record<string, string> = {}

const cronJob = (name: string): string => `apiVersion: batch/v1
kind: CronJob
metadata: {name: ${name}, namespace: shop}
spec:
  schedule: "*/5 * * * *"
  startingDeadlineSeconds: 0
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: registry.example.com/a:1}]}}}}
`

/** A repository with a manifest that has a finding, and an archive as of `npm run package`, whose program is the build of this one. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-pipeline-'))
  mkdirSync(join(folder, 'deploy'))
  writeFileSync(join(folder, 'deploy/old.yaml'), cronJob('old'))
  const tools = join(folder, '.tools')
  mkdirSync(tools)
  writeFileSync(join(tools, 'roadcrew'), `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'dist/main.js')}" "$@"\n`)
  chmodSync(join(tools, 'roadcrew'), 0o755)
  const archive = join(tools, 'roadcrew.tar.gz')
  spawnSync('tar', ['-czf', archive, '-C', tools, 'roadcrew'])
  env = {
    PATH: `${tools}:${process.env.PATH}`,
    HOME: folder,
    ROADCREW_URL: pathToFileURL(archive).href,
    ROADCREW_SHA256: createHash('sha256').update(readFileSync(archive)).digest('hex'),
    GITHUB_STEP_SUMMARY: join(folder, 'step-summary.md'),
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** As a runner does it: one shell for the lines, which ends at the first that fails. */
function sh(...lines: readonly string[]): number | null {
  const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', lines.join('\n')], {
    ...{ cwd: folder, env, encoding: 'utf8' },
  })
  if (status !== 0 && status !== 1) throw new Error(`exit code ${status}: ${stdout}${stderr}`)
  return status
}

/** The command that the comment at the top of a pipeline tells to run once. */
function writeBaseline(path: string): void {
  const [, line = ''] = /^#\s+(roadcrew scan .*--write-baseline.*)$/m.exec(readFileSync(join(root, path), 'utf8')) ?? []
  expect(line).not.toBe('')
  expect(sh(line)).toBe(0)
  expect(existsSync(join(folder, 'roadcrew-baseline.json'))).toBe(true)
}

const written = (name: string): string => readFileSync(join(folder, name), 'utf8')
const addNew = (): void => writeFileSync(join(folder, 'deploy/new.yaml'), cronJob('new'))

describe('github-actions.yaml', () => {
  const path = 'examples/pipelines/github-actions.yaml'

  /** @returns whether the job fails: steps after one that failed run only if they say always(). */
  function job(): 'passed' | 'failed' {
    let failed = false
    for (const { run, if: condition = '' } of github.jobs.scan.steps) {
      if (run === undefined || (failed && !condition.includes('always()'))) continue
      if (sh(...run.split('\n')) !== 0) failed = true
    }
    return failed ? 'failed' : 'passed'
  }

  it('passes with what the baseline knows, and fails for what is new, with its place', () => {
    writeBaseline(path)
    expect(job()).toBe('passed')
    addNew()
    expect(job()).toBe('failed')
    const Sarif = z.object({ runs: z.tuple([z.object({ results: z.array(z.unknown()) })]) })
    const { runs } = Sarif.parse(JSON.parse(written('roadcrew.sarif')))
    expect(JSON.stringify(runs[0].results)).toContain('deploy/new.yaml')
    expect(written('step-summary.md')).toContain('new')
  })

  it('uploads the report that the scan writes', () => {
    const upload = github.jobs.scan.steps.find(({ uses }) => uses?.includes('upload-sarif'))
    const scan = github.jobs.scan.steps.find(({ run }) => run?.includes(' scan '))
    expect(scan?.run).toContain(`-o sarif=${upload?.with?.sarif_file}`)
  })
})

describe('gitlab-ci.yaml', () => {
  it('passes with what the baseline knows, and fails for what is new, as a test that failed', () => {
    writeBaseline('examples/pipelines/gitlab-ci.yaml')
    const job = (): number | null => sh(...gitlab.before_script, ...gitlab.script)
    expect(job()).toBe(0)
    addNew()
    expect(job()).toBe(1)
    expect(written(gitlab.artifacts.reports.junit)).toMatch(/<failure[\s\S]*new/)
    for (const one of gitlab.artifacts.paths) expect(written(one)).not.toBe('')
  })
})

describe('.pre-commit-hooks.yaml', () => {
  const commit = (args: readonly string[]): number | null => sh([hook.entry, ...args].join(' '))

  it('refuses a commit with a finding', () => {
    expect(commit(hook.args)).toBe(1)
    rmSync(join(folder, 'deploy/old.yaml'))
    writeFileSync(join(folder, 'deploy/quiet.yaml'), cronJob('quiet').replace('Seconds: 0', 'Seconds: 200'))
    expect(commit(hook.args)).toBe(0)
  })

  it('is used by the example, with its baseline', () => {
    expect(used.id).toBe(hook.id)
    expect('deploy/new.yaml').toMatch(new RegExp(used.files))
    expect('README.md').not.toMatch(new RegExp(used.files))
    writeBaseline('examples/pipelines/github-actions.yaml')
    expect(commit(used.args)).toBe(0)
    addNew()
    expect(commit(used.args)).toBe(1)
  })
})
