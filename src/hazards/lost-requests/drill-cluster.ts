// What the detectors say of the same in a cluster: objects of a real API server, and the edits that are advised for them.
import type { Deployment } from 'kubernetes-types/apps/v1.js'
import type { Place, Stage } from '../../contract/drill.ts'
import type { Finding, Step } from '../../contract/hazard.ts'
import type { Lab } from '../../lab/lab.ts'
import { applyChanges, valueAt } from '../../objects/changes.ts'
import { waitOf } from '../../objects/pre-stop.ts'
import { parseVersion } from '../../objects/version.ts'

const apps = '/apis/apps/v1/namespaces/default/deployments'

interface Named {
  readonly name: string
}

interface Workload extends Named {
  readonly image: string
}

/** As it is in the drill: it stops at once. */
export const shop: Workload = { name: 'shop', image: 'registry.example.com/shop:1' }
/** Its grace period is that which a Pod has if nothing is said, and shorter than what it gives to its connections. */
export const edge: Workload = { name: 'edge', image: 'registry.example.com/ingress-nginx/controller:v1.11.3' }

/** Makes a Deployment of two and the Service that sends to it. */
export async function deploy(lab: Lab, { name, image }: Workload): Promise<void> {
  const labels = { app: name }
  const container = {
    ...{ name, image, ports: [{ containerPort: 8080 }] },
    readinessProbe: { httpGet: { path: '/', port: 8080 } },
  }
  const spec = {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [container] } },
  }
  await lab.send('POST', apps, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec })
  await lab.send('POST', '/api/v1/namespaces/default/services', {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name } },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  })
}

/** What the detectors find in a Deployment; none if it is clear. @throws Error if they could not tell. */
export async function findingsIn(stage: Stage, lab: Lab, { name }: Named): Promise<readonly Finding[]> {
  const place: Place = { kubeconfig: lab.kubeconfig }
  const judged = (await stage.look(place)).filter(
    ({ subject }) => subject.kind === 'Deployment' && subject.name === name,
  )
  if (!judged.some(({ verdict }) => verdict.verdict === 'found' || verdict.verdict === 'clear'))
    throw new Error(`the Deployment ${name} was not judged: ${JSON.stringify(judged)}`)
  return judged.flatMap(({ verdict }) => (verdict.verdict === 'found' ? verdict.findings : []))
}

/** Does what a finding of this reason advises. @returns the step. @throws Error if there is no edit, or the API server refuses it. */
export async function editAsAdvised(
  lab: Lab,
  { name }: Named,
  findings: readonly Finding[],
  reason: string,
): Promise<Extract<Step, { do: 'edit' }>> {
  const finding = findings.find((one) => one.reason === reason)
  const step = finding?.remedy.find((one) => one.do === 'edit')
  if (step?.do !== 'edit')
    throw new Error(`expected ${reason} with an edit, found ${JSON.stringify(findings.map((one) => one.reason))}`)
  const path = `${apps}/${name}`
  const edited = applyChanges(await lab.send('GET', path), step.changes)
  if ('held' in edited) throw new Error(`the advised edit does not fit: ${edited.held}`)
  await lab.send('PATCH', path, { spec: valueAt(edited.object, ['spec']) })
  return step
}

/** The preStop wait that a Deployment has now, s. @throws Error if it has none. */
export async function waitIn(lab: Lab, { name }: Named): Promise<number> {
  const [deployment] = await lab.list<Deployment>(apps, `metadata.name=${name}`)
  const hook = deployment?.spec?.template.spec?.containers[0]?.lifecycle?.preStop
  const wait = waitOf(hook, parseVersion(lab.version))
  if (wait.is !== 'known') throw new Error(`the API server holds no wait: ${JSON.stringify(hook ?? null)}`)
  return wait.seconds
}
