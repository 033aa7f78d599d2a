// The controller of the drill as a cluster has it: a Pod whose address is that of this machine, and its ConfigMap.
import type { ConfigMap } from 'kubernetes-types/core/v1.js'
import type { Place, Stage } from '../../contract/drill.ts'
import type { Finding } from '../../contract/hazard.ts'
import type { Lab } from '../../lab/lab.ts'
import type { TextServer } from '../../lab/text-server.ts'
import { timeText } from '../../objects/time.ts'

const namespace = 'nginx-ingress'
const configMap = 'nginx-config'
const name = 'nginx-ingress'
const image = 'docker.io/nginx/nginx-ingress:5.2.0'
const core = '/api/v1/namespaces'

/** Makes them. There is no kubelet: what it would say of the Pod is written here. */
export async function deployController(lab: Lab, { address, port }: TextServer, started: number): Promise<void> {
  await lab.send('POST', core, { metadata: { name: namespace } })
  await lab.send('POST', `${core}/${namespace}/configmaps`, { metadata: { name: configMap }, data: {} })
  const args = [
    `-nginx-configmaps=$(POD_NAMESPACE)/${configMap}`,
    '-enable-prometheus-metrics',
    `-prometheus-metrics-listen-port=${port}`,
  ]
  await lab.send('POST', `${core}/${namespace}/pods`, {
    metadata: { name, labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 300, containers: [{ name, image, args }] },
  })
  const running = { startedAt: timeText(started) }
  await lab.send('PATCH', `${core}/${namespace}/pods/${name}/status`, {
    status: {
      ...{ phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
      containerStatuses: [{ name, image, imageID: '', ready: true, restartCount: 0, state: { running } }],
    },
  })
}

export const placeOf = (lab: Lab): Place => ({ kubeconfig: lab.kubeconfig })

/** What is found in it. @throws Error if that could not be told. */
export async function findingsIn(stage: Stage, lab: Lab): Promise<readonly Finding[]> {
  const judged = (await stage.look(placeOf(lab))).filter(
    ({ subject }) => subject.kind === 'Pod' && subject.name === name,
  )
  const open = judged.find(({ verdict }) => verdict.verdict === 'unknown')
  if (open || judged.length === 0)
    throw new Error(`the controller could not be judged: ${JSON.stringify(open ?? null)}`)
  return judged.flatMap(({ verdict }) => (verdict.verdict === 'found' ? verdict.findings : []))
}

/** What the ConfigMap says now. @throws Error if it says nothing. */
export async function timeoutIn(lab: Lab): Promise<string> {
  const [map] = await lab.list<ConfigMap>(`${core}/${namespace}/configmaps`, `metadata.name=${configMap}`)
  const timeout = map?.data?.['worker-shutdown-timeout']
  if (timeout === undefined) throw new Error('the ConfigMap has no worker-shutdown-timeout')
  return timeout
}
