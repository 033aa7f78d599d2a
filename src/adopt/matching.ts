// Globs for the findings that an entry of roadcrew.yaml is about.
import picomatch from 'picomatch'

/** What an entry is compared with. */
export interface Target {
  /** The cluster, as reports name it; empty for files that are of none. */
  readonly world: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  /** The file, with slashes, relative to the folder of roadcrew.yaml; undefined: from an API server, or stdin. */
  readonly path?: string
}

/** Where something holds; what is not given does not narrow it. */
export interface Scope {
  readonly paths?: readonly string[] | undefined
  readonly namespaces?: readonly string[] | undefined
  readonly objects?: readonly string[] | undefined
  readonly clusters?: readonly string[] | undefined
}

/** Hidden files are files, and no list takes back what another entry of it names. */
const options = { dot: true, nonegate: true }

/** Globs of paths; one that matches a folder stands for all below it, and so does a folder's own name, brackets and all. */
export function pathMatcher(globs: readonly string[]): (path: string) => boolean {
  const plain = globs.map((glob) => glob.replace(/^(?:\.\/)+/, '').replace(/\/+$/, ''))
  const named = plain.map((glob) => (glob === '.' ? '**' : glob))
  const matches = picomatch(
    named.flatMap((glob) => [glob, `${glob}/**`]),
    options,
  )
  return (path) => matches(path) || named.some((name) => path === name || path.startsWith(`${name}/`))
}

/** Globs of names. In names a slash is a letter as any other (contexts have some), and `*` also stands for nothing. */
export function nameMatcher(
  globs: readonly string[],
  letters: { readonly nocase?: boolean } = {},
): (name: string) => boolean {
  const matches = picomatch([...globs], { ...options, ...letters, bash: true })
  return (name) => (name === '' ? globs.includes('*') : matches(name))
}

/** `[Kind/]namespace/name`, each part a glob; kinds in any case. */
function objectMatcher(glob: string): (target: Target) => boolean {
  const parts = glob.split('/')
  const [name = '', namespace = '', kind = '*'] = parts.toReversed()
  const [isKind, isNamespace, isName] = [
    nameMatcher([kind], { nocase: true }),
    nameMatcher([namespace]),
    nameMatcher([name]),
  ]
  return (target) => isKind(target.kind) && isNamespace(target.namespace ?? '') && isName(target.name)
}

/** Whether all that a scope names holds for a target. */
export function scopeMatcher({ paths, namespaces, objects, clusters }: Scope): (target: Target) => boolean {
  const isPath = paths && pathMatcher(paths)
  const isNamespace = namespaces && nameMatcher(namespaces)
  const areObjects = objects?.map(objectMatcher)
  const isCluster = clusters && nameMatcher(clusters)
  return (target) =>
    (!isPath || (target.path !== undefined && isPath(target.path))) &&
    (!isNamespace || (target.namespace !== undefined && isNamespace(target.namespace))) &&
    (!areObjects || areObjects.some((isObject) => isObject(target))) &&
    (!isCluster || isCluster(target.world))
}
