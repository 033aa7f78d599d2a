// Label selectors as kubectl's -l takes them: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/

type Requirement = (labels: Readonly<Record<string, string>>) => boolean

const key = '([A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?)'
const forms: readonly (readonly [RegExp, (key: string, values: readonly string[]) => Requirement])[] = [
  [new RegExp(`^${key}\\s+in\\s*\\(([^()]*)\\)$`), (k, v) => (l) => l[k] !== undefined && v.includes(l[k])],
  [new RegExp(`^${key}\\s+notin\\s*\\(([^()]*)\\)$`), (k, v) => (l) => l[k] === undefined || !v.includes(l[k])],
  [new RegExp(`^${key}\\s*!=\\s*([^=!()\\s]*)$`), (k, v) => (l) => l[k] !== v[0]],
  [new RegExp(`^${key}\\s*==?\\s*([^=!()\\s]*)$`), (k, v) => (l) => l[k] === v[0]],
  [new RegExp(`^!\\s*${key}$`), (k) => (l) => l[k] === undefined],
  [new RegExp(`^${key}$`), (k) => (l) => l[k] !== undefined],
]

/**
 * Turns a selector (`app=shop,tier in (web, api),!legacy`) into a test of an object's labels.
 * @throws Error naming the part that is no requirement.
 */
export function labelSelector(text: string): (labels: Readonly<Record<string, string>> | null | undefined) => boolean {
  const parts = text.match(/[^,(]+(\([^)]*\))?/g) ?? []
  const requirements = parts.map((part) => {
    for (const [pattern, requirement] of forms) {
      const match = pattern.exec(part.trim())
      if (match?.[1])
        return requirement(
          match[1],
          (match[3] ?? '').split(',').map((value) => value.trim()),
        )
    }
    throw new Error(
      `"${part.trim()}" is no label requirement; expected key=value, key!=value, key in (a,b), key or !key`,
    )
  })
  return (labels) => requirements.every((holds) => holds(labels ?? {}))
}
