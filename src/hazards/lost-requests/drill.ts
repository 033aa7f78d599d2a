import type { Act, Drill, Stage } from '../../contract/drill.ts'
import type { Json } from '../../contract/hazard.ts'
import { type Lab, startLab } from '../../lab/lab.ts'
import { makeLabFolder } from '../../lab/lab-folder.ts'
import { nginxHint } from '../../lab/nginx.ts'
import { deploy, edge, editAsAdvised, findingsIn, shop, waitIn } from './drill-cluster.ts'
import { editOf, factsOf } from './drill-figures.ts'
import { stopIngress } from './drill-ingress.ts'
import { rollOutOnKubelet } from './drill-kubelet.ts'
import { learnsAfterMs, type Rollout, rollOut } from './drill-rollout.ts'
import { lostOf, lostOverTime, lostToStop, type Row, sentOf } from './drill-tally.ts'

/** Shorter than nginx takes to learn of it, ms. */
const shortWaitMs = 500

/** Replaces Pods under load without a wait, with one that is too short and with the one that is advised; then stops what is before them. */
export const drill: Drill = async function* (stage) {
  const hint = nginxHint(process.env)
  if (hint !== undefined) throw new Error(hint)
  const lab = await startLab(stage.signal)
  stage.later(() => lab.stop())
  const folder = makeLabFolder()
  stage.later(() => Promise.resolve(folder.remove()))
  yield {
    act: 'a control plane of its own is up, and nginx is here',
    figures: { version: lab.version, 'nginx learns of new Pods after (s)': learnsAfterMs / 1000 },
  }
  yield* losingRollouts(stage, lab, folder.path)
  yield* losingControllers(stage, lab, folder.path)
  yield* rollOutOnKubelet(stage, lab)
}

async function* losingRollouts(stage: Stage, lab: Lab, folder: string): AsyncIterable<Act> {
  await deploy(lab, shop)
  const exposed = await findingsIn(stage, lab, shop)
  yield { act: 'looked at a Deployment whose Pods stop at once', figures: factsOf(exposed) }

  const none = yield* rollOut(stage, folder, { name: 'no wait', waitMs: 0 })
  expectLosses(none)
  const short = yield* rollOut(stage, folder, { name: `wait of ${shortWaitMs / 1000} s`, waitMs: shortWaitMs })
  expectLosses(short)

  const step = await editAsAdvised(lab, shop, exposed, 'no-wait')
  const seconds = await waitIn(lab, shop)
  yield { act: 'edited as advised; the API server took it', figures: editOf(step) }
  const long = yield* rollOut(stage, folder, { name: `wait of ${seconds} s, as advised`, waitMs: seconds * 1000 })
  const lost = lostOf([...long.all, ...long.one])
  if (lost > 0) throw new Error(`with a wait of ${seconds} s ${lost} requests were lost`)
  const after = await findingsIn(stage, lab, shop)
  if (after.length > 0) throw new Error(`still found after the edit: ${JSON.stringify(factsOf(after))}`)
  yield sideBySide([none, short, long])
}

async function* losingControllers(stage: Stage, lab: Lab, folder: string): AsyncIterable<Act> {
  yield* stopIngress(stage, folder)
  await deploy(lab, edge)
  const exposed = await findingsIn(stage, lab, edge)
  yield { act: 'looked at an ingress controller with 30 s of grace', figures: factsOf(exposed) }
  const step = await editAsAdvised(lab, edge, exposed, 'controller-cut-off')
  const after = (await findingsIn(stage, lab, edge)).filter(({ reason }) => reason === 'controller-cut-off')
  if (after.length > 0) throw new Error(`still found after the edit: ${JSON.stringify(factsOf(after))}`)
  yield { act: 'edited as advised: it is cut off no more', figures: editOf(step) }
}

/** Each load has to lose where every old Pod is gone: there no retry helps, and what a longer wait mends is not what one did. */
function expectLosses({ name, all }: Rollout): void {
  const without = all.find((row) => lostToStop(row) === 0)
  if (without) throw new Error(`${name}: ${without.name}: nothing was lost, so nothing was shown`)
}

function sideBySide(rollouts: readonly Rollout[]): Act {
  const row = (name: string, of: (rollout: Rollout) => Json): [string, ...Json[]] => [name, ...rollouts.map(of)]
  const lost = (rows: readonly Row[]): string => `${lostOf(rows)} of ${sentOf(rows)}`
  return {
    act: 'looked: clear; the rollouts side by side',
    figures: {},
    table: {
      columns: rollouts.map(({ name }) => name),
      rows: [row('lost, all replaced', ({ all }) => lost(all)), row('lost, one of two', ({ one }) => lost(one))],
    },
    plots: [lostOverTime(rollouts.map(({ name, all, one }) => ({ name, rows: [...all, ...one] })))],
  }
}
