import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { daemonSets, deployments, statefulSets } from '../../objects/kinds.ts'
import { cluster } from './cluster.ts'
import { nativeSleep, raceRemains } from './fixed-since.ts'
import { manifest } from './manifest.ts'
import { podRule } from './pod-rule.ts'
import type { Settings } from './settings.ts'
import { shownReasons } from './shown-reasons.ts'
import { signalReasons } from './signal-reasons.ts'

const seconds = (value: number, text: string) => z.number().int().positive().default(value).describe(text)

const settings: z.ZodType<Settings> = z.object({
  waitSeconds: seconds(
    5,
    'How long endpoints take to be gone from every node and proxy: the preStop wait that is advised',
  ),
  loadBalancerWaitSeconds: seconds(20, 'The same where a load balancer outside of the cluster sends straight to Pods'),
  drainSeconds: seconds(
    5,
    'What an application needs to end its requests after SIGTERM, where it does not say so itself',
  ),
})

export const lostRequests = hazard({
  id: 'lost-requests',
  title: 'Requests are lost whenever its Pods stop',
  severity: 'high',
  settings,
  measured: { waitSeconds: 'drain-seconds' },
  reasons: {
    'no-wait': {
      title: 'Stops at once, while requests still come',
      why: 'Deleting a Pod races: its containers get SIGTERM at once, while the endpoint is taken out of Services, proxies and load balancers one after the other.',
      fix: 'Give the container a preStop wait of some seconds.',
      fixedIn: raceRemains,
      admit: true,
    },
    'short-wait': {
      title: 'Waits less than the load balancer may need',
      why: 'A load balancer outside of the cluster that sends straight to Pods learns of a change through its own controller and API.',
      fix: 'Measure how long it goes on sending to a deleted Pod, and wait that long.',
      fixedIn: raceRemains,
    },
    'unknown-wait': {
      title: 'A preStop hook of unknown length',
      why: 'The hook runs inside of the grace period; one that takes longer is cut off, and one that is too short loses requests.',
      fix: 'Measure it, and set the grace period to what it takes and the application needs after it.',
    },
    'wait-exceeds-grace': {
      title: 'The preStop wait takes the whole grace period',
      why: 'The grace period runs from the deletion and holds the hook. What is left is the time of the application: here about 2 s, then SIGKILL.',
      fix: 'Set terminationGracePeriodSeconds to the wait and what the application needs after it.',
      leadsTo: 'killed',
      fixedIn:
        '1.30 for the sleep handler (the API server refuses a sleep longer than the grace period). What remains: exec hooks, and a sleep as long as it.',
      admit: true,
    },
    'tight-grace': {
      title: 'Too little grace for wait, load balancer and application together',
      why: 'The preStop wait, the connection draining of the load balancer and the end of the application follow each other within one grace period.',
      fix: 'Set terminationGracePeriodSeconds to their sum.',
      leadsTo: 'killed',
      admit: true,
    },
    'grace-zero': {
      title: 'Killed at once, without a grace period',
      why: 'With terminationGracePeriodSeconds 0 the Pod is deleted at once; neither a preStop hook nor SIGTERM reaches the application.',
      fix: 'Set terminationGracePeriodSeconds to what a clean stop needs.',
    },
    'sleep-without-shell': {
      title: 'A preStop sleep in an image that has none',
      why: 'exec runs a program of the image. Images without a shell have no sleep either: the hook fails, and SIGTERM comes at once.',
      fix: 'Use the sleep handler (from 1.30 on), or let the application wait by itself.',
      fixedIn: nativeSleep,
      leadsTo: 'failing-hook',
    },
    'unknown-sleep': {
      title: 'A preStop sleep that the cluster does not know',
      why: 'Up to 1.28 the API server refuses preStop.sleep; 1.29 drops it without a word unless its feature gate is set.',
      fix: 'Use exec with a sleep of the image until the cluster is on 1.30.',
      fixedIn: '1.30 (on by default; stable in 1.34). Nothing remains.',
    },
    ...shownReasons,
    ...signalReasons,
    'sidecar-stops-first': {
      title: 'The proxy beside it stops first',
      why: 'All containers of a Pod are stopped at the same time, each after its own hook; requests that go through the proxy fail as soon as it is gone.',
      fix: 'Let the proxy wait as long as the application, or make it a native sidecar.',
      fixedIn:
        '1.33 (native sidecars stop last; on by default since 1.29). What remains: proxies that are ordinary containers.',
    },
    'controller-cut-off': {
      title: 'An ingress controller that is killed before its connections have ended',
      why: 'A controller keeps its workers until open connections have ended, up to a limit of its own that the grace period has to hold.',
      fix: 'Set terminationGracePeriodSeconds above its limit.',
    },
    'retired-controller': {
      title: 'An ingress controller whose project has ended',
      why: 'ingress-nginx was retired in March 2026: no releases, no fixes of what its reloads lose, no security fixes.',
      fix: 'Move to a maintained ingress controller or to the Gateway API.',
    },
    'one-replica': {
      title: 'One replica: nothing serves while it moves',
      why: 'A drained node or an eviction stops the only Pod before another one is ready; no wait helps.',
      fix: 'Run two or more, with a PodDisruptionBudget of maxUnavailable 1.',
    },
    'all-at-once': {
      title: 'A rollout may stop all of its Pods',
      why: 'With Recreate, or a maxUnavailable as large as the number of replicas, nothing serves until the new Pods are ready.',
      fix: 'Use RollingUpdate with a small maxUnavailable.',
    },
    'no-readiness-probe': {
      title: 'Gets requests before it can answer',
      why: 'Without a readiness probe a Pod counts as ready as soon as its containers run, so a rollout goes on too early as well.',
      fix: 'Give it a readiness probe.',
    },
  },
  writes: [deployments, statefulSets, daemonSets],
  podRule,
  manifest: [manifest],
  cluster: [cluster],
  drill: () => import('./drill.ts'),
})
