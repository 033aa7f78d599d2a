// The hazards' fixtures are objects as they are met: a real API server takes them, but for those that say otherwise.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { parseDocuments } from '../src/manifests/parse.ts'
import { create, pathOf } from './create.ts'
import { fixtures, hazardsFolder } from './hazard-fixtures.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

interface Named {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** What a node shows is none of the API's. */
const holdsObjects = (path: string): boolean =>
  /^ *"?apiVersion"?:/m.test(readFileSync(join(hazardsFolder, path), 'utf8'))

describe.skipIf(controlPlaneOrSkip())('fixtures', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
  })
  afterAll(() => lab?.stop())

  it.each(fixtures.filter(holdsObjects))('%s is accepted as it says', async (path) => {
    const text = readFileSync(join(hazardsFolder, path), 'utf8')
    const [header] = parseAllDocuments(text)
    const { suite } = (header && 'toJS' in header ? header.toJS() : {}) as { suite?: { refused?: string[] } }
    const refused: string[] = []
    let tried = 0
    for (const document of parseDocuments(text, path)) {
      if (!('object' in document)) continue
      const object = document.object as unknown as Named
      if (pathOf(object) === undefined) continue // the lab has no such kind
      tried++
      const answer = await tryCreating(object)
      if (answer !== undefined) refused.push(object.metadata.name)
    }
    expect(tried).toBeGreaterThan(0)
    expect(refused.toSorted()).toEqual((suite?.refused ?? []).toSorted())
  })

  /** Creates it as a dry run on the server; the answer if it is refused. */
  async function tryCreating(object: Named): Promise<string | undefined> {
    const name = object.metadata.namespace ?? 'default'
    await lab.send('POST', '/api/v1/namespaces', { metadata: { name } }).catch(() => undefined) // it may be there
    return create(lab, object, '?dryRun=All').then(() => undefined, String)
  }
})
