// The same objects give the same findings from files and from a real API server, which fills in defaults and drops fields.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { World } from '../src/contract/world.ts'
import { look } from '../src/engine/look.ts'
import { hazards } from '../src/hazards/index.ts'
import { connect } from '../src/kubernetes/client.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { clusterWorld } from '../src/kubernetes/world.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { parseDocuments } from '../src/manifests/parse.ts'
import { fileWorlds } from '../src/manifests/world.ts'
import { machineZones } from '../src/node/time-zones.ts'
import { create, pathOf } from './create.ts'
import { fixtures, hazardsFolder } from './hazard-fixtures.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

const zones = machineZones()

/** Reasons by object and hazard, of what is wished: status and time are another world's. */
async function wishes(world: World): Promise<string[]> {
  const now = Date.parse('2026-11-23T08:00:00Z')
  const { judged } = await look({ hazards, vantages: ['manifest'], world, now, ticks: 0, zones })
  return judged
    .flatMap(({ subject, verdict }) =>
      verdict.verdict === 'found'
        ? verdict.findings.map(({ reason }) => `${subject.kind} ${subject.name}: ${reason}`)
        : [],
    )
    .toSorted()
}

describe.skipIf(controlPlaneOrSkip())('what is found in files and on a real 1.20', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
  })
  afterAll(() => lab?.stop())

  it.each(fixtures)('%s', async (path) => {
    const file = join(hazardsFolder, path)
    const namespace = path
      .replace(/\.yaml$/, '')
      .replace(/[^a-z0-9]+/g, '-')
      .slice(-60)
      .replace(/^-/, '')
    await lab.send('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
    const refused = new Set<string>()
    for (const document of parseDocuments(readFileSync(file, 'utf8'), file)) {
      if (!('object' in document)) continue
      const metadata = document.object.metadata as { name: string }
      const object = { ...document.object, metadata: { ...metadata, namespace } }
      if (pathOf(object) === undefined || document.object.kind === 'Event') continue
      await create(lab, object).catch(() => refused.add(metadata.name))
    }
    const { worlds } = await fileWorlds([file], { stdin: async () => '', version: { major: 1, minor: 20 } })
    const [world] = worlds
    if (!world) throw new Error(`${path} holds no object`)
    const config = await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })
    const client = connect(config.target('lab'), { env: {} })
    try {
      const live = await wishes(await clusterWorld(client, { namespaces: [namespace] }))
      const taken = (await wishes(world)).filter((one) => !refused.has(one.replace(/^\w+ (\S+): .*$/, '$1')))
      // The time zone that 1.20 drops is not there any more: only files show it.
      expect(live).toEqual(taken.filter((one) => !one.endsWith(': zone-ignored')))
    } finally {
      await client.close()
    }
  })
})
