// `npm test` on a fresh clone: installs what it needs, builds, checks, runs every test. The last line is for people and CI.
import { spawn, spawnSync } from 'node:child_process'
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
  ['ip', 'iproute2'],
  ['iptables-nft', 'iptables'],
  ['nft', 'nftables'],
  ['conntrack', 'conntrack'],
  ['promtool', 'prometheus'],
  ['nginx', 'nginx-light'],
  ['unzip', 'unzip'],
  ['iptables', 'iptables'],
  ['/usr/lib/cni/bridge', 'containernetworking-plugins'],
  ['kubectl', 'kubernetes-client'],
  ['faketime', 'faketime'],
  ['chromium', 'chromium'],
]

/** They wait for the next minutes of a schedule. */
const ofMinutes = [
  'integration/controller.test.ts',
  'integration/controller-faults.test.ts',
  'integration/fix-cluster.test.ts',
  'integration/timezone-drill.test.ts',
  'integration/zoned-cronjob.test.ts',
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
  const sought = [lab.findControlPlane(process.env, homedir()), lab.findKubelet(process.env, homedir())]
  const missing = sought.flatMap((one) => ('found' in one ? [] : one.missing)).filter((name) => name !== 'etcd')
  if (missing.length > 0 && process.getuid?.() === 0 && isDebian()) {
    process.stderr.write(`building ${missing.join(', ')} for the tests, once per machine: 4 to 9 minutes\n`)
    const args = [join(root, 'src/lab/build-control-plane.sh'), lab.cacheFolder(process.env, homedir()), ...missing]
    spawnSync('bash', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  for (const find of [lab.findControlPlane, lab.findKubelet]) {
    const { hint } = find(process.env, homedir())
    if (hint) process.stderr.write(`${hint}; the tests that need it are skipped\n`)
  }
}

const isDebian = () => existsSync('/etc/os-release') && /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'))

/** One run of vitest. What a quiet one writes is shown when it has ended, so that nothing gets between another's lines. */
async function runTests(folder, name, selection, { quiet }) {
  const file = join(folder, `${name}.json`)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit']
  const child = spawn(process.execPath, [...args, ...selection], { cwd: root, stdio })
  // Whoever ends this ends the tests, which then take down what they started.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  const written = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => written.push(part))
  const status = await new Promise((resolve) => child.once('close', resolve))
  const show = () => process.stdout.write(Buffer.concat(written))
  if (!existsSync(file)) {
    show()
    fail('vitest ended without results')
  }
  return { status, show, ...JSON.parse(readFileSync(file, 'utf8')) }
}

/**
 * Three lanes side by side: the slow tests wait for a kubelet's timeouts, those of schedules for the next minute, and need little of a
 * machine meanwhile.
 */
async function runAllTests() {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-tests-'))
  const beside = [
    runTests(folder, 'slow', ['--project', 'slow'], { quiet: true }),
    runTests(folder, 'minutes', ['--project', 'integration', ...ofMinutes], { quiet: true }),
  ]
  const excluded = ofMinutes.flatMap((path) => ['--exclude', path])
  const selection = ['--project', 'unit', '--project', 'integration', ...excluded]
  const others = await runTests(folder, 'others', selection, { quiet: false })
  const waited = await Promise.all(beside)
  for (const { show } of waited) show()
  rmSync(folder, { recursive: true })
  return [others, ...waited]
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
const runs = await runAllTests()
const sum = (count) => runs.reduce((all, one) => all + one[count], 0)
const [passed, failed] = [sum('numPassedTests'), sum('numFailedTests')]
const skipped = sum('numPendingTests') + sum('numTodoTests')
const files = runs.flatMap((one) => one.testResults)
const allWell = runs.every(({ status }) => status === 0)
// A file that could not even be loaded has no test that failed.
const brokenFiles = files.filter(
  (one) => one.status === 'failed' && one.assertionResults.every((test) => test.status !== 'failed'),
)
for (const { name, message } of brokenFiles) process.stdout.write(`could not run ${name}: ${message}\n`)
const skips = files
  .flatMap((one) => one.assertionResults)
  .filter((test) => test.status !== 'passed' && test.status !== 'failed')
for (const { fullName } of skips) process.stdout.write(`skipped: ${fullName}\n`)
const mayNotSkip = process.env.CI === 'true' && skipped > 0
if (mayNotSkip) process.stdout.write('in CI nothing may be skipped\n')
// An error outside of any test fails the run too, and the last line must not say otherwise.
const failures = failed + brokenFiles.length || (allWell ? 0 : 1)
process.stdout.write(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
process.exitCode = !allWell || failures > 0 || mayNotSkip ? 1 : 0
