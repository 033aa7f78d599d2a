import { expect, it } from 'vitest'
import { endOf } from './finished.ts'

const at = '2026-11-23T08:00:00Z'
const ms = Date.parse(at)

it.each([
  ['nothing yet', {}, undefined],
  ['one that runs', { status: { active: 1, conditions: [{ type: 'Suspended', status: 'True' }] } }, undefined],
  [
    'one whose success is not settled',
    { status: { conditions: [{ type: 'Complete', status: 'Unknown' }] } },
    undefined,
  ],
  [
    'one that succeeded',
    { status: { completionTime: at, conditions: [{ type: 'Complete', status: 'True' }] } },
    { how: 'Complete', at: ms, field: ['status', 'completionTime'] },
  ],
  [
    'one that failed, which has no completionTime',
    {
      status: {
        conditions: [
          { type: 'FailureTarget', status: 'True' },
          { type: 'Failed', status: 'True', lastTransitionTime: at },
        ],
      },
    },
    { how: 'Failed', at: ms, field: ['status', 'conditions', 1, 'lastTransitionTime'] },
  ],
  [
    'one that does not say when',
    { status: { conditions: [{ type: 'Failed', status: 'True' }] } },
    { how: 'Failed', at: undefined, field: ['status', 'conditions', 0] },
  ],
])('the end of %s', (_, job, ended) => expect(endOf(job)).toEqual(ended))
