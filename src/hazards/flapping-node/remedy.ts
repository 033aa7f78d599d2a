import type { Step } from '../../contract/hazard.ts'
import { namesText } from '../../linux/mute.ts'
import type { SeenNode } from './reads.ts'

type Runs = Pick<SeenNode, 'runtime'>

/** The runtime's systemd unit, from the scheme of `containerRuntimeVersion`. */
const units: Readonly<Record<string, string>> = { containerd: 'containerd', docker: 'docker', 'cri-o': 'crio' }

export const findContainer = (node: string): Step => ({
  do: 'advise',
  why: `on ${node}: names the container that does not answer when it is inspected; once that one has ended the node recovers by itself`,
  command: 'roadcrew agent --once',
})

export const endMute = (names: readonly string[]): Step => ({
  do: 'advise',
  why: `once ${namesText(names)} has been continued or ended the relist goes on, and the node stays Ready; what else is wrong with it is told with the container`,
})

/** No command: nobody shall copy it without having read what it may do. */
export const restartRuntime = ({ runtime }: Runs): Step => ({
  do: 'advise',
  why: `drain the node, then restart ${unitOf(runtime) ?? 'its container runtime'}, only if that did not help: it may end every container of the node`,
})

export const lookAtRuntime = (node: string, { runtime }: Runs): Step => ({
  do: 'advise',
  why: `on ${node}: look at why the runtime does not answer: its log, its disk, its memory`,
  command: `journalctl -u ${unitOf(runtime) ?? 'containerd'} -n 200`,
})

export const lookAtSilence = (node: string): Step => ({
  do: 'advise',
  why: `on ${node}: look at why the kubelet could not tell the API server that it lives: the network between them, memory and load of the node, reboots`,
})

export const lookAtKubelet = (node: string): Step => ({
  do: 'advise',
  why: `on ${node}: the kubelet's log says why it called itself NotReady each time`,
  command: "journalctl -u kubelet | grep -i 'became not ready'",
})

const unitOf = (runtime: string): string | undefined => units[runtime.split(':')[0] ?? '']
