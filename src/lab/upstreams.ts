// What an ingress controller reads from EndpointSlices: who serves each Service now.
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'

/** A Pod that can be sent to. */
export interface Upstream {
  readonly pod: string
  /** `address:port` */
  readonly address: string
}

/** The label by which a slice names its Service (discovery/v1, LabelServiceName). */
const serviceLabel = 'kubernetes.io/service-name'

/**
 * The ready Pods of each Service, by the Service's name; of one without any, an empty list. A Pod that is being deleted is in no slice, or
 * is not ready there (KEP-1672).
 */
export function upstreamsOf(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly Upstream[]> {
  const all = new Map<string, readonly Upstream[]>()
  for (const { metadata, endpoints, ports } of slices) {
    const service = metadata?.labels?.[serviceLabel]
    const port = ports?.[0]?.port
    if (service === undefined) continue
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)
    const mine = ready.flatMap(({ addresses: [address], targetRef }) =>
      address !== undefined && port !== undefined && targetRef?.name !== undefined
        ? [{ pod: targetRef.name, address: `${address}:${port}` }]
        : [],
    )
    const both = [...(all.get(service) ?? []), ...mine]
    all.set(
      service,
      both.toSorted((a, b) => a.address.localeCompare(b.address)),
    )
  }
  return all
}
