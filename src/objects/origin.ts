import type { Json } from '../contract/hazard.ts'

/** Who looks after an object, and where it has to be changed so that the change lasts. */
export interface Origin {
  readonly owner?: string
  readonly fixAt?: string
  /** The Helm chart and its version that it was made from, whoever installed it: `web-base 1.4.2`. */
  readonly chart?: string
}

type Marks = Readonly<Record<string, string>>

/** The labels that name an owner, in the order in which they are asked. */
export const ownerLabels: readonly string[] = ['team', 'owner', 'app.kubernetes.io/team', 'contact']

const marks = (object: unknown, which: 'labels' | 'annotations'): Marks => {
  const metadata = (object as { metadata?: { [key: string]: unknown } | null } | null)?.metadata
  const found = metadata?.[which]
  return typeof found === 'object' && found !== null ? (found as Marks) : {}
}

/** The owner that an object's labels (or annotations of the same name) give. */
export function ownerOf(object: unknown): string | undefined {
  const labels = marks(object, 'labels')
  const annotations = marks(object, 'annotations')
  for (const name of ownerLabels) {
    const value = labels[name] ?? annotations[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}

/**
 * Where an object of a cluster is really kept, by the marks that the tools leave on what they apply: Argo CD's tracking
 * id or instance label, Flux's owner labels, Helm's release annotations, a controlling owner.
 */
function keptIn(object: unknown): string | undefined {
  const labels = marks(object, 'labels')
  const annotations = marks(object, 'annotations')
  const argo = annotations['argocd.argoproj.io/tracking-id']?.split(':')[0] ?? labels['argocd.argoproj.io/instance']
  if (argo) return `Argo CD application ${argo}`
  const kustomization = labels['kustomize.toolkit.fluxcd.io/name']
  if (kustomization)
    return `Flux Kustomization ${labels['kustomize.toolkit.fluxcd.io/namespace'] ?? ''}/${kustomization}`
  const helmRelease = labels['helm.toolkit.fluxcd.io/name']
  if (helmRelease) return `Flux HelmRelease ${labels['helm.toolkit.fluxcd.io/namespace'] ?? ''}/${helmRelease}`
  const release = annotations['meta.helm.sh/release-name']
  if (release) return `Helm release ${release}`
  return controller(object) ?? (labels['helm.sh/chart'] ? 'Helm' : undefined)
}

/** Helm's own label is `name-version`; the version begins at the last dash that a digit follows. */
function chartOf(object: unknown): string | undefined {
  const labels = marks(object, 'labels')
  const label = labels['helm.sh/chart'] ?? labels.chart
  return typeof label === 'string' && label !== '' ? label.replace(/-(v?\d[^-]*(?:-[a-z].*)?)$/, ' $1') : undefined
}

function controller(object: unknown): string | undefined {
  const references = (object as { metadata?: { ownerReferences?: Json } | null } | null)?.metadata?.ownerReferences
  if (!Array.isArray(references)) return undefined
  const reference = references.find((r) => r?.controller === true)
  return reference ? `${reference.kind} ${reference.name}` : undefined
}

/** The same place in fewer words, for narrow terminals: `Argo CD booking`. */
export const shortPlace = (place: string): string =>
  place
    .replace(/^Argo CD application /, 'Argo CD ')
    .replace(/^Flux (?:Kustomization|HelmRelease) (?:\S*\/)?/, 'Flux ')
    .replace(/^Helm release /, 'Helm ')
    .replace(/^chart /, '')

/** What an object's own marks say of its origin; the owner may still come from its namespace. */
export function originOf(object: unknown): Origin {
  const owner = ownerOf(object)
  const fixAt = keptIn(object)
  const chart = chartOf(object)
  return { ...(owner && { owner }), ...(fixAt && { fixAt }), ...(chart && { chart }) }
}
