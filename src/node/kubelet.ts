// Asks the kubelet of this node for its pages, as those do that depend on them.
import { hasAnswered, type KubeletSeen, type Page, type PlegSeen } from '../linux/kubelet.ts'
import { parsePlegMetrics } from '../linux/kubelet-metrics.ts'
import { askPage, type PageAnswer, type PageOptions } from './kubelet-page.ts'

export interface KubeletAddress extends Pick<PageOptions, 'tokenFile' | 'caFile'> {
  /** The whole address of its health page: `http://127.0.0.1:10248/healthz`. Undefined: not asked. */
  readonly healthz?: string
  /** Where its other pages are: `https://127.0.0.1:10250`. Undefined: not asked. */
  readonly url?: string
}

/** How long its answers may take; who scrapes it gives up after 10 s, by the defaults of Prometheus and the metrics server (ms). */
export interface KubeletLimits {
  readonly healthMs: number
  readonly pageMs: number
  /** The statistics of all containers cost the kubelet more than its own metrics: they are asked for no more often. */
  readonly statsEveryMs: number
}

export const kubeletLimits: KubeletLimits = { healthMs: 5_000, pageMs: 10_000, statsEveryMs: 60_000 }

/** What a kubelet looks like from outside. Never throws for what it does. */
export interface KubeletReader {
  look(): Promise<KubeletSeen>
  /** Gives up all that is still asked. */
  close(): void
}

/** Of /metrics, which is megabytes on a busy node. */
const wanted = /^kubelet_pleg_|^kubelet_evented_pleg_connection_success|^kubernetes_build_info/

/** Nothing is asked before the first look. */
export function kubeletReader(address: KubeletAddress, limits: KubeletLimits = kubeletLimits): KubeletReader {
  const closing = new AbortController()
  const { url, healthz } = address
  const question = (at: string | undefined, path: string, more: PageOptions, freshMs: number): Question =>
    new Question(at === undefined ? undefined : `${at.replace(/\/+$/, '')}${path}`, more, freshMs, closing.signal)
  const trust = {
    ...(address.tokenFile !== undefined && { tokenFile: address.tokenFile }),
    ...(address.caFile !== undefined && { caFile: address.caFile }),
  }
  const ofHealth = question(healthz, '', {}, 0)
  const ofMetrics = question(url, '/metrics', { ...trust, keep: (line) => wanted.test(line) }, 0)
  const ofResource = question(url, '/metrics/resource', trust, limits.statsEveryMs)
  // Without volumes and file systems: the same question to every container, for a part of the price.
  const ofSummary = question(url, '/stats/summary?only_cpu_and_memory=true', trust, limits.statsEveryMs)
  return {
    close: () => closing.abort(),
    async look() {
      const [health, metrics, resource, summary] = await Promise.all([
        ofHealth.ask(limits.healthMs),
        ofMetrics.ask(limits.pageMs),
        ofResource.ask(limits.pageMs),
        ofSummary.ask(limits.pageMs),
      ])
      return {
        ...(url !== undefined && { url }),
        healthz: bare(health),
        resource: bare(resource),
        summary: bare(summary),
        ...figuresOf(metrics),
      }
    },
  }
}

/**
 * After so long a page is asked for anew, and the old question dropped: it may hang for a reason of its own. The kubelet has no
 * deadline for the figures of containers, so what was dropped stays with it; one in 5 minutes is little to what others ask (ms).
 */
const giveUpMs = 300_000

interface Dated {
  /** ms UTC. */
  readonly at: number
  readonly answer: PageAnswer
}

/**
 * One page, of which at most one question is open: a kubelet that hangs on one keeps a goroutine for each, also after the
 * client has gone, so to ask again makes things worse.
 */
class Question {
  readonly #url: string | undefined
  readonly #options: PageOptions
  readonly #freshMs: number
  readonly #closing: AbortSignal
  #open: { readonly since: number; readonly ended: Promise<Dated> } | undefined
  #last: { readonly since: number; readonly dated: Dated } | undefined

  /** @param freshMs for how long an answer is as good as a new one. */
  constructor(url: string | undefined, options: PageOptions, freshMs: number, closing: AbortSignal) {
    this.#url = url
    this.#options = options
    this.#freshMs = freshMs
    this.#closing = closing
  }

  /** The answer, if there is one within the limit from when it was asked for; never rejects. */
  async ask(limitMs: number): Promise<Dated> {
    const url = this.#url
    if (url === undefined) return now({ how: 'unasked', because: 'it was not asked for', ms: 0 })
    const last = this.#last
    if (!this.#open && last && performance.now() - last.since < this.#freshMs) return last.dated
    const open = this.#open ?? this.#begin(url, limitMs)
    const mute = (): Dated => {
      const ms = Math.round(performance.now() - open.since)
      return now({ how: 'mute', because: `${url}: no whole answer for ${Math.round(ms / 100) / 10} s`, ms })
    }
    const left = open.since + limitMs - performance.now()
    if (left <= 0) return mute()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Dated>((resolve) => {
      timer = setTimeout(() => resolve(mute()), left)
    })
    const answer = await Promise.race([open.ended, late])
    clearTimeout(timer)
    return answer
  }

  #begin(url: string, limitMs: number): { readonly since: number; readonly ended: Promise<Dated> } {
    const since = performance.now()
    const signal = AbortSignal.any([this.#closing, AbortSignal.timeout(giveUpMs)])
    const ended = askPage(url, this.#options, signal).then((answer) => {
      this.#open = undefined
      const dated = now(answer)
      // One that came too late is no answer to whoever asks next.
      this.#last = answer.ms <= limitMs && hasAnswered(answer) ? { since, dated } : undefined
      return dated
    })
    this.#open = { since, ended }
    return this.#open
  }
}

const now = (answer: PageAnswer): Dated => ({ at: Date.now(), answer })

const bare = ({ answer }: Dated): Page => {
  const { text: _, ...page } = answer
  return page
}

/** Figures that can't be read are no figures: what else would the page be good for? */
function figuresOf(dated: Dated): Pick<KubeletSeen, 'metrics' | 'pleg' | 'version'> {
  const metrics = bare(dated)
  const { text } = dated.answer
  if (!hasAnswered(metrics) || text === undefined) return { metrics }
  try {
    const version = /^kubernetes_build_info\{.*\bgit_?[vV]ersion="([^"]*)"/m.exec(text)?.[1]
    const evented = /^kubelet_evented_pleg_connection_success\w*(?:\{[^}]*\})? [1-9]/m.test(text)
    const pleg: PlegSeen = { at: dated.at, ...parsePlegMetrics(text), ...(evented && { evented }) }
    return { metrics, pleg, ...(version && { version }) }
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error)
    return { metrics: { how: 'unread', because: `/metrics: ${because}`, ms: metrics.ms } }
  }
}
