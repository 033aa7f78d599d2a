import { readFile } from 'node:fs/promises'
import { parseYaml } from '../objects/yaml.ts'
import type { Lab } from './lab.ts'
import { waitFor } from './wait-for.ts'

const crd = new URL('../../charts/roadcrew/files/zonedcronjobs.yaml', import.meta.url)

/** Has the API server of a lab serve ZonedCronJobs, with the CRD of the chart. Returns when it does. */
export async function serveZonedCronJobs(lab: Lab, signal: AbortSignal): Promise<void> {
  const definition = parseYaml(await readFile(crd, 'utf8')) as object
  await lab.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
  await waitFor(signal, 30, () =>
    lab.send('GET', '/apis/roadcrew.dev/v1/zonedcronjobs').then(
      () => true,
      () => undefined, // not yet
    ),
  )
}
