// Findings that an annotation of their object sets aside.
import { subjectText } from '../engine/subjects.ts'
import { ignoreAnnotation, reasonAnnotation } from '../objects/ignore-marks.ts'
import { objectText } from '../report/details.ts'
import type { Notice } from '../report/schema.ts'
import type { Aside, Candidate, Marked } from '../report/sift.ts'
import { covers, type KnownHazard, wrongName } from './hazard-names.ts'

/** Without a reason it does not hold: nobody could tell later whether it still may. */
export function asideByMark({ finding, ignore }: Candidate): Aside | undefined {
  if (ignore?.reason === undefined || !covers(ignore.names, finding)) return undefined
  return {
    by: 'annotation',
    where: `${ignoreAnnotation} on ${objectText(finding.subject)}`,
    reason: ignore.reason,
  }
}

/** What is wrong with the annotations of objects, found or not. */
export function noticesOfMarks(marked: readonly Marked[], known: readonly KnownHazard[]): Notice[] {
  return marked.flatMap(({ subject, ignore: { names, reason } }) => {
    const where = `${subjectText(subject)}${'file' in subject.source ? ` in ${subject.source.file}` : ''}`
    const texts = [
      ...(names.length === 0 ? [`${ignoreAnnotation} names no hazard: it ignores nothing`] : []),
      ...(reason === undefined && names.length > 0
        ? [`${ignoreAnnotation} gives no reason, so it does not hold: say why in ${reasonAnnotation}`]
        : []),
      ...names.flatMap((name) => {
        const wrong = wrongName(name, known)
        return wrong === undefined ? [] : [`${ignoreAnnotation}: ${wrong}`]
      }),
    ]
    return texts.map((text) => ({ where, text }))
  })
}
