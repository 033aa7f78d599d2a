import { parseYaml } from '../objects/yaml.ts'
import { ownText } from '../own-files.ts'
import type { Lab } from './lab.ts'
import { waitFor } from './wait-for.ts'

const crd = 'charts/roadcrew/files/zonedcronjobs.yaml'

/** Has the API server of a lab serve ZonedCronJobs, with the CRD of the chart. Returns when it does. */
export async function serveZonedCronJobs(lab: Lab, signal: AbortSignal): Promise<void> {
  const definition = parseYaml(ownText(crd)) as object
  await lab.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
  await waitFor(signal, 30, () =>
    lab.send('GET', '/apis/roadcrew.dev/v1/zonedcronjobs').then(
      () => true,
      () => undefined, // not yet
    ),
  )
}
