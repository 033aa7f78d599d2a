// The agent's own code as the ServiceAccount of the chart, with a token that the API server gave.
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Entry, noteOutcome, readBudget, takePlace } from '../src/acting/budget.ts'
import { ClusterFacts } from '../src/acting/cluster-facts.ts'
import { agentOf, Events } from '../src/acting/events.ts'
import { emptyReport, readReport, readReports, writeReport } from '../src/acting/shadow-store.ts'
import type { Kind } from '../src/contract/hazard.ts'
import { hazards } from '../src/hazards/index.ts'
import { type Client, connect } from '../src/kubernetes/client.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { clusterWorld } from '../src/kubernetes/world.ts'
import { kubeconfigText } from '../src/lab/credentials.ts'
import type { Lab } from '../src/lab/lab.ts'
import { namespaces, pods } from '../src/objects/kinds.ts'

const namespace = 'roadcrew'
const node = 'n1'

/** A client with a token of a ServiceAccount. */
export async function clientOf(lab: Lab, account: string): Promise<Client> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`
  const { status } = (await lab.send('POST', path, { spec: { audiences: ['api'] } })) as { status: { token: string } }
  const admin = (await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })).target('lab')
  const { tls } = await admin.credentials()
  const ca = Buffer.from(String(tls.ca)).toString('base64')
  const file = join(dirname(lab.kubeconfig), `${account}.kubeconfig`)
  await writeFile(file, kubeconfigText({ server: lab.server, ca, user: account, token: status.token }), { mode: 0o600 })
  return connect((await loadKubeconfig({ path: file, env: {}, home: '/' })).target('lab'), { env: {} })
}

/** Does all that the agent does on the API server. @returns what was refused or could not be read; empty if nothing was. */
export async function doAll(
  client: Client,
  pod: { readonly name: string; readonly namespace: string; readonly uid: string },
) {
  const wrong: string[] = []
  const now = Date.now()
  const facts = new ClusterFacts({
    client,
    namespace,
    node,
    hazards,
    now: () => now,
    ticks: () => 0,
    unreadable: (what, because) => because && wrong.push(`${what}: ${because}`),
  })
  await Promise.all([facts.policy(), facts.done(), facts.labels(), facts.pod(pod)])

  const events = new Events({
    client,
    source: agentOf(node),
    dropped: (count) => wrong.push(`${count} events dropped`),
  })
  const told = { type: 'Warning', reason: 'StuckContainer', message: 'it is stuck' } as const
  for (const at of [now, now + 1]) {
    events.add({ ...told, at, regarding: { kind: 'Pod', ...pod } })
    events.add({ ...told, at, regarding: { kind: 'Node', name: node, uid: node } })
    const because = await events.flush()
    if (because) wrong.push(`events: ${because}`)
  }

  const entry: Entry = { at: now, node, subject: 's', step: 't', text: 'what was done' }
  for (const at of [now - 2 * 3_600_000, now]) {
    const taken = await takePlace(client, namespace, { ...entry, at }, { most: 1, withinMs: 3_600_000 })
    if ('full' in taken) wrong.push(`budget: ${taken.full}`)
    else await noteOutcome(client, namespace, taken.place, 'done')
  }
  if ((await readBudget(client, namespace)).length !== 1) wrong.push('budget: not as it was written')

  for (const since of [now - 1, now]) await writeReport(client, namespace, emptyReport(node, since), now)
  if ((await readReport(client, namespace, node))?.since !== now) wrong.push('report: not as it was written')
  if ((await readReports(client, namespace)).length !== 1) wrong.push('reports: not as they were written')

  const looks = hazards.flatMap((hazard) => hazard.node ?? []).flatMap((one) => [one.of, ...Object.values(one.with)])
  const kinds = new Set<Kind<unknown>>([namespaces, ...looks.flatMap((read) => [...read.kinds])])
  const world = await clusterWorld(client, { fieldSelectors: { [pods.kind]: `spec.nodeName=${node}` } })
  for await (const batch of world.read([...kinds].filter((kind) => kind.api)))
    if (!('items' in batch)) wrong.push(`world: ${JSON.stringify(batch)}`)
  return wrong
}
