// What a drill of a cluster stands on, in one place to be loaded only for it.
export { connect } from '../kubernetes/client.ts'
export { deleteArm } from '../kubernetes/delete.ts'
export { editArm } from '../kubernetes/edit.ts'
export { loadKubeconfig } from '../kubernetes/kubeconfig.ts'
export { clusterWorld } from '../kubernetes/world.ts'
