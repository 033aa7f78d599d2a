import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Kind } from '../contract/hazard.ts'
import type { Batch } from '../contract/world.ts'
import type { PodMetrics } from '../objects/pod-metrics.ts'
import { fileWorlds } from './world.ts'

const kind: Kind<PodMetrics> = { kind: 'PodMetrics', metrics: { at: () => undefined, names: ['reloads'] } }

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'metrics-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function read(inputs: readonly string[], kinds: readonly Kind<unknown>[] = [kind]): Promise<Batch[]> {
  const { worlds } = await fileWorlds(inputs, { stdin: () => Promise.resolve('') })
  const batches: Batch[] = []
  for (const world of worlds) for await (const batch of world.read(kinds)) batches.push(batch)
  return batches
}
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

it('are those of the Pod that the file is named after, in a folder beside an export', async () => {
  write('web_edge-5d9c7b9f4c-x2x7q.prom', '# TYPE reloads counter\nreloads{a="b"} 7\nother 1\n')
  write('export.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: edge}\n')
  write('node.prom', 'reloads 1\n')
  const [batch, ...more] = await read([folder])
  expect(more).toEqual([])
  expect(batch).toMatchObject({
    items: [
      {
        subject: { kind: 'PodMetrics', namespace: 'web', name: 'edge-5d9c7b9f4c-x2x7q' },
        object: { samples: [{ name: 'reloads', labels: { a: 'b' }, value: 7 }] },
      },
    ],
  })
})

it('that are named otherwise are asked whose they are', async () =>
  expect(await read([write('edge.prom', 'reloads 1\n')])).toMatchObject([
    { broken: { because: 'whose metrics are they? Name it <namespace>_<pod>.prom' } },
    { elsewhere: 'no PodMetrics in the files given' },
  ]))

it('that can not be read are named', async () =>
  expect(await read([write('web_edge.prom', 'reloads often\n')])).toMatchObject([
    { broken: { because: 'line 1: not a sample of a metric: reloads often' } },
    { elsewhere: expect.any(String) },
  ]))

it('are passed over where nobody asks for them', async () =>
  expect(await read([write('edge.prom', 'reloads often\n')], [])).toEqual([]))
