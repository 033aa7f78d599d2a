import type { Broken } from '../contract/world.ts'
import type { Looked } from './build.ts'
import type { ReportUnread } from './schema.ts'

/** A document or object that is lost. */
export const brokenRow = (world: string, { place, because }: Broken): ReportUnread => ({
  world,
  what: place,
  because,
  count: 1,
})

/** Whatever could not be looked at in one world; the same reason for many objects is one row. */
export function unreadOf({ name, look, because }: Looked): ReportUnread[] {
  if (!look) return [{ world: name, what: 'everything in it', because: because ?? 'it could not be reached', count: 1 }]
  const kinds = look.missing.filter(({ how }) => how === 'unread')
  // That a kind can't be read is told once, not again for every object that is judged among its objects.
  const told = (because: string): boolean => kinds.some((kind) => because.includes(kind.because))
  const rows = new Map<string, ReportUnread>()
  for (const { hazard, subject, verdict } of look.judged) {
    if (verdict.verdict !== 'unknown' || subject.name === '*' || told(verdict.because)) continue
    const key = `${hazard.id} ${verdict.because}`
    const row = rows.get(key)
    const what = row ? row.what : `${subject.kind} ${subject.namespace ? `${subject.namespace}/` : ''}${subject.name}`
    rows.set(key, { world: name, hazard: hazard.id, what, because: verdict.because, count: (row?.count ?? 0) + 1 })
  }
  return [
    ...kinds.map(({ kind, because: why }) => ({ world: name, what: `all of kind ${kind}`, because: why, count: 1 })),
    ...rows.values(),
    ...look.broken.map((broken) => brokenRow(name, broken)),
  ]
}
