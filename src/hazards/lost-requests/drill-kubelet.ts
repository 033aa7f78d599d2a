// The same on a real kubelet: Pods of a Deployment are replaced by a rollout, and an nginx before them learns of it by its watch.
import { homedir } from 'node:os'
import type { Act, Stage } from '../../contract/drill.ts'
import type { Json } from '../../contract/hazard.ts'
import type { Lab } from '../../lab/lab.ts'
import { pause } from '../../lab/pause.ts'
import type { PodEnd } from '../../lab/pod-ends.ts'
import { type RolloutNode, rolloutNodeHint, startRolloutNode } from '../../lab/rollout-node.ts'
import { latenessOf, spoiltText } from '../../rollout/summary.ts'
import { editAsAdvised, findingsIn, waitIn } from './drill-cluster.ts'
import { editOf, factsOf } from './drill-figures.ts'
import { type Sent, underLoad, warm } from './drill-load.ts'
import { lossTable, lostOf, lostOverTime, type Row, sentOf } from './drill-tally.ts'

const cart = { name: 'cart', replicas: 2 }
const perSecond = 20
const learnsAfterMs = 1500
const beforeMs = 500
const afterMs = 1000

interface Rollout {
  readonly name: string
  readonly rows: readonly Row[]
  /** Of the Pods that were replaced. */
  readonly ends: readonly PodEnd[]
}

/** Rolls a Deployment out three times under load: without a wait, with the edit that brings it, and with it. Leaves it out where it can't be. */
export async function* rollOutOnKubelet(stage: Stage, lab: Lab): AsyncIterable<Act> {
  const node = await startHere(stage, lab)
  if (typeof node === 'string') {
    yield { act: 'rollouts on a real kubelet are left out', figures: { because: node } }
    return
  }
  await node.deploy(cart)
  const exposed = await findingsIn(stage, lab, cart)
  yield {
    act: 'a real node is up: kubelet, containerd, and an nginx that watches EndpointSlices',
    figures: factsOf(exposed),
  }

  const none = yield* rollOut(stage, node, 'kubelet, no wait', () => node.restart(cart.name))
  expectLost(none)
  let step: Awaited<ReturnType<typeof editAsAdvised>> | undefined
  const edit = async (): Promise<void> => {
    step = await editAsAdvised(lab, cart, exposed, 'no-wait')
  }
  const edited = yield* rollOut(stage, node, 'kubelet, the advised edit', () => node.replace(cart.name, edit))
  const seconds = await waitIn(lab, cart)
  yield {
    act: 'the edit itself was rolled out: the Pods that it replaced had no wait yet',
    figures: step ? editOf(step) : {},
  }
  const name = `kubelet, wait of ${seconds} s, as advised`
  const long = yield* rollOut(stage, node, name, () => node.restart(cart.name))
  const lost = lostOf(long.rows)
  if (lost > 0) throw new Error(`${name}: ${lost} requests were lost`)
  const after = (await findingsIn(stage, lab, cart)).filter(({ reason }) => reason === 'no-wait')
  if (after.length > 0) throw new Error(`still found after the edit: ${JSON.stringify(factsOf(after))}`)
  yield endsOf([none, edited, long])
}

/** @returns why there is none: all else of the drill needs neither root nor a kubelet, and goes well without it. */
async function startHere(stage: Stage, lab: Lab): Promise<RolloutNode | string> {
  const hint = rolloutNodeHint(process.env, homedir())
  if (hint !== undefined) return hint
  try {
    const node = await startRolloutNode(stage.signal, { lab, learnsAfterMs })
    stage.later(() => node.stop())
    return node
  } catch (error) {
    stage.signal.throwIfAborted()
    return error instanceof Error ? error.message : String(error)
  }
}

async function* rollOut(
  stage: Stage,
  node: RolloutNode,
  name: string,
  change: () => Promise<readonly PodEnd[]>,
): AsyncGenerator<Act, Rollout> {
  const loads = loadsOn(node)
  await warm(stage, loads)
  let ends: readonly PodEnd[] = []
  const act = `${name}: Pods are replaced under load`
  const rows = await underLoad(stage, loads, { act, table }, async () => {
    await pause(beforeMs, stage.signal)
    ends = await change()
    await pause(afterMs, stage.signal)
  })
  const spoilt = spoiltText(latenessOf(rows.flatMap(({ outcomes }) => outcomes)))
  const figures = { ...timesOf(ends), ...(spoilt !== undefined && { mind: spoilt }) }
  yield { act: `${name}: ${lostOf(rows)} of ${sentOf(rows)} requests were lost`, figures, table: table(rows) }
  return { name, rows, ends }
}

function loadsOn(node: RolloutNode): Sent[] {
  const [retrying, plain] = [node.urlOf(cart.name, true), node.urlOf(cart.name, false)]
  const sent = (name: string, url: URL, over: Pick<Sent, 'method' | 'connections'>): Sent => ({
    ...{ name, perSecond, target: () => url },
    ...over,
  })
  return [
    sent('GET', retrying, { method: 'GET' }),
    sent('POST', retrying, { method: 'POST' }),
    sent('GET, no retries', plain, { method: 'GET' }),
    sent('POST, no retries', plain, { method: 'POST' }),
    sent('GET, kept connections', retrying, { method: 'GET', connections: 'kept' }),
  ]
}

const table = (rows: readonly Row[]) => lossTable(rows, ['502 refused', '502 cut off'])

/** From the deletion, s: when each Pod came to it. */
const sinceDeletion = ({ deletedAt }: PodEnd, at: number | undefined): number | undefined =>
  at === undefined ? undefined : Math.round((at - deletedAt) / 100) / 10

const timesOf = (ends: readonly PodEnd[]): Record<string, Json> => {
  const all = (at: (end: PodEnd) => number | undefined): string =>
    ends.map((end) => sinceDeletion(end, at(end)) ?? '?').join(', ')
  return {
    'no endpoint after (s)': all(({ noEndpointAt }) => noEndpointAt),
    'SIGTERM after (s)': all(({ sigtermAt }) => sigtermAt),
    'nginx told after (s)': all(({ notSentToAt }) => notSentToAt),
  }
}

/** Without a wait an nginx that learns later goes on sending to what has stopped. */
function expectLost({ name, rows }: Rollout): void {
  if (lostOf(rows) === 0) throw new Error(`${name}: nothing was lost, so nothing was shown`)
}

function endsOf(rollouts: readonly Rollout[]): Act {
  const rows = rollouts.flatMap(({ name, ends }) =>
    ends.map((end): [string, ...Json[]] => [
      `${name}: ${end.pod}`,
      end.deletionTimestamp,
      ...[end.noEndpointAt, end.notSentToAt, end.sigtermAt].map((at) => sinceDeletion(end, at) ?? '?'),
    ]),
  )
  return {
    act: 'looked: clear; how each Pod ended, in seconds from its deletion',
    figures: {},
    table: { columns: ['deletionTimestamp', 'no endpoint', 'nginx told', 'SIGTERM'], rows },
    plots: [lostOverTime(rollouts)],
  }
}
