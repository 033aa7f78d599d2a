// `npm test` on a fresh clone: installs what it needs, builds, checks, runs every test. The last line is for people and CI.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fail, installAndBuild, root, run } from './install.mjs'

/** Debian packages that tests stand on, by the command that each brings. */
const packages = [
  ['etcd', 'etcd-server'],
  ['openssl', 'openssl'],
  ['containerd', 'containerd'],
  ['runc', 'runc'],
  ['conmon', 'conmon'],
  ['dockerd', 'docker.io'],
  ['busybox', 'busybox-static'],
  ['promtool', 'prometheus'],
  ['unzip', 'unzip'],
]

const inPath = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0

function installPackages() {
  const missing = packages.filter(([command]) => !inPath(command))
  if (missing.length === 0) return
  const names = missing.map(([, name]) => name)
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    process.stderr.write(
      `not here: ${names.join(', ')}; the tests that need them are skipped (root on Debian installs them)\n`,
    )
    return
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  run('update package lists', 'apt-get', ['update', '-qq'], { env })
  run(`install ${names.join(', ')}`, 'apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { env })
}

/** In CI its absence shows as skipped tests, which are not allowed there. */
function getHelm() {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/helm.mjs'), '--get'])
  if (status !== 0) process.stderr.write(`no Helm: ${stderr}the tests of the chart are skipped\n`)
}

/** The build is of Debian's own source package; where it can't be made, tests skip and say why. */
async function buildControlPlane() {
  const lab = await import(pathToFileURL(join(root, 'dist/lab/control-plane.js')).href)
  const sought = lab.findControlPlane(process.env, homedir())
  if ('found' in sought) return
  const toBuild = sought.missing.filter((name) => name !== 'etcd')
  if (toBuild.length > 0 && process.getuid?.() === 0 && isDebian()) {
    process.stderr.write('building a control plane for the tests, once per machine: 4 to 7 minutes\n')
    const args = [join(root, 'src/lab/build-control-plane.sh'), lab.cacheFolder(process.env, homedir())]
    if (spawnSync('bash', args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0) return
  }
  process.stderr.write(`${sought.hint}; the tests that need a control plane are skipped\n`)
}

const isDebian = () => existsSync('/etc/os-release') && /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'))

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-tests-'))
  const file = join(folder, 'results.json')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (!existsSync(file)) fail('vitest ended without results')
  const results = JSON.parse(readFileSync(file, 'utf8'))
  rmSync(folder, { recursive: true })
  return { status, results }
}

installAndBuild()
installPackages()
getHelm()
await buildControlPlane()
run('check types', process.execPath, [join(root, 'node_modules/typescript/bin/tsc')])
run('check style', process.execPath, [
  join(root, 'node_modules/@biomejs/biome/bin/biome'),
  'check',
  '--error-on-warnings',
])
const { status, results } = runTests()
const { numPassedTests: passed, numFailedTests: failed, numPendingTests, numTodoTests } = results
const skipped = numPendingTests + numTodoTests
// A file that could not even be loaded has no test that failed.
const brokenFiles = results.testResults.filter(
  (one) => one.status === 'failed' && one.assertionResults.every((test) => test.status !== 'failed'),
)
for (const { name, message } of brokenFiles) process.stdout.write(`could not run ${name}: ${message}\n`)
const skips = results.testResults
  .flatMap((one) => one.assertionResults)
  .filter((test) => test.status !== 'passed' && test.status !== 'failed')
for (const { fullName } of skips) process.stdout.write(`skipped: ${fullName}\n`)
const mayNotSkip = process.env.CI === 'true' && skipped > 0
if (mayNotSkip) process.stdout.write('in CI nothing may be skipped\n')
// An error outside of any test fails the run too, and the last line must not say otherwise.
const failures = failed + brokenFiles.length || (status === 0 ? 0 : 1)
process.stdout.write(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
process.exitCode = status !== 0 || failures > 0 || mayNotSkip ? 1 : 0
