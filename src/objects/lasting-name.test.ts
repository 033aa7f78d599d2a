import { describe, expect, it } from 'vitest'
import { lastingNameOf } from './lasting-name.ts'

const made = (name: string, kind: string, owner: string, more: object = {}) => ({
  metadata: { name, ownerReferences: [{ kind, name: owner, controller: true }], ...more },
})

describe('lastingNameOf', () => {
  it.each([
    [
      made('web-5d4f9c7b8-x2x4z', 'ReplicaSet', 'web-5d4f9c7b8', {
        generateName: 'web-5d4f9c7b8-',
        labels: { 'pod-template-hash': '5d4f9c7b8' },
      }),
      'web-*',
    ],
    [made('report-28391234', 'CronJob', 'report'), 'report-*'],
    [made('report-28391234-abcde', 'Job', 'report-28391234', { generateName: 'report-28391234-' }), 'report-*'],
    [made('import-abcde', 'Job', 'import', { generateName: 'import-' }), 'import-*'],
    [made('agent-abcde', 'DaemonSet', 'agent', { generateName: 'agent-', labels: null }), 'agent-*'],
    [made('db-0', 'StatefulSet', 'db', { generateName: 'db-' }), undefined],
    [made('db-0', 'StatefulSet', 'db'), undefined],
    [{ metadata: { name: 'web' } }, undefined],
    [{ metadata: { name: 'web', ownerReferences: [null] } }, undefined],
    [{ metadata: null }, undefined],
    [null, undefined],
  ])('%j: %s', (object, name) => expect(lastingNameOf(object)).toBe(name))
})
