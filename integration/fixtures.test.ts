// The hazards' fixtures are objects as they are met: a real API server takes them, but for those that say otherwise.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { parseDocuments } from '../src/manifests/parse.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

interface Named {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

const folder = join(import.meta.dirname, '../src/hazards')
const fixtures = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\/fixtures\/(fires|quiet)\/.*\.yaml$/.test(path) && statSync(join(folder, path)).isFile())
  .toSorted()

/** How the lab's API server serves what fixtures hold; a kind that it lacks is none of its business. */
const resources: Readonly<Record<string, string>> = {
  CronJob: '/apis/batch/v1beta1/namespaces/{namespace}/cronjobs',
  Job: '/apis/batch/v1/namespaces/{namespace}/jobs',
  Event: '/api/v1/namespaces/{namespace}/events',
  ResourceQuota: '/api/v1/namespaces/{namespace}/resourcequotas',
  Deployment: '/apis/apps/v1/namespaces/{namespace}/deployments',
  StatefulSet: '/apis/apps/v1/namespaces/{namespace}/statefulsets',
  DaemonSet: '/apis/apps/v1/namespaces/{namespace}/daemonsets',
  Pod: '/api/v1/namespaces/{namespace}/pods',
  Service: '/api/v1/namespaces/{namespace}/services',
  Ingress: '/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses',
  EndpointSlice: '/apis/discovery.k8s.io/v1beta1/namespaces/{namespace}/endpointslices',
  PodDisruptionBudget: '/apis/policy/v1beta1/namespaces/{namespace}/poddisruptionbudgets',
  HorizontalPodAutoscaler: '/apis/autoscaling/v2beta2/namespaces/{namespace}/horizontalpodautoscalers',
}

describe.skipIf(controlPlaneOrSkip())('fixtures', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
  })
  afterAll(() => lab?.stop())

  it.each(fixtures)('%s is accepted as it says', async (path) => {
    const text = readFileSync(join(folder, path), 'utf8')
    const [header] = parseAllDocuments(text)
    const { suite } = (header && 'toJS' in header ? header.toJS() : {}) as { suite?: { refused?: string[] } }
    const refused: string[] = []
    let tried = 0
    for (const document of parseDocuments(text, path)) {
      if (!('object' in document)) continue
      const object = document.object as unknown as Named
      const resource = resources[object.kind]
      if (!resource) continue
      tried++
      const answer = await tryCreating(object, resource)
      if (answer !== undefined) refused.push(object.metadata.name)
    }
    expect(tried).toBeGreaterThan(0)
    expect(refused.toSorted()).toEqual((suite?.refused ?? []).toSorted())
  })

  /** Creates it as a dry run on the server; the answer if it is refused. */
  async function tryCreating(object: Named, resource: string): Promise<string | undefined> {
    const namespace = object.metadata.namespace ?? 'default'
    await lab.send('POST', '/api/v1/namespaces', { metadata: { name: namespace } }).catch(() => undefined) // it may be there
    const path = resource.replace('{namespace}', namespace)
    const [, , version] = path.split('/')
    const apiVersion = path.startsWith('/api/') ? 'v1' : `${version}/${path.split('/')[3]}`
    try {
      await lab.send('POST', `${path}?dryRun=All`, { ...object, apiVersion })
      return undefined
    } catch (error) {
      return String(error)
    }
  }
})
