import type { Subject } from '../contract/hazard.ts'

/** Where a subject was read, in one line: the cluster's, node's or file's name. */
export function sourceText(subject: Subject): string {
  const source = subject.source
  if ('cluster' in source) return source.cluster
  if ('node' in source) return source.node
  return source.file
}

/** A subject in one line: `CronJob shop/report`, `Container ads/bidder-7/app`. */
export const subjectText = ({ kind, namespace, pod, name }: Subject): string =>
  `${kind} ${[namespace, pod, name].filter((part) => part).join('/')}`

/** Tells subjects apart, also two documents of one file that name the same object, and an object made anew. */
export const subjectKey = (subject: Subject): string =>
  JSON.stringify([subject.source, subject.kind, subject.namespace, subject.name, subject.pod, subject.uid])
