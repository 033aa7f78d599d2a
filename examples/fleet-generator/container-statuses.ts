// What the kubelet says of a Pod's containers.
import type { Container, ContainerState, ContainerStatus, PodStatus } from 'kubernetes-types/core/v1.js'
import { iso, second } from './calendar.ts'
import { digest } from './identity.ts'
import type { ClusterPlan, RestartsPlan } from './plan.ts'
import type { PodPlan } from './pods.ts'

/** The id that the node's runtime gave a container; `which` tells those of one Pod apart. */
function containerId(cluster: ClusterPlan, plan: PodPlan, which: string): string {
  const runtime = cluster.minor >= 24 ? 'containerd' : 'docker'
  return `${runtime}://${digest(`${cluster.name}/${plan.namespace}/${plan.name}${which}`)}`
}

function state(plan: PodPlan, containerID: string, started: number): ContainerState {
  const startedAt = iso(started + 2 * second)
  if (plan.ended === undefined) return { running: { startedAt } }
  const exitCode = plan.exitCode ?? 0
  const reason = exitCode === 0 ? 'Completed' : 'Error'
  return { terminated: { containerID, exitCode, finishedAt: iso(plan.ended), reason, startedAt } }
}

const imageFields = ({ name, image = '' }: Container) => ({
  name,
  image,
  imageID: `${image.split(':')[0]}@sha256:${digest(image)}`,
})

/** When the container started that the last restart replaced, ms UTC: restarts are said to be evenly apart. */
const startBefore = ({ count, first, last }: RestartsPlan): number =>
  last - (last - first) / Math.max(1, count - 1) + 2 * second

/** The first container is the app's; the others never restarted. */
function statusOf(cluster: ClusterPlan, plan: PodPlan, container: Container, place: number): ContainerStatus {
  const restarts = place === 0 ? plan.restarts : undefined
  const containerID = containerId(cluster, plan, place === 0 ? '' : `/${container.name}`)
  const running = plan.ended === undefined
  return {
    ...imageFields(container),
    containerID,
    ready: running,
    started: running,
    restartCount: restarts?.count ?? 0,
    state: state(plan, containerID, restarts?.last ?? plan.created),
    ...(restarts && {
      lastState: {
        terminated: {
          containerID: containerId(cluster, plan, '/before'),
          // By SIGTERM: 128 + 15.
          exitCode: 143,
          reason: 'Error',
          startedAt: iso(startBefore(restarts)),
          finishedAt: iso(restarts.last + second),
        },
      },
    }),
  }
}

function initStatusOf(cluster: ClusterPlan, plan: PodPlan, container: Container): ContainerStatus {
  const containerID = containerId(cluster, plan, `/${container.name}`)
  const [startedAt, finishedAt] = [iso(plan.created + second), iso(plan.created + 2 * second)]
  return {
    ...imageFields(container),
    containerID,
    ready: true,
    started: false,
    restartCount: 0,
    state: { terminated: { containerID, exitCode: 0, finishedAt, reason: 'Completed', startedAt } },
  }
}

/** The container fields of a Pod's status. */
export function containerStatuses(
  cluster: ClusterPlan,
  plan: PodPlan,
): Pick<PodStatus, 'containerStatuses' | 'initContainerStatuses'> {
  const { containers, initContainers } = plan.spec
  return {
    containerStatuses: containers.map((container, place) => statusOf(cluster, plan, container, place)),
    ...(initContainers && { initContainerStatuses: initContainers.map((one) => initStatusOf(cluster, plan, one)) }),
  }
}
