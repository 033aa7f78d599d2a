import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { cluster } from './cluster.ts'
import { node } from './node.ts'

const oneContainerHoldsAll =
  'Not fixed: one container that can not be inspected still holds up the relist of all. Evented PLEG (KEP-3386, off by default) relists less often, and has a longer threshold.'

export const flappingNode = hazard({
  id: 'flapping-node',
  title: 'A node that is Ready and NotReady by turns',
  severity: 'high',
  settings: z.object({}),
  reasons: {
    'relist-hangs': {
      title: 'A relist hangs, and the node will be NotReady',
      why: 'With Docker the kubelet inspects every container of a Pod that changed, one after the other, and gives each up after 2 minutes; in the next relist it asks for those that failed twice. It bears 3 minutes.',
      fix: 'Continue or end what does not answer before that.',
      fixedIn: oneContainerHoldsAll,
      leadsTo: 'pleg-stalled',
    },
    'pleg-stalled': {
      title: 'The kubelet can not list its containers',
      why: 'Every second the kubelet lists all containers and inspects those that changed. One inspection that hangs keeps the list from ending, and 3 minutes after the last one that did the node is NotReady, with all of its Pods.',
      fix: 'Find the container that can not be inspected, and end it.',
      fixedIn: oneContainerHoldsAll,
    },
    flapping: {
      title: 'NotReady again and again',
      why: 'An inspection that hangs is given up after 2 minutes, and the list ends late: the node is Ready until the next one has been hanging for 3 minutes, for as long as the container is there. Its Pods are taken out of Services each time.',
      fix: 'Find the container that can not be inspected, and end it; where the kubelet fell silent, look at the network and the load of the node.',
      fixedIn: oneContainerHoldsAll,
    },
    'runtime-down': {
      title: 'The container runtime does not answer at all',
      why: 'The kubelet asks the runtime for its state every 5 seconds and has got no answer for 30: no container of the node is started, stopped or probed any more.',
      fix: 'Look at the log of the runtime; a restart of it may end every container of the node.',
    },
  },
  cluster: [cluster],
  node: [node],
})
