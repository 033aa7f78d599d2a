// Images that have neither a shell nor a sleep command, as far as their names tell.

/** Public images that are built from nothing, or from a base without a shell. What a registry mirrors keeps its name. */
const bare: readonly (readonly [RegExp, string])[] = [
  [/distroless/, 'a distroless image'],
  [/^cgr\.dev\/|\/chainguard\//, 'a Chainguard image'],
  [/(^|\/)scratch(\/|:|$)|[-/]scratch(:|@|$)/, 'an image built from scratch'],
  [/(^|\/)pause(:|@|$)/, 'the pause image'],
  [
    /(^|\/)(?:coredns|metrics-server|kube-state-metrics|external-dns|http-echo)(:|@|$)/,
    'built without a shell by its project',
  ],
  [/(^|\/)cert-manager-(?:controller|webhook|cainjector)(:|@|$)/, 'built without a shell by its project'],
  [/(^|\/)opentelemetry-collector(?:-contrib)?(:|@|$)/, 'built without a shell by its project'],
  [
    /(^|\/)(?:kube-proxy|kube-apiserver|kube-controller-manager|kube-scheduler)(:|@|$)/,
    'built without a shell by its project',
  ],
]

/** Variants made for looking into, which do have a shell: `:debug`, `:latest-dev`. */
const withShell = /:(?:[\w.-]*-)?(?:debug|dev|busybox|alpine|debian)\b/

/** Why an image is taken to have no shell; undefined if nothing says so. A guess: only its name is known. */
export function lacksShell(image: string | undefined): string | undefined {
  if (image === undefined || withShell.test(image)) return undefined
  return bare.find(([pattern]) => pattern.test(image))?.[1]
}
