// `npm run package`: Roadcrew as one file for Linux on x64, into dist-package/, with what is handed on with it. With
// `-- --download-url <where the archive will be>` also the manifest for krew.
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { z } from 'zod'
import { bundle } from './bundle.ts'
import { bundledPackages } from './bundled-packages.ts'
import { krewManifest, programInArchive } from './krew.ts'
import { licencesText } from './licences.ts'
import { nodeBinary, nodePackage, run } from './node-binary.ts'
import { ownAssets } from './own-assets.ts'
import { billOfMaterials } from './sbom.ts'
import { makeSingleFile } from './single-file.ts'

const root = join(import.meta.dirname, '../..')
const name = 'roadcrew-linux-x64'

/** @param into a folder, made anew. @returns the files that were written. */
async function makePackage(into: string, work: string, downloadUrl: string | undefined): Promise<string[]> {
  const own = z
    .object({ version: z.string(), description: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
  // An address that is none should not cost a minute first.
  if (downloadUrl !== undefined) krewManifest({ ...own, url: downloadUrl, sha256: '' })
  const node = nodeBinary()
  const bundled = await bundle(root, work)
  const packages = bundledPackages(root, bundled.inputs)
  rmSync(into, { recursive: true, force: true })
  mkdirSync(into)
  const program = join(into, name)
  const sbom = `${program}.cdx.json`
  const archive = `${program}.tar.gz`
  makeSingleFile(root, work, { bundle: bundled, assets: ownAssets(root, own.version), node: node.program }, program)
  const ofNpm: unknown = JSON.parse(run('npm', ['sbom', '--sbom-format', 'cyclonedx'], { cwd: root }))
  writeFileSync(sbom, `${JSON.stringify(billOfMaterials(ofNpm, packages, nodePackage), undefined, 2)}\n`)
  const text = readFileSync(node.license, 'utf8')
  writeFileSync(join(into, 'THIRD-PARTY-LICENSES'), licencesText(packages, { version: nodePackage.version, text }))
  makeArchive(into, work, program, archive)
  if (downloadUrl === undefined) return [program, archive, sbom]
  const manifest = join(into, 'roadcrew.yaml')
  writeFileSync(manifest, stringify(krewManifest({ ...own, url: downloadUrl, sha256: sha256Of(archive) })))
  return [program, archive, sbom, manifest]
}

/** The same bytes for the same files: without times, owners and the folder's order. */
function makeArchive(into: string, work: string, program: string, archive: string): void {
  const folder = join(work, 'archive')
  mkdirSync(folder)
  copyFileSync(program, join(folder, programInArchive))
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  copyFileSync(join(into, 'THIRD-PARTY-LICENSES'), join(folder, 'THIRD-PARTY-LICENSES'))
  const tar = join(work, 'archive.tar')
  run('tar', ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '-cf', tar, '-C', folder, '.'])
  run('gzip', ['-n', tar])
  copyFileSync(`${tar}.gz`, archive)
}

const sha256Of = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { 'download-url': { type: 'string' }, into: { type: 'string' } } })
  const work = mkdtempSync(join(tmpdir(), 'roadcrew-package-'))
  try {
    for (const file of await makePackage(values.into ?? join(root, 'dist-package'), work, values['download-url']))
      process.stdout.write(`${sha256Of(file)}  ${(statSync(file).size / 1e6).toFixed(1).padStart(6)} MB  ${file}\n`)
    if (values['download-url'] === undefined)
      process.stdout.write(
        'no manifest for krew, which has to name where the archive will be: -- --download-url <https://…>\n',
      )
  } finally {
    rmSync(work, { recursive: true })
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
