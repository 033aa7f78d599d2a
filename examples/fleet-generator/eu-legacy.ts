// eu-legacy: an old cluster on the shop's own machines, Kubernetes 1.20. Its kube-controller-manager was down from
// Saturday 14 November 01:03 to Sunday 15 November 20:31 (UTC); what ran often and has no deadline never came back.
import { at, second } from './calendar.ts'
import {
  type ClusterPlan,
  type CronJobPlan,
  daemonSet,
  deployment,
  type EventPlan,
  helm,
  kubectl,
  statefulSet,
} from './plan.ts'

const apps = [
  deployment('crawler/crawl-frontier', '3.9.2', 2, kubectl, { port: 8080 }),
  deployment('crawler/crawl-parser', '3.9.2', 4, kubectl),
  statefulSet('crawler/crawl-store', '1.14.0', 2, kubectl, { port: 9042, grace: 120, preStop: 60 }),
  deployment(
    'ingress-nginx/edge-nginx',
    'registry.farewind.example/mirror/ingress-nginx-controller:v0.44.0',
    2,
    helm('edge', 'ingress-nginx-3.23.0'),
    // As old as it is: nothing waits until the load balancer has noticed that a Pod goes.
    { port: 80, grace: 30, loadBalancer: true },
  ),
  deployment('legacy-booking/booking-classic', '2020.11.4', 4, helm('booking-classic', 'booking-classic-9.4.0'), {
    port: 8080,
    host: 'classic.farewind.example',
    autoscaler: { min: 3, max: 8 },
  }),
  deployment('legacy-booking/booking-gateway', '5.2.17', 2, helm('booking-classic', 'booking-classic-9.4.0'), {
    port: 8443,
  }),
  statefulSet('legacy-booking/booking-queue', '3.8.9', 3, helm('booking-queue', 'queue-2.1.3'), {
    port: 5672,
    grace: 120,
    budget: { maxUnavailable: 1 },
  }),
  deployment('legacy-booking/fare-rules', '1.77.0', 2, kubectl, { port: 8080, team: 'pricing' }),
  deployment('mail/mail-relay', '2.31.0', 2, helm('mail', 'mail-2.8.1'), { port: 2525, preStop: 15 }),
  deployment('mail/mail-renderer', '2.31.0', 2, helm('mail', 'mail-2.8.1'), { port: 8080 }),
  deployment('partners/partner-feed', '0.48.1', 2, kubectl, { port: 8080, host: 'feeds.farewind.example' }),
  deployment('reports/report-builder', '6.0.5', 2, kubectl),
  deployment('reports/report-web', '6.0.5', 2, kubectl, { port: 8080, host: 'reports.farewind.example', preStop: 5 }),
  daemonSet('kube-system/node-log-shipper', 'registry.farewind.example/platform/log-shipper:1.9.4', 0, kubectl, {
    team: 'platform',
  }),
]

const cronJobs: readonly CronJobPlan[] = [
  // Frozen: 261 runs missed in the outage.
  {
    namespace: 'mail',
    name: 'mail-retry',
    image: '2.31.0',
    command: ['/app/mail-retry', '--older-than=10m'],
    schedule: '*/10 * * * *',
    created: '2021-03-02T10:14:41Z',
    seconds: 35,
    delivery: helm('mail', 'mail-2.8.1'),
    stoppedAt: '2026-11-14T01:00:00Z',
  },
  // Frozen for 40 days: suspended for a move on 14 October, resumed two days later, never looked at again.
  {
    namespace: 'partners',
    name: 'partner-stock-sync',
    image: '0.48.1',
    command: ['/app/sync', '--all-partners'],
    schedule: '*/5 7-19 * * 1-5',
    created: '2022-06-20T13:02:09Z',
    seconds: 95,
    concurrency: 'Forbid',
    delivery: kubectl,
    labels: { app: 'partner-stock-sync', team: 'partner-integrations' },
    stoppedAt: '2026-10-14T13:35:00Z',
  },
  // Resuming it would freeze it.
  {
    namespace: 'reports',
    name: 'report-preaggregate',
    image: '6.0.5',
    command: ['/app/preaggregate', '--window=15m'],
    schedule: '*/15 * * * *',
    created: '2021-09-13T08:40:30Z',
    seconds: 210,
    suspend: true,
    delivery: kubectl,
    annotations: { 'farewind.example/note': 'paused while the warehouse moves, ask #reports' },
    stoppedAt: '2026-11-13T08:00:00Z',
  },
  {
    namespace: 'crawler',
    name: 'crawl-seed',
    image: '3.9.2',
    command: ['/app/seed', '--from=partners'],
    schedule: '25 * * * *',
    created: '2021-05-04T09:21:57Z',
    seconds: 160,
    delivery: kubectl,
  },
  {
    namespace: 'legacy-booking',
    name: 'booking-expiry',
    image: '2020.11.4',
    command: ['/app/expire-holds'],
    schedule: '2-59/5 * * * *',
    created: '2021-03-02T10:31:08Z',
    seconds: 24,
    deadline: 200,
    concurrency: 'Forbid',
    delivery: helm('booking-classic', 'booking-classic-9.4.0'),
  },
  // The controller looks every 10 s: with a deadline of 5 s it sees about every other run too late, and says nothing.
  {
    namespace: 'crawler',
    name: 'robots-refresh',
    image: '3.9.2',
    command: ['/app/robots', '--refresh'],
    schedule: '20 * * * *',
    created: '2022-01-18T15:45:12Z',
    seconds: 70,
    deadline: 5,
    delivery: kubectl,
    runs: [
      { scheduled: at('2026-11-23T00:20:00Z') },
      { scheduled: at('2026-11-23T03:20:00Z') },
      { scheduled: at('2026-11-23T05:20:00Z') },
    ],
  },
  {
    namespace: 'reports',
    name: 'report-nightly',
    image: '6.0.5',
    command: ['/app/report', 'nightly'],
    schedule: '40 2 * * *',
    created: '2021-09-13T08:41:02Z',
    seconds: 1500,
    delivery: kubectl,
  },
]

/** The controller of 1.20 repeats this at each pass, every 10 s; client-go counts all and sends about one in 5 min. */
function frozen(namespace: string, name: string, first: string, last: string): EventPlan {
  return {
    namespace,
    kind: 'CronJob',
    name,
    type: 'Warning',
    reason: 'FailedNeedsStart',
    message:
      'Cannot determine if job needs to be started: too many missed start time (> 100). Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    count: Math.floor((at(last) - at(first)) / (10 * second)) + 1,
    first: at(first),
    last: at(last),
    component: 'cronjob-controller',
  }
}

/** The plan of eu-legacy. */
export const euLegacy: ClusterPlan = {
  name: 'eu-legacy',
  minor: 20,
  gitVersion: 'v1.20.15',
  goVersion: 'go1.15.15',
  buildDate: '2022-01-19T17:23:01Z',
  born: at('2021-03-01T09:00:00Z'),
  writesPerSecond: 3.1,
  nodes: [1, 2, 3, 4].map((n) => ({ name: `ber-node-0${n}`, address: `10.12.0.${10 + n}` })),
  namespaces: {
    crawler: 'supply',
    default: undefined,
    'ingress-nginx': 'platform',
    'kube-system': undefined,
    'legacy-booking': 'booking',
    mail: 'crm',
    partners: undefined,
    reports: 'analytics',
  },
  apps,
  cronJobs,
  quotas: [{ namespace: 'crawler', name: 'crawler-quota', hard: { 'count/jobs.batch': '20', pods: '40' } }],
  events: [
    frozen('mail', 'mail-retry', '2026-11-15T20:31:07Z', '2026-11-23T07:57:17Z'),
    // Older ones died with the outage: the count began anew.
    frozen('partners', 'partner-stock-sync', '2026-11-15T20:31:07Z', '2026-11-23T07:56:37Z'),
  ],
}
