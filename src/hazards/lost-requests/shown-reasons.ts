// What Pods, their events and endpoints show of lost requests.
import type { Reason } from '../../contract/hazard.ts'
import { nativeSleep, raceRemains } from './fixed-since.ts'

export const shownReasons: Readonly<Record<string, Reason>> = {
  'failing-hook': {
    title: 'Its preStop hook fails',
    why: 'When a hook fails the kubelet only tells so in an event, and goes on with SIGTERM at once.',
    fix: 'Make the hook work in its image.',
    fixedIn: nativeSleep,
  },
  'still-served': {
    title: 'A Pod that stops still gets requests',
    why: 'Its endpoint should be gone within seconds of the deletion; the endpoint slice controller is stuck or far behind.',
    fix: 'Look at kube-controller-manager and at what keeps its controllers busy.',
  },
  'slow-endpoints': {
    title: 'Its endpoints stay longer than its Pods wait',
    why: 'A Pod waits so long in preStop as its endpoint is thought to need to be gone everywhere. Here it was listed for longer, by the times of Pod and EndpointSlice; proxies and load balancers come after that.',
    fix: 'Wait longer than was measured, and look at what keeps kube-controller-manager busy.',
    fixedIn: raceRemains,
    leadsTo: 'still-served',
  },
  killed: {
    title: 'Killed at the end of its grace period',
    why: 'The application had not ended when its grace period was over, so that SIGKILL cut the requests that it was answering. It needs longer, the preStop wait took too much, or SIGTERM never reached it.',
    fix: 'See that SIGTERM reaches the application, and give it the time that it needs.',
  },
  'shutdown-cut-off': {
    title: 'A node that shut down gave it less than its grace period',
    why: 'As a node shuts down its kubelet gives Pods shutdownGracePeriod less shutdownGracePeriodCriticalPods, whatever they ask for; endpoints are taken out only meanwhile.',
    fix: 'Drain nodes before they are shut down, or give the kubelet more time.',
    fixedIn:
      'Not fixed: graceful node shutdown has been beta since 1.21 (KEP-2000), and gives a Pod no more than the kubelet is told to.',
  },
  'short-notice': {
    title: 'It needs longer to stop than a spot node has',
    why: 'A spot node is gone some seconds after its cloud has said so: 120 s on AWS, 30 s on Azure, 15 s for ordinary Pods on GKE. A grace period does not change that.',
    fix: 'Stop within the notice, or stay off such nodes.',
    leadsTo: 'shutdown-cut-off',
  },
  unready: {
    title: 'A Pod that runs stopped being ready',
    why: 'Requests go to a Pod until its readiness probe has failed several times in a row; those that it could not answer meanwhile are lost.',
    fix: 'Find out why its probe fails.',
    leadsTo: 'unready-by-turns',
  },
  'unready-by-turns': {
    title: 'Ready and not ready by turns',
    why: 'Each time that a running Pod stops being ready, requests go to it until its probe has failed often enough, and the other Pods take its share.',
    fix: 'Find out why its probe fails.',
  },
  'none-ready': {
    title: 'All of its Pods run, and none is ready',
    why: 'They were ready and are not any more: a Service without ready endpoints refuses every connection. A probe that asks for what all Pods depend on takes all of them out at once.',
    fix: 'Let the readiness probe ask for the Pod alone, not for what it depends on.',
  },
}
