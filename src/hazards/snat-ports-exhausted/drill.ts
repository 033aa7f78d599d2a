import type { Drill, Place, Stage } from '../../contract/drill.ts'
import { verdictText } from '../../contract/verdicts.ts'
import { startNarrowNode } from '../../lab/narrow-node.ts'
import { pause } from '../../lab/pause.ts'

const ports = 100
/** Half of them find no port. Their SYNs come again after 1 s, so that each second 50 more are lost. */
const connections = 150
/** How long may pass until the detector says something else (ms). */
const patience = 15_000

/** Lets a Pod hold more connections to one server than its rule has ports, ends them, and asks the detector before, then and after. */
export const drill: Drill = async function* (stage) {
  const node = await startNarrowNode(ports)
  stage.later(() => Promise.resolve(node.stop()))
  const place = { network: node.pid }
  yield { act: 'a node whose rule may choose from 100 source ports, and a Pod', figures: { rule: node.rule.join(' ') } }
  yield { act: 'looked', figures: { said: await saidSoon(stage, place, /^(?:unknown|clear)/) } }
  yield { act: 'looked again', figures: { said: await saidSoon(stage, place, /^clear$/) } }

  node.hold(connections)
  const nearly = await saidSoon(stage, place, /^found: (?:near-its-range|no-port-left)/)
  yield {
    act: `the Pod opens ${connections} connections to one server, and holds them; looked`,
    figures: { said: nearly },
  }
  const lost = await saidSoon(stage, place, /^found: no-port-left/)
  const standing = await node.standing()
  yield { act: 'looked again', figures: { standing, waiting: connections - standing, said: lost } }
  if (standing !== ports) throw new Error(`expected ${ports} connections to stand, not ${standing}`)

  await node.end()
  yield { act: 'the Pod ended them all, and the node forgot them', figures: {} }
  await saidSoon(stage, place, /^clear$/)
  yield { act: 'nothing was lost since; looked: clear', figures: {} }
}

/** Looks each second until the detector says what is expected. @throws Error with what it says else after 15 s. */
async function saidSoon(stage: Stage, place: Place, expected: RegExp): Promise<string> {
  for (const until = Date.now() + patience; ; await pause(1000, stage.signal)) {
    const [seen] = await stage.look(place)
    const said = verdictText(seen?.verdict)
    if (expected.test(said)) return said
    if (Date.now() > until) throw new Error(`expected ${expected.source}, but the detector says ${said}`)
  }
}
