import type { Context, Evidence, Finding, Item, Step, Verdict } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { clear, found, read } from '../../contract/verdicts.ts'
import { type Call, type RuntimeSeen, runtimeSeen } from '../../linux/container.ts'
import type { Settings } from './settings.ts'

/** What is carried from round to round. */
interface Remembered {
  /** Ticks (ms) of the first round that failed. */
  readonly since: number
  readonly rounds: number
}

interface Symptom {
  readonly reason: string
  readonly text: string
}

/** Does the daemon itself answer? One container that hangs is another hazard: the daemon answers all the same. */
export const node = detector({
  of: list(runtimeSeen),
  with: {},
  judge(item: Item<RuntimeSeen>, _view, context: Context<Settings, Remembered>): Verdict<Remembered> {
    const symptom = symptomOf(item.object, context.settings)
    if (!symptom) return clear
    const before = context.before ?? { since: context.ticks, rounds: 0 }
    const remember = { since: before.since, rounds: before.rounds + 1 }
    return { ...found(finding(item, symptom, remember, context)), remember }
  },
})

const failed = ({ because, ms }: Call, slowSeconds: number): string | undefined =>
  because ?? (ms > slowSeconds * 1000 ? `it took ${(ms / 1000).toFixed(1)} s` : undefined)

function symptomOf({ name, answers, lists, inspected, mute }: RuntimeSeen, settings: Settings): Symptom | undefined {
  const silent = failed(answers, settings.slowSeconds)
  if (silent !== undefined) return { reason: 'no-answer', text: `${name} does not answer: ${silent}` }
  const slow = failed(lists, settings.slowSeconds)
  if (slow !== undefined)
    return { reason: 'no-list', text: `${name} answers, but does not list its containers: ${slow}` }
  const many = inspected >= settings.mostMute && mute * 2 > inspected
  return many
    ? {
        reason: 'mostly-mute',
        text: `${name} lists its containers, but ${mute} of ${inspected} inspections gave no answer`,
      }
    : undefined
}

function finding(
  item: Item<RuntimeSeen>,
  { reason, text }: Symptom,
  { since, rounds }: Remembered,
  context: Context<Settings, Remembered>,
): Finding {
  const lasting = rounds >= context.settings.failures
  const forSeconds = Math.round((context.ticks - since) / 1000)
  return {
    reason,
    state: 'occurring',
    severity: lasting ? 'critical' : 'medium',
    fact: `${text}${rounds > 1 ? `, for ${rounds} rounds in a row (${forSeconds} s)` : ''}`,
    evidence: evidenceOf(item.object),
    remedy: [restart(item.object)],
  }
}

const callText = ({ ms, because }: Call): string => because ?? `after ${ms} ms`

function evidenceOf({ answers, lists, inspected, mute, socket, containers }: RuntimeSeen): Finding['evidence'] {
  const at = (name: string, value: string): Evidence => read(name, value, socket)
  return [
    at('answers', callText(answers)),
    at('lists', `${callText(lists)}${lists.because === undefined ? `, ${containers} containers` : ''}`),
    at('inspections', `${inspected - mute} of ${inspected} answered`),
  ]
}

/** Only ever advised: where nothing proves the opposite a restart ends every container of the node. */
function restart({ name, restart: effect }: RuntimeSeen): Step {
  if (effect === 'keeps-containers')
    return { do: 'advise', why: `restart ${name}: its configuration keeps containers running meanwhile` }
  const risk =
    effect === 'ends-containers'
      ? 'its configuration says that every container ends with it'
      : 'nothing proves that containers survive that, so take it that all of them end'
  return { do: 'advise', why: `drain the node, then restart ${name}: ${risk}` }
}
