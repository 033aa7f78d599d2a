import type { Drill, Place, Stage } from '../../contract/drill.ts'
import { verdictText } from '../../contract/verdicts.ts'
import { type Asked, type Clashes, type DnsNode, startDnsNode } from '../../lab/dns-node.ts'

/** Sockets from which two questions go at once, one every 2 ms: 6 s, and 2 s for the last answers. */
const pairs = { count: 3000, everyMs: 2 }
/** A machine that is busy with other things may keep two threads from ever meeting: then they try again. */
const mostTries = 3
/** As the detector's setting is, unless told otherwise. */
const leastLosses = 5

/**
 * Two questions of one socket at once, through kube-proxy's rules, some thousand times. Kernels since 5.6 resolve the clashes, and the drill shows
 * that; where they are lost, as on an older one, it shows that too.
 */
export const drill: Drill = async function* (stage) {
  const node = await startDnsNode()
  stage.later(() => Promise.resolve(node.stop()))
  const place = { network: node.pid }
  yield { act: 'a node with a Service of two DNS servers, and a Pod; looked', figures: await said(stage, place) }

  const { asked, clashes } = await clash(node, stage)
  const { path, losses } = await said(stage, place)
  yield {
    act: 'two threads of the Pod asked from each socket at once; looked',
    figures: { questions: asked.sent, answers: asked.answered, ...clashes, path, losses },
  }
  if (clashes.resolved + clashes.lost === 0) throw new Error('no two questions ever met: no clash was made')
  const missing = asked.sent - asked.answered
  if (missing !== clashes.lost)
    throw new Error(`${missing} questions got no answer, but the kernel says that it dropped ${clashes.lost}`)
  const expected = clashes.lost < leastLosses ? 'clear' : 'found: lost-questions'
  if (!losses.startsWith(expected)) throw new Error(`expected ${expected}, but the detector says ${losses}`)
  const came = `${clashes.resolved} clashes were resolved, ${clashes.lost} questions lost`
  yield { act: `${came}; looked: ${expected}`, figures: {} }
}

/** All that was asked, until some questions met: a machine that is busy with other things may keep two threads apart. */
async function clash(node: DnsNode, stage: Stage): Promise<{ readonly asked: Asked; readonly clashes: Clashes }> {
  let [sent, answered, failed] = [0, 0, 0]
  for (let tries = 1; ; tries++) {
    const asked = await node.ask(pairs, stage.signal)
    sent += asked.sent
    answered += asked.answered
    failed += asked.failed
    const clashes = await node.clashes()
    if (clashes.resolved + clashes.lost > 0 || tries === mostTries)
      return { asked: { sent, answered, failed }, clashes }
  }
}

/** What the detectors say: of the path, and of losses. */
async function said(stage: Stage, place: Place): Promise<{ readonly path: string; readonly losses: string }> {
  const [path, losses] = await stage.look(place)
  return { path: verdictText(path?.verdict), losses: verdictText(losses?.verdict) }
}
