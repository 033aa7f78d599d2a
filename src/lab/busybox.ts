// An image made by hand, since the lab has no registry: a static busybox and links to it.
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './command.ts'

/** The lab's image. */
export const image = 'localhost/busybox:1'

/** What it runs if it is not told otherwise: it waits, and ends when it is asked to, so that it does as a Pod's pause container. */
export const defaultCommand: readonly string[] = ['sh', '-c', 'trap "exit 0" TERM; sleep 86400 & wait $!']

const programs = ['sh', 'sleep', 'cat', 'echo', 'kill', 'ps', 'true', 'false', 'wget', 'httpd', 'nc']

const tar = (from: string, to: string, names: readonly string[]): Promise<string> =>
  command('tar', ['--owner=0', '--group=0', '-C', from, '-cf', to, ...names])

/**
 * Makes the root file system in the folder. @returns the path of its tar, which `docker import` takes as it is.
 * @throws Error if there is no static busybox on the machine.
 */
export async function rootFileSystem(folder: string): Promise<string> {
  const root = join(folder, 'rootfs')
  for (const name of ['bin', 'tmp', 'etc', 'proc', 'sys', 'dev']) await mkdir(join(root, name), { recursive: true })
  await copyFile('/bin/busybox', join(root, 'bin/busybox'))
  for (const name of programs) await symlink('busybox', join(root, 'bin', name))
  const layer = join(folder, 'layer.tar')
  await tar(root, layer, ['.'])
  return layer
}

/** Wraps a root file system's tar as `docker save` does, for `ctr image import`. @returns the path of the image's tar. */
export async function imageOf(folder: string, layer: string, name: string): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(layer))
    .digest('hex')
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: defaultCommand },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    history: [],
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
  const image = join(folder, 'image.tar')
  await tar(folder, image, ['manifest.json', 'config.json', 'layer.tar'])
  return image
}
