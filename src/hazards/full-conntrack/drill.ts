import type { Act, Drill, Place, Stage } from '../../contract/drill.ts'
import { verdictText } from '../../contract/verdicts.ts'
import { pause } from '../../lab/pause.ts'
import { startSnatNode } from '../../lab/snat-node.ts'

/** What each of the two Pods opens, by the limit of the table: together more than it holds. */
const share = 0.7
/** The detector counts over the last 30 to 45 s. */
const patience = 60_000

/** Fills the conntrack table of a node, empties it, and asks the detector before, then and after. */
export const drill: Drill = async function* (stage) {
  const node = await startSnatNode('iptables-nft')
  stage.later(() => Promise.resolve(node.stop()))
  const place = { network: node.pid }
  const first = await said(stage, place)
  yield { act: 'a node with two Pods, in network namespaces of its own; looked', figures: { said: first } }

  const flows = Math.ceil(share * node.limit)
  await node.flood(flows, stage.signal)
  const full = await said(stage, place)
  yield { act: `the Pods opened ${2 * flows} flows; looked`, figures: { said: full } }
  if (!/^found: (?:no-room|thrown-out)/.test(full))
    throw new Error(`expected packets or entries to be turned away: ${full}`)

  await node.flush()
  yield { act: 'the table was emptied', figures: {} }
  for (const until = Date.now() + patience; ; await pause(5000, stage.signal)) {
    const now = await said(stage, place)
    if (now === 'clear') break
    if (Date.now() > until) throw new Error(`still ${now}`)
  }
  yield { act: 'nobody was turned away for half a minute; looked: clear', figures: {} } satisfies Act
}

async function said(stage: Stage, place: Place): Promise<string> {
  const [seen] = await stage.look(place)
  return verdictText(seen?.verdict)
}
