import { describe, expect, it } from 'vitest'
import { keyOf, makerKey, makerOf } from './owners.ts'

const owner = (kind: string, name: string, controller?: boolean) => ({
  apiVersion: 'batch/v1',
  kind,
  name,
  uid: '1',
  ...(controller !== undefined && { controller }),
})

describe('the maker of an object', () => {
  it('is the owner of the kind asked for that controls it, or does not say', () => {
    const metadata = {
      namespace: 'jobs',
      ownerReferences: [owner('Other', 'a'), owner('CronJob', 'b', false), owner('CronJob', 'c')],
    }
    expect(makerOf(metadata, 'CronJob')).toBe('c')
    expect(makerKey(metadata, 'CronJob')).toBe('jobs/c')
  })
  it('may be nobody', () => {
    expect(makerOf(undefined, 'CronJob')).toBeUndefined()
    expect(makerKey({ namespace: 'jobs' }, 'CronJob')).toBeUndefined()
  })
})

it('a key has a place for the namespace that is not there', () => expect(keyOf(undefined, 'a')).toBe('/a'))
