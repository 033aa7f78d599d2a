// Finished Jobs that nobody ever deletes: no CronJob's history and no ttlSecondsAfterFinished ends them.
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Context, Finding, Item, Verdict, Version } from '../../contract/hazard.ts'
import { detector, index, isUnread, list, maybe } from '../../contract/reads.ts'
import { clear, found, seen, unknown } from '../../contract/verdicts.ts'
import { endOf } from '../../objects/finished.ts'
import { jobs } from '../../objects/kinds.ts'
import { durationText, timeText } from '../../objects/time.ts'
import { olderThan } from '../../objects/version.ts'
import { advise } from './remedy.ts'
import type { Settings } from './settings.ts'

interface Lying {
  /** The kind of object that made it; undefined: somebody made it by hand, or a program that owns nothing. */
  readonly maker: string | undefined
  /** ms UTC. */
  readonly ended: number | undefined
}

function lying(job: Job): Lying | undefined {
  const { metadata, spec } = job
  const ended = endOf(job)
  const maker = metadata?.ownerReferences?.find(({ controller }) => controller === true)?.kind
  if (!ended || maker === 'CronJob' || typeof spec?.ttlSecondsAfterFinished === 'number') return undefined
  return metadata?.deletionTimestamp === undefined ? { maker, ended: ended.at } : undefined
}

const heap = (namespace: string | undefined, { maker = '' }: Lying): string => `${namespace ?? ''}/${maker}`

const heaps = maybe(
  index(
    jobs,
    (job: Job) => {
      const one = lying(job)
      return one && heap(job.metadata?.namespace, one)
    },
    lying,
  ),
)

/** How many such Jobs lie in its namespace? Asked of the first of each heap, for all of them. */
export const piles = detector({
  of: list(jobs, lying),
  with: { heaps },
  judge(item: Item<Lying>, view, { now, settings, version }: Context<Settings>): Verdict<never> {
    if (isUnread(view.heaps)) return unknown(`how many there are can't be told: ${view.heaps.unread}`)
    const all = view.heaps.get(heap(item.subject.namespace, item.object)) ?? []
    if (all.length < settings.piledUp || all[0]?.subject.name !== item.subject.name) return clear
    return found(pile(item, all, now, version))
  },
})

function pile(
  { subject, object }: Item<Lying>,
  all: readonly Item<Lying>[],
  now: number,
  version: Version | undefined,
): Finding {
  const namespace = subject.namespace ?? 'default'
  const oldest = all.reduce((a, b) => ((b.object.ended ?? now) < (a.object.ended ?? now) ? b : a))
  const since = oldest.object.ended
  const by = object.maker === undefined ? 'of no owner' : `of objects of the kind ${object.maker}`
  return {
    reason: 'piled-up',
    state: 'exposed',
    severity: 'low',
    fact: `${all.length} finished Jobs ${by} and without ttlSecondsAfterFinished lie in the namespace ${namespace}${since === undefined ? '' : `, the oldest for ${durationText(now - since)}`}`,
    evidence: [
      seen('time to live (s)', null, subject, 'spec', 'ttlSecondsAfterFinished'),
      seen('finished Jobs like it', all.length, subject, 'metadata', 'namespace'),
      seen('oldest, ended', since === undefined ? null : timeText(since), oldest.subject, 'status'),
    ],
    remedy: [
      advise(
        olderThan(version, 21)
          ? 'have whoever makes them delete them: ttlSecondsAfterFinished is off by default before 1.21'
          : 'set spec.ttlSecondsAfterFinished where they are made',
      ),
      advise(
        'those that are there and succeeded may go if nobody reads them any more',
        `kubectl -n ${namespace} delete jobs --field-selector status.successful=1`,
      ),
    ],
  }
}
