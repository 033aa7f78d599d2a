// What is in the one file, as a CycloneDX bill of materials: npm's own, narrowed to the packages that were bundled, and Node.js.
// (npm's `--omit dev` leaves out what a tool of the development needs too, and there are packages that both need.)
import { z } from 'zod'
import type { BundledPackage } from './bundled-packages.ts'

const component = z.looseObject({
  'bom-ref': z.string(),
  name: z.string(),
  version: z.string(),
  licenses: z.array(z.unknown()).optional(),
})

const bill = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  metadata: z.looseObject({ component: z.looseObject({ 'bom-ref': z.string() }) }),
  components: z.array(component),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
})

export type Bill = z.infer<typeof bill>

interface Node {
  readonly name: string
  readonly version: string
  readonly license: string
  /** `sha512-` and the base64 of it, of the packed package. */
  readonly integrity: string
}

/**
 * @param ofNpm what `npm sbom --sbom-format cyclonedx` says of the whole project.
 * @returns the same for the same input: without the time, and without a number that is new each time.
 * @throws Error for a bundled package that npm does not tell of, or tells no licence of.
 */
export function billOfMaterials(ofNpm: unknown, bundled: readonly BundledPackage[], node: Node): Bill {
  const { serialNumber: _, ...whole } = bill.parse(ofNpm)
  const components = bundled.map(({ name, version }) => {
    const found = whole.components.find((one) => one.name === name && one.version === version)
    if (!found?.licenses?.length)
      throw new Error(`npm sbom tells ${found ? 'no licence' : 'nothing'} of ${name} ${version}`)
    // What of it is in the file is in it for all, whatever it is to the project (npm: optional, dev).
    return { ...found, scope: 'required' }
  })
  const { timestamp: __, component: own, ...metadata } = whole.metadata
  const kept = new Set([own['bom-ref'], ...components.map((one) => one['bom-ref'])])
  const nodeRef = `node@${node.version}`
  const dependencies = whole.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({
      ref,
      dependsOn: [...dependsOn.filter((one) => kept.has(one)), ...(ref === own['bom-ref'] ? [nodeRef] : [])],
    }))
  return {
    ...whole,
    // npm names it by its folder.
    metadata: { ...metadata, component: { ...own, type: 'application', name: 'roadcrew' } },
    components: [...components, nodeComponent(node, nodeRef)],
    dependencies: [...dependencies, { ref: nodeRef, dependsOn: [] }],
  }
}

const nodeComponent = ({ name, version, license, integrity }: Node, ref: string): Bill['components'][number] => ({
  ...{ 'bom-ref': ref, type: 'platform', name: 'node', version, scope: 'required' },
  purl: `pkg:npm/${name}@${version}`,
  hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex') }],
  licenses: [{ license: { id: license } }],
})
