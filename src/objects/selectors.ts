// Which labels a selector selects: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
import type { LabelSelector } from 'kubernetes-types/meta/v1.js'

type Labels = Readonly<Record<string, string>>

/** Whether labels hold all pairs of a Service's selector. A Service without a selector selects nothing. */
export function selects(selector: Labels | null | undefined, labels: Labels): boolean {
  const pairs = Object.entries(selector ?? {})
  return pairs.length > 0 && pairs.every(([key, value]) => labels[key] === value)
}

/** Whether a label selector matches; an empty one matches all, none at all matches nothing (metav1.LabelSelector). */
export function matches(selector: LabelSelector | null | undefined, labels: Labels): boolean {
  if (!selector) return false
  const pairs = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return (
    pairs &&
    (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
      const value = labels[key]
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      const listed = value !== undefined && (values ?? []).includes(value)
      return operator === 'In' ? listed : operator === 'NotIn' && !listed
    })
  )
}

/** A label selector as a list's `labelSelector` parameter takes it; '' selects all. */
export function selectorText({ matchLabels, matchExpressions }: LabelSelector): string {
  const pairs = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const expressions = (matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${(values ?? []).join(',')})`
  })
  return [...pairs, ...expressions].join(',')
}
