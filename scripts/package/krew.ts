// The manifest by which krew (https://krew.sigs.k8s.io) installs Roadcrew as `kubectl roadcrew`.

interface Release {
  readonly version: string
  readonly description: string
  /** Where the archive will be downloaded from. */
  readonly url: string
  /** Of the archive, in hex. */
  readonly sha256: string
}

/** The program in the archive. */
export const programInArchive = 'roadcrew'

/** @returns the manifest as an object. @throws Error for an address that krew could not download from. */
export function krewManifest({ version, description, url, sha256 }: Release): object {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined
  if (protocol !== 'https:')
    throw new Error(
      `--download-url: "${url}" is no https URL; expected where the archive will be, e.g. https://example.com/roadcrew-linux-x64.tar.gz`,
    )
  return {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'roadcrew' },
    spec: {
      version: `v${version}`,
      shortDescription: 'Finds the failures that Kubernetes itself causes',
      description: `${description}: CronJobs that are ignored for ever, requests lost whenever Pods stop, nodes taken down by one container, and more.\n`,
      caveats: `To begin: kubectl roadcrew scan (it reads the current cluster and writes nothing)
Completion by Tab (kubectl 1.26 or newer), as a program in your PATH:
  kubectl roadcrew completion kubectl > kubectl_complete-roadcrew && chmod +x kubectl_complete-roadcrew
`,
      platforms: [
        {
          selector: { matchLabels: { os: 'linux', arch: 'amd64' } },
          uri: url,
          sha256,
          bin: programInArchive,
          files: [
            { from: programInArchive, to: '.' },
            { from: 'LICENSE', to: '.' },
            { from: 'THIRD-PARTY-LICENSES', to: '.' },
          ],
        },
      ],
    },
  }
}
