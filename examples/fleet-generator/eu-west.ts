// eu-west: the main cluster, Kubernetes 1.34, delivered by Argo CD.
import { at, hour, minute } from './calendar.ts'
import { refusals } from './events.ts'
import { istioProxy } from './mesh.ts'
import { argo, type ClusterPlan, type CronJobPlan, daemonSet, deployment, helm, kubectl, statefulSet } from './plan.ts'
import { webBase } from './web-base.ts'

const website = webBase(helm)

const apps = [
  deployment('booking/booking-api', '7.31.0', 4, argo('booking'), {
    port: 8080,
    preStop: 10,
    host: 'booking.farewind.example',
    budget: { maxUnavailable: 1 },
  }),
  deployment('booking/booking-holds', '7.31.0', 2, argo('booking'), { port: 8080, preStop: 10 }),
  statefulSet('booking/booking-events', '3.8.0', 3, argo('booking'), { port: 9092, preStop: 30, grace: 120 }),
  deployment('content/destination-pages', '4.4.9', 3, argo('content'), { port: 3000, host: 'www.farewind.example' }),
  deployment('content/image-resizer', '2.0.3', 2, argo('content'), { port: 8080, team: 'media' }),
  deployment(
    'ingress-nginx/edge-nginx',
    'registry.farewind.example/mirror/ingress-nginx:v1.13.3',
    3,
    helm('edge', 'ingress-nginx-4.13.3'),
    {
      port: 80,
      preStop: 20,
      grace: 300,
      loadBalancer: true,
    },
  ),
  deployment('invoicing/invoice-api', '3.17.2', 2, argo('invoicing'), { port: 8080 }),
  deployment('invoicing/invoice-renderer', '3.17.2', 2, argo('invoicing'), { port: 8080 }),
  daemonSet(
    'monitoring/node-metrics',
    'registry.farewind.example/mirror/node-exporter:v1.9.1',
    0,
    helm('metrics', 'node-metrics-4.47.0'),
    { port: 9100 },
  ),
  statefulSet(
    'monitoring/metrics-store',
    'registry.farewind.example/mirror/prometheus:v3.5.0',
    2,
    helm('metrics', 'node-metrics-4.47.0'),
    {
      port: 9090,
      grace: 600,
    },
  ),
  daemonSet(
    'kube-system/node-log-shipper',
    'registry.farewind.example/platform/log-shipper:2.6.0',
    0,
    argo('platform'),
    { team: 'platform' },
  ),
  deployment('payment/payment-api', '12.8.1', 4, argo('payment'), {
    port: 8443,
    preStop: 15,
    grace: 60,
    host: 'pay.farewind.example',
    leaving: at('2026-11-23T07:56:00Z'),
  }),
  deployment('payment/payment-webhooks', '12.8.1', 2, argo('payment'), { port: 8443 }),
  deployment('payment/fraud-scoring', '1.62.0', 2, kubectl, { port: 8080, team: 'risk' }),
  deployment('search/search-api', '21.4.0', 4, argo('search'), {
    port: 8080,
    host: 'search.farewind.example',
    autoscaler: { min: 3, max: 12 },
  }),
  deployment('search/price-cache', '21.4.0', 2, argo('search'), { port: 6379, preStop: 5 }),
  website('booking/trip-planner-web', '1.14.0', 2, { host: 'trips.farewind.example' }),
  website('content/travel-guides', '2.6.1', 3, { host: 'guides.farewind.example' }),
  website('invoicing/expense-portal', '1.2.8', 2),
  website('payment/gift-cards-web', '3.0.5', 2, { host: 'gifts.farewind.example' }),
  website('search/deals-web', '5.11.2', 3),
  // Copied from a database's manifest that somebody wanted to go at once: the hook gets no time, and the Service is none
  // that a StatefulSet's should be.
  statefulSet('search/geo-store', '1.8.3', 3, kubectl, {
    port: 8080,
    preStop: 10,
    preStopBy: 'shell',
    grace: 0,
    virtual: true,
  }),
  // In the mesh: its sidecar stops at once, while the app still waits.
  deployment('loyalty/points-api', '4.9.0', 3, argo('loyalty'), {
    port: 8080,
    preStop: 15,
    grace: 60,
    injected: istioProxy,
  }),
  // Its budget lets no node be drained: there is but one Pod, and it may never go.
  deployment('invoicing/tax-rates', '1.5.4', 1, argo('invoicing'), {
    port: 8080,
    preStop: 10,
    budget: { minAvailable: 1 },
  }),
]

// The last reconciliation waits for a bank's server that never answers, and nothing limits it.
const reconcile: CronJobPlan = {
  namespace: 'payment',
  name: 'payment-reconcile',
  image: '12.8.1',
  command: ['/app/reconcile', '--bank=all'],
  schedule: '0 * * * *',
  created: '2025-02-11T14:05:33Z',
  seconds: 240,
  concurrency: 'Forbid',
  delivery: argo('payment'),
  runs: [
    { scheduled: at('2026-11-20T05:00:00Z') },
    { scheduled: at('2026-11-20T06:00:00Z') },
    { scheduled: at('2026-11-20T07:00:00Z') },
    { scheduled: at('2026-11-20T08:00:00Z'), result: 'running' },
  ],
}

// Since Sunday night's run of invoice-archive failed, that CronJob's finished Jobs fill the quota, and no Job of
// invoice-dispatch, which keeps none of its own, gets in any more.
const dispatch: CronJobPlan = {
  namespace: 'invoicing',
  name: 'invoice-dispatch',
  image: '3.17.2',
  command: ['/app/dispatch', '--batch=500'],
  schedule: '*/15 * * * *',
  created: '2025-03-19T11:42:07Z',
  seconds: 75,
  successes: 0,
  failures: 0,
  delivery: argo('invoicing'),
  stoppedAt: '2026-11-22T21:15:00Z',
}

const archive: CronJobPlan = {
  namespace: 'invoicing',
  name: 'invoice-archive',
  image: '3.17.2',
  command: ['/app/archive', '--to=s3://farewind-invoices'],
  schedule: '20 21 * * *',
  created: '2025-03-19T11:42:09Z',
  seconds: 540,
  backoffLimit: 2,
  successes: 5,
  delivery: argo('invoicing'),
  runs: [
    ...[17, 18, 19, 20, 21].map((date) => ({ scheduled: at(`2026-11-${date}T21:20:00Z`) })),
    { scheduled: at('2026-11-22T21:20:00Z'), result: 'failed' as const },
  ],
}

const cronJobs: readonly CronJobPlan[] = [
  reconcile,
  dispatch,
  archive,
  // Suspended on 18 November after its run of 05:14, resumed a day later: 150 runs missed, and healthy since.
  {
    namespace: 'search',
    name: 'price-cache-warm',
    image: '21.4.0',
    command: ['/app/warm', '--routes=top500'],
    schedule: '4-59/10 * * * *',
    created: '2025-02-04T09:12:50Z',
    seconds: 140,
    concurrency: 'Replace',
    delivery: argo('search'),
  },
  {
    namespace: 'booking',
    name: 'hold-release',
    image: '7.31.0',
    command: ['/app/release-holds'],
    schedule: '3-59/15 * * * *',
    created: '2025-02-04T10:00:21Z',
    seconds: 18,
    concurrency: 'Forbid',
    deadline: 300,
    delivery: argo('booking'),
  },
  {
    namespace: 'content',
    name: 'sitemap-build',
    image: '4.4.9',
    command: ['/app/sitemap', '--hosts=all'],
    schedule: '35 */6 * * *',
    created: '2025-04-02T12:30:00Z',
    seconds: 380,
    delivery: argo('content'),
  },
]

const quotaMessage = (job: string): string =>
  `Error creating job: jobs.batch "${job}" is forbidden: exceeded quota: job-quota, requested: count/jobs.batch=1, used: count/jobs.batch=6, limited: count/jobs.batch=6`

/** The plan of eu-west. */
export const euWest: ClusterPlan = {
  name: 'eu-west',
  minor: 34,
  gitVersion: 'v1.34.3',
  goVersion: 'go1.24.11',
  buildDate: '2025-12-09T14:59:13Z',
  born: at('2025-02-03T08:00:00Z'),
  writesPerSecond: 7.4,
  nodes: ['10.40.12.31', '10.40.12.77', '10.40.29.104', '10.40.44.8'].map((address) => ({
    name: `ip-${address.replaceAll('.', '-')}.eu-west-1.compute.internal`,
    address,
  })),
  namespaces: {
    booking: 'booking',
    content: 'content',
    default: undefined,
    'ingress-nginx': 'platform',
    invoicing: 'finance',
    'kube-system': undefined,
    loyalty: 'loyalty',
    monitoring: 'platform',
    payment: 'payments',
    search: 'search',
  },
  apps,
  cronJobs,
  quotas: [
    { namespace: 'invoicing', name: 'job-quota', hard: { 'count/jobs.batch': '6' } },
    { namespace: 'search', name: 'search-quota', hard: { 'count/jobs.batch': '10', pods: '30' } },
  ],
  events: [
    ...refusals(dispatch, at('2026-11-22T21:30:00Z'), 15 * minute, quotaMessage),
    {
      namespace: reconcile.namespace,
      kind: 'CronJob',
      name: reconcile.name,
      type: 'Normal',
      reason: 'JobAlreadyActive',
      message: 'Not starting job because prior execution is running and concurrency policy is Forbid',
      count: (at('2026-11-23T07:00:00Z') - at('2026-11-20T09:00:00Z')) / hour + 1,
      first: at('2026-11-20T09:00:00Z'),
      last: at('2026-11-23T07:00:00Z'),
      component: 'cronjob-controller',
    },
    {
      namespace: 'search',
      kind: 'CronJob',
      name: 'price-cache-warm',
      type: 'Warning',
      reason: 'TooManyMissedTimes',
      message: 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
      count: 1,
      first: at('2026-11-19T06:15:12Z'),
      last: at('2026-11-19T06:15:12Z'),
      component: 'cronjob-controller',
    },
  ],
}
