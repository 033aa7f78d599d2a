// Which Services an Ingress or a route sends to.
import type { Ingress, IngressBackend, Route } from './local-types.ts'

const backendName = (backend: IngressBackend | null | undefined): string[] => {
  const name = backend?.service?.name ?? backend?.serviceName
  return name === undefined ? [] : [name]
}

/** The names of the Services of an Ingress, in its own namespace. */
export const ingressBackends = ({ spec }: Ingress): string[] => [
  ...backendName(spec?.defaultBackend ?? spec?.backend),
  ...(spec?.rules ?? []).flatMap(({ http }) => http?.paths ?? []).flatMap(({ backend }) => backendName(backend)),
]

/** The backends of a route that are Services; one may be of another namespace. */
export const routeBackends = ({ spec }: Route): { readonly name: string; readonly namespace?: string }[] =>
  (spec?.rules ?? [])
    .flatMap(({ backendRefs }) => backendRefs ?? [])
    .flatMap(({ kind = 'Service', name, namespace }) =>
      kind === 'Service' && name ? [{ name, ...(namespace && { namespace }) }] : [],
    )
