// The programs that bring traffic into a cluster: they need longer to end than an application.

export interface IngressController {
  readonly id: string
  readonly title: string
  readonly image: RegExp
  /** Its image serves others too: what `app.kubernetes.io/managed-by` has to say. */
  readonly label?: string
  /** How long it lets open connections end by default (s), and the setting that says so. */
  readonly drain?: { readonly seconds: number; readonly setting: string }
  /** When its project ended, for people. */
  readonly retired?: string
}

/** Known by their images, whatever registry mirrors them. */
const controllers: readonly IngressController[] = [
  {
    id: 'ingress-nginx',
    title: 'ingress-nginx',
    image: /ingress-nginx(?:-controller|\/controller)?(?:-chroot)?[:@]|nginx-ingress-controller[:@]/,
    drain: { seconds: 240, setting: 'worker-shutdown-timeout' },
    retired: 'March 2026',
  },
  {
    id: 'nginx-ingress',
    title: 'NGINX Ingress Controller',
    image: /nginx(?:inc|-ic)?\/(?:nginx-plus-ingress|nginx-ingress)[:@]/,
  },
  { id: 'nginx-gateway-fabric', title: 'NGINX Gateway Fabric', image: /nginx-gateway-fabric/ },
  {
    id: 'traefik',
    title: 'Traefik',
    image: /(^|\/)traefik[:@]/,
    drain: { seconds: 10, setting: 'transport.lifeCycle.graceTimeOut' },
  },
  {
    id: 'haproxytech',
    title: 'HAProxy Kubernetes Ingress Controller',
    image: /haproxytech\/kubernetes-ingress[:@]/,
    drain: { seconds: 1800, setting: 'hard-stop-after' },
  },
  {
    id: 'haproxy-ingress',
    title: 'HAProxy Ingress',
    image: /haproxy-ingress[:@]/,
    drain: { seconds: 600, setting: 'timeout-stop' },
  },
  {
    id: 'envoy-gateway',
    title: 'Envoy Gateway',
    image: /envoyproxy\/envoy[:@]/,
    label: 'envoy-gateway',
    drain: { seconds: 60, setting: 'shutdown.drainTimeout' },
  },
  { id: 'kong', title: 'Kong', image: /(^|\/)kong(?:-gateway)?[:@]/ },
]

/** Which ingress controller a container is; undefined for any other. `labels`: the Pod's. */
export const ingressControllerOf = (
  image: string | undefined,
  labels: Readonly<Record<string, string>>,
): IngressController | undefined =>
  image === undefined
    ? undefined
    : controllers.find(
        ({ image: pattern, label }) =>
          pattern.test(image) && (label === undefined || labels['app.kubernetes.io/managed-by'] === label),
      )
