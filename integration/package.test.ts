// Roadcrew as one file, made by `npm run package` and run where no Node.js is.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { hazards } from '../src/hazards/index.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { rolloutSchema } from '../src/report/rollout-schema.ts'
import { reportSchema } from '../src/report/schema.ts'
import { fakeCriO } from '../src/runtimes/fixtures/fake-cri-o.ts'
import { kubectlOrSkip } from './kubectl.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { Answering, Shop } from './rollout-stage.ts'

const root = join(import.meta.dirname, '..')
const version = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).version
const asOf = ['--as-of', '2026-11-23T08:00:00Z']
const isRoot = process.getuid?.() === 0

let folder = ''
let made = ''
let program = ''

/** Runs a command to its end, with nothing in its environment but what is given. */
function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = folder) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (error) throw error
  return { code: status, out: stdout, err: stderr }
}

/** The same without blocking this process, which answers it. */
function runBeside(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(program, args, { cwd: folder, env: { HOME: folder } })
  let [out, err] = ['', '']
  child.stdout.on('data', (part) => {
    out += part
  })
  child.stderr.on('data', (part) => {
    err += part
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-one-file-'))
  made = join(folder, 'dist-package')
  const url = 'https://example.com/roadcrew-linux-x64.tar.gz'
  const packaged = spawnSync('npm', ['run', '--silent', 'package', '--', '--into', made, '--download-url', url], {
    ...{ cwd: root, encoding: 'utf8' },
  })
  if (packaged.status !== 0) throw new Error(`npm run package: ${packaged.stdout}${packaged.stderr}`)
  program = join(made, 'roadcrew-linux-x64')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A root folder with the one file and the libraries that it is linked to, and nothing else but an export. */
function makeJail(): string {
  const jail = join(folder, 'jail')
  const libraries = run('ldd', [program], { PATH: process.env.PATH ?? '' }).out.match(/\/\S+/g) ?? []
  for (const [from, to] of [...libraries.map((path) => [path, path] as const), [program, '/roadcrew'] as const]) {
    mkdirSync(join(jail, dirname(to)), { recursive: true })
    copyFileSync(from, join(jail, to))
  }
  cpSync(join(root, 'examples/fleet'), join(jail, 'export'), { recursive: true })
  return jail
}

describe.skipIf(!isRoot)('where nothing is but the file, the C library and an export', () => {
  let jail = ''
  beforeAll(() => {
    jail = makeJail()
  })
  const inside = (...args: readonly string[]) => run('/usr/sbin/chroot', [jail, '/roadcrew', ...args])

  it('says its version and helps, also a user that the system does not know', () => {
    expect(inside('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' })
    expect(inside('--help').out).toContain('Usage: roadcrew')
    const nobody = run('/usr/sbin/chroot', ['--userspec=4242:4242', jail, '/roadcrew', 'scan'])
    expect(nobody.err).toContain('/.kube/config')
    expect(nobody.code).toBe(2)
  })

  it('knows each hazard', () => {
    const { out } = inside('explain')
    for (const { title } of hazards) expect(out).toContain(title)
    expect(inside('explain', hazards[0]?.id ?? '').out).toContain('severity')
  })

  it('scans an export, and shows one finding', () => {
    const ran = inside('scan', '/export', ...asOf, '-o', 'json')
    expect(ran.code).toBe(1)
    const report = reportSchema.parse(JSON.parse(ran.out))
    expect(report.summary).toMatchObject({ broken: 7, unread: 0 })
    const id = report.findings.find(({ tier }) => tier === 'broken')?.id ?? ''
    const why = inside('why', id, '/export', ...asOf)
    expect(why.out).toMatch(/^ +where +\/export\//m)
  })

  it('has the fleet of the demo with it, where the next command finds it', () => {
    const ran = inside('demo')
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('BROKEN NOW  7 causes')
    const next = /^Next: roadcrew (.*)$/m.exec(ran.out)?.[1]?.split(' ') ?? []
    expect(run('/usr/sbin/chroot', [jail, '/roadcrew', ...next]).out).toMatch(/^ +where +/m)
  })

  it('has the time zones with it', () => {
    const ran = inside('cron', 'next', '30 2 * * *', '--zone', 'Europe/Berlin', '--from', '2027-03-27T12:00:00Z')
    expect(ran.out).toContain('moment-timezone')
    expect(ran.out).toMatch(/2027-03-28/)
  })

  it('is told of wrong words', () => expect(inside('scan', '--nonsense').code).toBe(64))
})

describe('the one file', () => {
  it('reads its .proto files where it asks a runtime', async () => {
    const socket = join(folder, 'crio.sock')
    const none = () => ({})
    const crio = await fakeCriO(socket, 'runtime.v1', {
      ...{
        version: () => ({ runtimeName: 'cri-o', runtimeVersion: '1.30.0' }),
        listContainers: none,
        listPodSandbox: none,
      },
    })
    try {
      await runBeside(['agent', '--once', '--rounds', '1', '--socket', socket, '-o', 'json'])
      expect(crio.asked).toContain('version')
      expect(crio.asked).toContain('listContainers')
    } finally {
      crio.stop()
    }
  })

  it('is Node.js to the programs that drills and probes start', () => {
    const ran = run(program, [
      '-e',
      'console.log(process.argv.slice(1).join(), require("node:net").isIP("::1"))',
      '--',
      'a',
      'b',
    ])
    expect(ran).toEqual({ code: 0, out: 'a,b 6\n', err: '' })
  })

  it('says where its own files can be if there is no place for them', () => {
    const ran = run(program, ['demo'], { HOME: '/dev/null/none', TMPDIR: '/dev/null/none' })
    expect(ran.code).not.toBe(0)
    expect(ran.err).toContain('set XDG_CACHE_HOME')
  })

  it('takes away again what it had to lay out in a temporary folder', () => {
    const temporary = mkdtempSync(join(folder, 'tmp-'))
    const ran = run(program, ['demo'], { HOME: '/dev/null/none', TMPDIR: temporary })
    expect(ran.code).toBe(0)
    expect(run('/bin/ls', [temporary]).out).toBe('')
  })
})

describe.skipIf(controlPlaneOrSkip())('the one file at a real control plane', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
  })
  afterAll(() => lab?.stop())

  it('scans it', async () => {
    const ran = run(program, ['scan', '--kubeconfig', lab.kubeconfig, '-o', 'json'], { HOME: folder })
    const report = reportSchema.parse(JSON.parse(ran.out))
    expect(report.worlds.map((world) => world.version)).toEqual(['1.20'])
    expect([0, 1]).toContain(ran.code)
  })

  it('sends requests from a thread of their own', async () => {
    const [shop, answers] = [await new Shop(lab, 1).open(), await new Answering().listen()]
    try {
      const where = ['-n', shop.namespace, '--kubeconfig', lab.kubeconfig, '--url', answers.url]
      const ran = await runBeside(['rollout', 'deploy/shop', ...where, '--rate', '50', '--for', '3s', '-o', 'json'])
      const report = rolloutSchema.parse(JSON.parse(ran.out))
      expect(answers.asked).toBeGreaterThan(100)
      expect(report.lost).toBe(0)
    } finally {
      answers.end()
    }
  })
})

describe('what is handed on with it', () => {
  const Bill = z.object({
    components: z.array(z.object({ name: z.string(), version: z.string(), licenses: z.array(z.unknown()).min(1) })),
  })

  it('is a bill of all packages that Roadcrew depends on and of Node.js, each with its licence and the text of it', () => {
    const bill = Bill.parse(JSON.parse(readFileSync(`${program}.cdx.json`, 'utf8')))
    const names = bill.components.map(({ name }) => name)
    const manifest = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
    for (const name of [...Object.keys(manifest.dependencies), 'protobufjs', 'node']) expect(names).toContain(name)
    const texts = readFileSync(join(made, 'THIRD-PARTY-LICENSES'), 'utf8')
    for (const { name, version: its } of bill.components)
      expect(texts).toContain(name === 'node' ? `Node.js ${its}` : `${name} ${its} (`)
  })

  it('names each package whose code is in the file', () => {
    const names = Bill.parse(JSON.parse(readFileSync(`${program}.cdx.json`, 'utf8'))).components.map(({ name }) => name)
    // What esbuild keeps of a package's path, as the key of its module.
    const whole = readFileSync(program).toString('latin1')
    // Node.js has packages of its own in it.
    const code = whole.slice(whole.indexOf('const ownUrl = '))
    const inside = [...code.matchAll(/"node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\/[^"\n]{1,100}"\(/g)].map(
      ([, name]) => name,
    )
    expect(new Set(inside).size).toBeGreaterThan(30)
    expect([...new Set(inside)].filter((name) => name !== undefined && !names.includes(name))).toEqual([])
  })
})

describe.skipIf(kubectlOrSkip())('as a plugin of kubectl', () => {
  /** What `kubectl krew install --manifest --archive` does: check the sum, unpack, take `files`, link `bin`. */
  function install(): string {
    const Manifest = z.object({
      spec: z.object({
        platforms: z.tuple([
          z.object({
            sha256: z.string(),
            bin: z.string(),
            files: z.array(z.object({ from: z.string(), to: z.literal('.') })),
          }),
        ]),
      }),
    })
    const [{ sha256, bin, files }] = Manifest.parse(parse(readFileSync(join(made, 'roadcrew.yaml'), 'utf8'))).spec
      .platforms
    const archive = `${program}.tar.gz`
    expect(createHash('sha256').update(readFileSync(archive)).digest('hex')).toBe(sha256)
    const [staging, store, bins] = ['staging', 'store', 'bin'].map((name) => join(folder, 'krew', name))
    if (!staging || !store || !bins) throw new Error('no folders')
    for (const one of [staging, store, bins]) mkdirSync(one, { recursive: true })
    run('tar', ['-xzf', archive, '-C', staging], { PATH: process.env.PATH ?? '' })
    for (const { from } of files) copyFileSync(join(staging, from), join(store, from))
    symlinkSync(relative(bins, join(store, bin)), join(bins, 'kubectl-roadcrew'))
    expect(existsSync(join(store, 'THIRD-PARTY-LICENSES'))).toBe(true)
    return bins
  }

  it('scans, and completes what kubectl asks', () => {
    const bins = install()
    const env = { PATH: `${bins}:${process.env.PATH}`, HOME: folder }
    const ran = run('kubectl', ['roadcrew', 'scan', join(root, 'examples/fleet'), ...asOf], env)
    expect(ran.code).toBe(1)
    expect(ran.out).toContain('BROKEN NOW  7 causes')
    const completing = join(bins, 'kubectl_complete-roadcrew')
    const { out } = run('kubectl', ['roadcrew', 'completion', 'kubectl'], env)
    writeFileSync(completing, out, { mode: 0o755 })
    expect(run(completing, ['scan', '--fail-on', 'b'], env).out).toBe('broken\t\n:4\n')
  })
})
