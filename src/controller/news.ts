// What of a look was not told yet. Pure.
import type { Finding, Hazard, Subject } from '../contract/hazard.ts'
import type { Judged } from '../engine/look.ts'
import { subjectKey } from '../engine/subjects.ts'

export interface News {
  readonly is: 'found' | 'ended'
  /** It hurts now, or did within the days that a hazard looks back. */
  readonly when: 'now' | 'lately'
  readonly hazard: Hazard
  readonly subject: Subject
  readonly finding: Finding
  /** Found by the first look at all: how long it has been so is not known. */
  readonly first: boolean
}

/** What happened is told once; what could happen is for scans. */
export class Told {
  #told: ReadonlyMap<string, News> = new Map()
  #isFirst = true

  /** One look later. A subject that could not be judged keeps what was told of it. */
  next(judged: readonly Judged[]): readonly News[] {
    const now = new Map<string, News>()
    const news: News[] = []
    for (const one of judged) {
      if (one.verdict.verdict === 'unknown') this.#keep(one, now)
      for (const [key, found] of foundIn(one, this.#isFirst)) {
        now.set(key, found)
        if (!isSame(this.#told.get(key), found)) news.push(found)
      }
    }
    for (const [key, one] of this.#told) if (!now.has(key)) news.push({ ...one, is: 'ended' })
    this.#told = now
    this.#isFirst = false
    return news
  }

  /** `*`: none of them could be read. */
  #keep(judged: Judged, now: Map<string, News>): void {
    const prefix = judged.subject.name === '*' ? `${judged.hazard.id} ` : `${whose(judged)} `
    for (const [key, one] of this.#told) if (key.startsWith(prefix)) now.set(key, one)
  }
}

const whose = ({ hazard, subject }: Judged): string => `${hazard.id} ${subjectKey(subject)}`

function foundIn(judged: Judged, first: boolean): (readonly [string, News])[] {
  const { hazard, subject, verdict } = judged
  if (verdict.verdict !== 'found') return []
  return verdict.findings.flatMap((finding) => {
    const when = finding.state === 'occurring' ? 'now' : finding.lately ? 'lately' : undefined
    if (!when) return []
    return [[`${whose(judged)} ${finding.reason}`, { is: 'found', when, hazard, subject, finding, first }] as const]
  })
}

/** What goes on says how long in its fact, which changes with time; what is over says which run it was. */
const isSame = (before: News | undefined, { when, finding }: News): boolean =>
  before?.when === when && (when === 'now' || before.finding.fact === finding.fact)
