import type { Context, Evidence, Finding, Item, Step, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread, list, maybe } from '../../contract/reads.ts'
import { absent, clear, found, read, unknown } from '../../contract/verdicts.ts'
import { containersSeen } from '../../linux/container.ts'
import { hasAnswered, type KubeletSeen, kubeletSeen, type Page } from '../../linux/kubelet.ts'
import { blamed, type Mute, muteContainer, namesText } from '../../linux/mute.ts'
import { durationText } from '../../objects/time.ts'
import type { Settings } from './settings.ts'

/** What is carried from round to round. */
interface Remembered {
  /** Ticks (ms) of the first round in a row in which pages were silent. */
  readonly since: number
}

type Silent = Exclude<Page, { answered: true }>

/** Pages that no answer came from, by their paths. */
type Pages = ReadonlyMap<string, Silent>

/** Does the kubelet say that it lives, and show nothing of its containers? */
export const node = detector({
  of: list(kubeletSeen),
  with: { mute: maybe(list(containersSeen, muteContainer)) },
  judge(item: Item<KubeletSeen>, view, context: Context<Settings, Remembered>): Verdict<Remembered> {
    const { healthz } = item.object
    const asked = pagesOf(item.object).filter(([, page]) => isAsked(page))
    if (asked.length === 0) return absent
    const silent = new Map(asked.flatMap(([path, page]) => (isSilent(page) ? [[path, page] as const] : [])))
    if (silent.size === 0) {
      const [unread] = asked.flatMap(([, page]) => (hasAnswered(page) ? [] : [page.because]))
      return unread === undefined ? clear : unknown(unread)
    }
    const lives = hasAnswered(healthz) || asked.some(([, page]) => hasAnswered(page))
    if (!lives && isSilent(healthz)) return unknown(`it is not only its figures: ${healthz.because}`)
    const since = context.before?.since ?? context.ticks
    // A question that hangs is given up now and then, and begun anew.
    const forMs = Math.max(context.ticks - since, ...[...silent.values()].map(({ ms }) => ms))
    const mute = isUnread(view.mute) ? [] : blamed(view.mute)
    return { ...found(finding(item, silent, mute, forMs, context.settings)), remember: { since } }
  },
})

const pagesOf = ({ metrics, resource, summary }: KubeletSeen): readonly (readonly [path: string, page: Page])[] => [
  ['/metrics', metrics],
  ['/metrics/resource', resource],
  ['/stats/summary', summary],
]

/** A page that this kubelet does not have (`/metrics/resource` is of 1.18) tells as little as one that nobody asked for. */
const isAsked = (page: Page): boolean => hasAnswered(page) || (page.how !== 'unasked' && page.how !== 'missing')

const isSilent = (page: Page): page is Silent => !hasAnswered(page) && (page.how === 'mute' || page.how === 'fails')

function finding(
  { object: seen }: Item<KubeletSeen>,
  silent: Pages,
  mute: readonly Mute[],
  forMs: number,
  { lastingSeconds }: Settings,
): Finding {
  const paths = [...silent.keys()]
  const onlyMetrics = paths.length === 1 && paths[0] === '/metrics'
  const loses = onlyMetrics ? 'alerts about the kubelet have' : 'autoscaling and eviction have'
  return {
    reason: onlyMetrics ? 'no-metrics' : 'no-stats',
    state: 'occurring',
    severity: forMs >= lastingSeconds * 1000 ? 'high' : 'medium',
    fact: `${listText(paths)} ${silenceText(silent, forMs)}, ${livesText(seen.healthz)}: ${loses} no figures of this node; ${blameText(mute)}`,
    evidence: evidenceOf(seen, silent, mute),
    remedy: [mute.length > 0 ? endMute(mute) : lookAtKubelet],
  }
}

const listText = (paths: readonly string[]): string =>
  [paths.slice(0, -1).join(', '), paths.at(-1)].filter((part) => part !== '').join(' and ')

function silenceText(silent: Pages, forMs: number): string {
  const [failed] = [...silent.values()].filter(({ how }) => how === 'fails')
  const many = silent.size > 1
  if (failed && [...silent.values()].every(({ how }) => how === 'fails')) return many ? 'fail' : 'fails'
  return `${many ? 'have' : 'has'} not answered for ${durationText(forMs)}`
}

const livesText = (healthz: Page): string =>
  hasAnswered(healthz) ? `while /healthz does within ${healthz.ms} ms` : 'and its health page could not be asked'

const blameText = (mute: readonly Mute[]): string =>
  mute.length === 0
    ? 'no container was mute when it was asked'
    : `mute: ${namesText(mute.map(({ name, shims }) => [name, ...shims.slice(0, 1)].join(' with ')))}`

const pageText = (page: Page): string => (hasAnswered(page) ? `answered after ${page.ms} ms` : page.because)

function evidenceOf(seen: KubeletSeen, silent: Pages, mute: readonly Mute[]): Finding['evidence'] {
  const [first, ...others] = silent
  const at = seen.url ?? 'the kubelet'
  const shown = ([path, page]: readonly [string, Page]): Evidence => read(path, pageText(page), at)
  const rest = [
    ...others.map(shown),
    read('/healthz', pageText(seen.healthz), 'the kubelet'),
    ...mute.slice(0, 10).map(muteSeen),
  ]
  return first ? [shown(first), ...rest] : [shown(['/healthz', seen.healthz])]
}

const muteSeen = ({ name, id, shims }: Mute): Evidence =>
  read('mute container', `${name}: ${shims.join(', ') || 'no shim'}`, `the runtime, for ${id.slice(0, 12)}`)

/** Only advised: what may be done about a container is another hazard's, with rails of its own. */
const endMute = (mute: readonly Mute[]): Step => ({
  do: 'advise',
  why: `once ${namesText(mute.map(({ name }) => name))} has been continued or ended the pages come back by themselves; what else is wrong with it is told with the container`,
})

const lookAtKubelet: Step = {
  do: 'advise',
  why: 'no container was found mute: look at what the kubelet waits for, in its log and in the load of the node',
  command: 'journalctl -u kubelet -n 200',
}
