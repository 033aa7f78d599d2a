// The built binary, as a person or a pipeline runs it.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../src/report/schema.ts'

const root = join(import.meta.dirname, '..')
const main = join(root, 'dist/main.js')
const fleet = join(root, 'examples/fleet')
const asOf = ['--as-of', '2026-11-23T08:00:00Z']

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(
  args: readonly string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, ...args],
      {
        cwd: options.cwd ?? root,
        env: { ...process.env, KUBECONFIG: '/nonexistent/kubeconfig', ...options.env },
        maxBuffer: 2 ** 26,
      },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
    child.stdin?.end(options.input ?? '')
  })
}

const reportOf = ({ out }: Ran): Report => JSON.parse(out) as Report

let folder = ''
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

beforeAll(() => {
  if (!existsSync(main)) throw new Error('dist/main.js is not there: npm run build first')
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const cronJob = (name: string, more = ''): string =>
  `apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: ${name}\nspec:\n  schedule: "*/5 * * * *"\n${more}`

describe('scan of files', () => {
  it('writes a report that its published schema describes', async () => {
    const ran = await run(['scan', fleet, ...asOf, '-o', 'json'])
    const ajv = new Ajv2020({ strict: false })
    formats.default(ajv)
    const valid = ajv.compile(JSON.parse(readFileSync(join(root, 'docs/report.schema.json'), 'utf8')))
    valid(JSON.parse(ran.out))
    expect(valid.errors ?? []).toEqual([])
    expect(ran.code).toBe(1)
    const report = reportOf(ran)
    expect(report.summary).toMatchObject({ broken: 7, unread: 0, exitCode: 1 })
    const severe = report.findings.filter(({ tier }) => tier !== 'advice')
    const shown = ['cronjob-timezone', 'frozen-cronjob', 'lost-requests', 'unplanned-run']
    expect([...new Set(severe.map(({ hazard }) => hazard))].toSorted()).toEqual(shown)
    expect(report.worlds.map(({ name, version }) => [name, version])).toEqual([
      ['eu-legacy', '1.20'],
      ['eu-west', '1.34'],
      ['us-east', '1.36'],
    ])
  })

  it('points at the field that causes it, or at the place where it is missing', async () => {
    const path = file('one.yaml', `# a comment\n${cronJob('report', '  startingDeadlineSeconds: 0\n')}`)
    const report = reportOf(await run(['scan', path, '-o', 'json']))
    expect(report.findings.map(({ reason, place }) => [reason, place?.line, place?.column])).toEqual([
      ['zero-deadline', 8, 3],
    ])
    const missing = reportOf(
      await run(['scan', file('two.yaml', cronJob('report')), '--kube-version', '1.20', '-o', 'json']),
    )
    expect(missing.findings.map(({ reason, place }) => [reason, place?.line, place?.column])).toEqual([
      ['no-deadline', 5, 1],
    ])
  })

  it('takes an unknown and the default release for new ones', async () => {
    const path = file('new.yaml', cronJob('report'))
    expect((await run(['scan', path])).code).toBe(0)
    expect((await run(['scan', path, '--kube-version', 'latest'])).code).toBe(64)
  })

  it('reads stdin, and names the line there', async () => {
    const ran = await run(['scan', '-', '--kube-version', '1.19'], { input: cronJob('report') })
    expect(ran.code).toBe(1)
    expect(ran.out).toMatch(/stdin>:5/)
  })

  it('scans the others where a document is broken, and says so with its place and exit code 2', async () => {
    const text = `${cronJob('first', '  startingDeadlineSeconds: 0\n')}---\nkind: ConfigMap\nmetadata:\n\tname: broken\n---\n${cronJob('third', '  startingDeadlineSeconds: 0\n')}`
    const ran = await run(['scan', file('broken.yaml', text)])
    expect(ran.code).toBe(2)
    expect(ran.out).toContain('2 CronJobs')
    expect(ran.out).toMatch(/broken\.yaml:11:1/)
  })

  it('names a path that is not there', async () => {
    const ran = await run(['scan', 'no-such-folder'])
    expect(ran.code).toBe(2)
    expect(ran.out).toContain('no-such-folder')
  })

  it('judges status only at a time that is said', async () => {
    const ran = await run(['scan', join(fleet, 'eu-west')])
    expect(ran.code).toBe(2)
    expect(ran.out).toContain('--as-of')
  })

  it.each([
    [['--fail-on', 'broken'], 0],
    [['--fail-on', 'will-break'], 1],
    [['--skip', 'frozen-cronjob', '--fail-on', 'advice'], 0],
    [['--only', 'frozen-cronjob'], 1],
    [['-l', 'team=nobody'], 0],
    [['-n', 'nowhere'], 0],
  ])('%j exits with %d', async (options, code) => {
    const path = file(
      'high.yaml',
      cronJob('report', '  startingDeadlineSeconds: 0\n').replace('name: report', 'name: report\n  namespace: jobs'),
    )
    expect((await run(['scan', path, ...options])).code).toBe(code)
  })
})

describe('why', () => {
  const why = (what: string, ...more: string[]) => run(['why', what, fleet, ...asOf, ...more])

  it('shows each of the lines of a scan, with evidence, cure and the place in the file', async () => {
    const { out } = await run(['scan', fleet, ...asOf])
    const ids = [...out.matchAll(/^ {2}([0-9a-f]{6}) {2}/gm)].map(([, id]) => id ?? '')
    expect(ids.length).toBeGreaterThan(10)
    for (const id of [ids[0], ids[5], ids[8]]) {
      const shown = await why(id ?? '')
      expect(shown.code).toBe(0)
      expect(shown.out).toMatch(/ {2}why .* {2}fix .* {2}where {2,}\S+\.json:\d+:\d+ \(/s)
      expect(shown.out).toMatch(/ {2}cure {2,}\S/)
    }
  })

  it('names all that one line stands for', async () => {
    const { out } = await run(['scan', fleet, ...asOf, '-o', 'json'])
    const chart = reportOf({ code: 0, out, err: '' }).findings.filter(
      ({ fixingPlace }) => fixingPlace === 'chart web-base 1.4.2',
    )
    const shown = await why(chart[0]?.cause ?? '')
    expect(shown.out).toContain('and the same of 8 more:')
    expect(shown.out).toContain('preStop 30 s + load balancer 0 s + the application 5 s (taken to be) = 35 s of 30 s')
    const json = await why(chart[0]?.cause ?? '', '-o', 'json')
    expect(reportOf(json).findings.map(({ subject }) => subject.name)).toHaveLength(9)
  })

  it('shows an object with all of its findings, or that nothing is wrong with it', async () => {
    const ledger = await why('sts/geo-store')
    expect(ledger.out).toContain('StatefulSet search/geo-store in eu-west')
    expect(ledger.out).toContain('lost-requests/grace-zero')
    const healthy = await why('deployment/booking/booking-api')
    expect(healthy.out).toContain('nothing was found')
    expect(healthy.code).toBe(0)
  })

  it.each(['ffffff', 'deployment/no-such-thing', 'nonsense/ledger'])(
    '%s is not there, which is wrong usage',
    async (what) => {
      const ran = await why(what)
      expect(ran.code).toBe(64)
      expect(ran.err).toContain(what)
    },
  )
})

describe('wrong usage', () => {
  it.each([
    [['scan', '--only', 'stuck-container', '.'], 'roadcrew agent --once'],
    [['scan', '--only', 'no-such-hazard'], 'there is no hazard "no-such-hazard"; there are:'],
    [['scan', '--as-of', 'yesterday', '.'], '--as-of: "yesterday" is no time'],
    [['scan', '--as-of', '2026-01-01T00:00:00Z'], 'are for files'],
    [['scan', '-l', 'a b', '.'], 'is no label requirement'],
    [['scan', '-o', 'xml'], '"xml" is no format; expected terminal, json, sarif'],
    [['fix', 'all', '.', '--apply'], '--apply patches a cluster; files take --write'],
    [['fix', 'all', '-', '--write'], 'what comes from stdin is in none'],
    [['fix', 'no-such-id', fleet, ...asOf], 'there is no finding or line "no-such-id" there'],
    [['scna'], "unknown command 'scna'"],
    [['drill', 'no-such-hazard'], 'there is no hazard'],
  ])('%j exits with 64 and says what was expected, on stderr', async (args, text) => {
    const ran = await run(args)
    expect(ran.code).toBe(64)
    expect(ran.err).toContain(text)
    expect(ran.err).not.toMatch(/\n\s+at /)
    expect(ran.out).toBe('')
  })

  it('a cluster that cannot be asked is no usage error, and no stack trace', async () => {
    const ran = await run(['scan', '--kubeconfig', '/nonexistent'])
    expect(ran.code).toBe(2)
    expect(ran.out + ran.err).toContain('/nonexistent')
    expect(ran.out + ran.err).not.toMatch(/\n\s+at /)
  })
})

describe('what is shown', () => {
  it('has no colour in a pipe', async () => {
    const ran = await run(['scan', fleet, ...asOf])
    expect(ran.out).not.toContain('\u001b')
  })

  it('demo shows the frozen CronJobs with their evidence and the exit code', async () => {
    const ran = await run(['demo'])
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('CronJob mail/mail-retry')
    expect(ran.out).toContain('WILL BREAK')
    expect(ran.out).toContain('Next: roadcrew why ')
    expect(ran.out).toContain('exit code 1')
  })

  it.each(
    [
      ['--help'],
      ['scan', '--help'],
      ['why', '--help'],
      ['fix', '--help'],
      ['completion', '--help'],
      ['drill', '--help'],
      ['explain', '--help'],
      ['demo', '--help'],
      ['cron', '--help'],
      ['cron', 'list', '--help'],
    ].map((args) => [args]),
  )('%j has examples', async (args) => {
    const ran = await run(args)
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('Examples:')
  })

  it('explain tells of each reason in which version it was fixed', async () => {
    expect((await run(['explain'])).out).toContain('frozen-cronjob')
    const ran = await run(['explain', 'frozen-cronjob'])
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('fixed in  1.21')
    expect((await run(['explain', 'nothing'])).code).toBe(64)
  })

  it('a reader that closes the pipe is no error', async () => {
    const out = await new Promise<string>((resolve) => {
      execFile(
        'sh',
        ['-c', `"${process.execPath}" "${main}" scan "${fleet}" ${asOf.join(' ')} | head -n 1; echo done`],
        (_, text, err) => resolve(text + err),
      )
    })
    expect(out).toMatch(/^3 clusters: .* all read.*\ndone\n$/)
  })
})

describe('cron', () => {
  const zone = ['--zone', 'Europe/Berlin']

  it('next writes what its published schema describes, and marks both of a run that comes twice', async () => {
    const ran = await run([
      'cron',
      'next',
      '30 2 * * *',
      ...zone,
      '--from',
      '2026-10-24T12:00:00Z',
      '-n',
      '2',
      '-o',
      'json',
    ])
    expect(ran.code).toBe(0)
    const valid = new Ajv2020({ strict: false }).compile(
      JSON.parse(readFileSync(join(root, 'docs/cron-next.schema.json'), 'utf8')),
    )
    valid(JSON.parse(ran.out))
    expect(valid.errors ?? []).toEqual([])
    expect(JSON.parse(ran.out)).toMatchObject({ rows: [{ mark: 'first' }, { mark: 'second' }] })
  })

  it.each([
    [['next', '30 2 30 2 *'], 1, /no run: Kubernetes looks five years ahead/],
    [
      ['next', '61 * * * *'],
      64,
      /^roadcrew: spec.schedule: Invalid value: "61 \* \* \* \*": end of range \(61\) above maximum \(59\): 61\n$/,
    ],
    [
      ['next', '@daily', '--zone', 'Mars'],
      64,
      /^roadcrew: spec.timeZone: Invalid value: "Mars": unknown time zone Mars\n$/,
    ],
    [['next', '@daily', '--from', 'today'], 64, /RFC 3339/],
    [['next', '@daily', '-n', '0'], 64, /whole number/],
    [['explain', '0 0 31 * *'], 0, /day 31 comes in 7 of the 12 months only/],
    [['list', 'no-such-folder'], 2, /no-such-folder/],
    [['convert'], 64, /expected files, folders or - for stdin/],
  ])('%j exits with %d', async (args, code, said) => {
    const ran = await run(['cron', ...args])
    expect([ran.code, `${ran.out}${ran.err}`]).toEqual([code, expect.stringMatching(said)])
  })

  it('list reads exported clusters, and writes what its published schema describes', async () => {
    const ran = await run(['cron', 'list', fleet, ...asOf, '-o', 'json'])
    expect(ran.code).toBe(0)
    const valid = new Ajv2020({ strict: false }).compile(
      JSON.parse(readFileSync(join(root, 'docs/cron-list.schema.json'), 'utf8')),
    )
    const data: unknown = JSON.parse(ran.out)
    valid(data)
    expect(valid.errors ?? []).toEqual([])
    expect(data).toMatchObject({ clusters: [{ name: 'eu-legacy' }, { name: 'eu-west' }, { name: 'us-east' }] })
    expect((await run(['cron', 'list', fleet, ...asOf])).out).toContain('BROKEN NOW')
  })

  it('convert writes all or nothing', async () => {
    const zoned = await run(['cron', 'convert', '-'], { input: cronJob('report') })
    expect([zoned.code, zoned.err]).toEqual([1, expect.stringContaining('spec.jobTemplate: Required value')])
    expect(zoned.out).toBe('')
    const whole = cronJob('report', '  timeZone: Europe/Berlin # ours\n  jobTemplate: {}\n')
    const ran = await run(['cron', 'convert', '-'], { input: whole })
    expect([ran.code, ran.err]).toEqual([0, ''])
    expect(ran.out).toContain('kind: ZonedCronJob')
    expect(ran.out).toContain('timeZone: Europe/Berlin # ours')
  })
})
