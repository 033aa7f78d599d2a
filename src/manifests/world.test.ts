import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Batch, World } from '../contract/world.ts'
import { cronJobs, jobs, namespaces } from '../objects/kinds.ts'
import { fileWorlds } from './world.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-files-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

const cronJob = (name: string, apiVersion = 'batch/v1'): string =>
  `apiVersion: ${apiVersion}\nkind: CronJob\nmetadata: {name: ${name}}\n`

const worldsOf = (inputs: readonly string[], stdin = '') =>
  fileWorlds(inputs, { stdin: () => Promise.resolve(stdin), version: { major: 1, minor: 35 } })

async function read(world: World | undefined, kinds = [cronJobs]): Promise<Batch[]> {
  const batches: Batch[] = []
  for await (const batch of world?.read(kinds) ?? []) batches.push(batch)
  return batches
}

const namesIn = (batches: readonly Batch[]): string[] =>
  batches.flatMap((batch) => ('items' in batch ? batch.items.map(({ subject }) => subject.name) : []))

describe('inputs', () => {
  it('files, folders and globs, each file once, in order', async () => {
    const a = file('b/a.yaml', cronJob('a'))
    file('b/deeper/c.json', JSON.stringify({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'c' } }))
    file('b/d.yml', cronJob('d'))
    file('b/notes.txt', 'no manifest')
    file('b/node_modules/x/y.yaml', cronJob('not-this'))
    const { worlds, broken } = await worldsOf([join(folder, 'b'), a, join(folder, 'b/*.yml')])
    expect(broken).toEqual([])
    expect(namesIn(await read(worlds[0]))).toEqual(['a', 'd', 'c'])
  })

  it('what is not there is named, and the others are read', async () => {
    const a = file('a.yaml', cronJob('a'))
    const { worlds, broken } = await worldsOf([join(folder, 'missing.yaml'), join(folder, '*.nothing'), a])
    expect(broken.map(({ place }) => place)).toEqual([join(folder, 'missing.yaml'), join(folder, '*.nothing')])
    expect(namesIn(await read(worlds[0]))).toEqual(['a'])
  })

  it('links in a circle end', async () => {
    file('x/a.yaml', cronJob('a'))
    symlinkSync(join(folder, 'x'), join(folder, 'x/again'))
    expect(namesIn(await read((await worldsOf([join(folder, 'x')])).worlds[0]))).toContain('a')
  })

  it('stdin', async () => {
    const { worlds, textOf } = await worldsOf(['-'], cronJob('piped'))
    const batches = await read(worlds[0])
    expect(namesIn(batches)).toEqual(['piped'])
    const [first] = batches.flatMap((batch) => ('items' in batch ? batch.items : []))
    const source = first?.subject.source
    expect(source && 'file' in source && (await textOf(source.file))).toBe(cronJob('piped'))
  })
})

describe('a world of files', () => {
  it('holds objects by group and kind, whatever their version, and says what it holds none of', async () => {
    const path = file(
      'a.yaml',
      [cronJob('old', 'batch/v1beta1'), cronJob('foreign', 'example.com/v1'), 'kind: values\n'].join('---\n'),
    )
    const { worlds, passedOver } = await worldsOf([path])
    const batches = await read(worlds[0], [cronJobs, jobs] as never)
    expect(namesIn(batches)).toEqual(['old'])
    expect(batches.at(-1)).toMatchObject({ of: jobs, elsewhere: 'no Job in the files given' })
    expect(worlds[0]?.version).toEqual({ major: 1, minor: 35 })
    expect(passedOver()).toBe(1)
  })

  it('a broken file hides none of the others', async () => {
    file('a/1.yaml', 'a: [')
    file('a/2.yaml', `${cronJob('well')}---\nkind: CronJob\napiVersion: batch/v1\nmetadata: {}\n`)
    const batches = await read((await worldsOf([join(folder, 'a')])).worlds[0])
    expect(namesIn(batches)).toEqual(['well'])
    const broken = batches.flatMap((batch) => ('broken' in batch ? [batch.broken.place.slice(folder.length)] : []))
    expect(broken).toEqual([expect.stringMatching(/^\/a\/1\.yaml:1:/), '/a/2.yaml:7:1'])
  })
})

describe('exports', () => {
  const version = (minor: string): string =>
    JSON.stringify({ clientVersion: {}, serverVersion: { major: '1', minor, gitVersion: `v1.${minor}.1` } })

  it('a folder with the output of kubectl version is one cluster of that release, the rest is one world', async () => {
    file('old/version.json', version('20+'))
    file('old/deep/a.yaml', cronJob('a'))
    file('new/version.yaml', 'serverVersion: {major: "1", minor: "36", gitVersion: v1.36.1}\n')
    file('new/b.yaml', `${cronJob('b')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n`)
    file('loose.yaml', cronJob('c'))
    const { worlds } = await worldsOf([folder])
    const seen = await Promise.all(
      worlds.map(async (world) => [world.name.split('/').at(-1), world.version?.minor, namesIn(await read(world))]),
    )
    expect(seen.toSorted()).toEqual(
      [
        ['new', 36, ['b']],
        ['old', 20, ['a']],
        [folder.split('/').at(-1), 35, ['c']],
      ].toSorted(),
    )
    expect(
      namesIn(
        await read(
          worlds.find(({ version: of }) => of?.minor === 36),
          [namespaces] as never,
        ),
      ),
    ).toEqual(['shop'])
  })
})
