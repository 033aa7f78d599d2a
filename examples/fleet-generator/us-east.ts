// us-east: the newest cluster, Kubernetes 1.36, delivered by Flux.
import { at } from './calendar.ts'
import {
  type ClusterPlan,
  type CronJobPlan,
  daemonSet,
  deployment,
  flux,
  fluxHelm,
  kubectl,
  statefulSet,
} from './plan.ts'
import { webBase } from './web-base.ts'

const website = webBase(fluxHelm)

const apps = [
  deployment('booking/booking-api', '7.31.0', 3, flux('booking'), {
    port: 8080,
    preStop: 10,
    host: 'booking.us.farewind.example',
  }),
  deployment('booking/booking-holds', '7.30.2', 2, flux('booking'), { port: 8080 }),
  deployment('data/event-collector', '0.93.0', 3, flux('data'), { port: 8080, host: 'collect.us.farewind.example' }),
  statefulSet('data/event-store', '24.8.2', 3, fluxHelm('event-store', 'column-store-0.24.1'), {
    port: 9000,
    grace: 300,
  }),
  deployment(
    'ingress-nginx/edge-nginx',
    'registry.farewind.example/mirror/ingress-nginx:v1.13.3',
    2,
    fluxHelm('edge', 'ingress-nginx-4.13.3'),
    {
      port: 80,
      preStop: 20,
      grace: 300,
      loadBalancer: true,
    },
  ),
  daemonSet('kube-system/node-dns-cache', 'registry.farewind.example/mirror/node-cache:1.26.4', 0, flux('platform'), {
    team: 'platform',
  }),
  daemonSet(
    'kube-system/node-log-shipper',
    'registry.farewind.example/platform/log-shipper:2.6.0',
    0,
    flux('platform'),
    { team: 'platform' },
  ),
  deployment('mail/mail-relay', '3.2.0', 2, fluxHelm('mail', 'mail-3.1.0'), { port: 2525, preStop: 15 }),
  deployment('mail/newsletter-editor', '3.2.0', 2, fluxHelm('mail', 'mail-3.1.0'), { port: 8080 }),
  deployment('search/search-api', '21.4.0', 3, flux('search'), { port: 8080, host: 'search.us.farewind.example' }),
  statefulSet('search/search-index', '8.17.4', 3, flux('search'), { port: 9200, preStop: 45, grace: 180 }),
  deployment('search/suggest', '1.12.6', 2, kubectl, { port: 8080 }),
  website('booking/trip-planner-web', '1.14.0', 3, { host: 'trips.us.farewind.example' }),
  website('data/partner-dashboard', '0.21.7', 2, { team: 'partner-integrations' }),
  website('mail/preference-center', '1.9.3', 2, { host: 'preferences.us.farewind.example' }),
  website('search/deals-web', '5.11.2', 2),
  // The image has no program `sleep`, so the hook fails at once.
  deployment('booking/fare-quotes', 'gcr.io/distroless/java17-debian12:nonroot', 3, flux('booking'), {
    port: 8080,
    preStop: 10,
    preStopBy: 'program',
    restarts: { count: 4, first: at('2026-11-23T07:09:31Z'), last: at('2026-11-23T07:48:52Z') },
  }),
  // Its autoscaler has just been made, and will soon have three of it.
  deployment('default/link-shortener', '0.6.1', 1, kubectl, {
    port: 8080,
    preStop: 10,
    autoscaler: { min: 3, max: 6, created: at('2026-11-23T07:59:51Z') },
  }),
]

const cronJobs: readonly CronJobPlan[] = [
  // 31 February never comes: the team's way to keep a Job at hand, run once by hand.
  {
    namespace: 'search',
    name: 'index-rebuild',
    image: '8.17.4',
    command: ['/app/rebuild-index', '--swap-when-done'],
    schedule: '0 3 31 2 *',
    created: '2026-06-10T13:20:44Z',
    seconds: 2900,
    delivery: flux('search'),
    annotations: { 'farewind.example/note': 'manual only: kubectl create job --from=cronjob/index-rebuild' },
    runs: [{ created: at('2026-11-04T15:12:26Z') }],
  },
  // On 18 November the clock of kube-controller-manager's machine stood in the next year for a few minutes.
  {
    namespace: 'data',
    name: 'currency-rates',
    image: '0.93.0',
    command: ['/app/rates', '--source=central-banks'],
    schedule: '0 * * * *',
    created: '2026-05-19T09:33:18Z',
    seconds: 22,
    delivery: flux('data'),
    runs: [
      { scheduled: at('2026-11-18T13:00:00Z') },
      { scheduled: at('2026-11-18T14:00:00Z') },
      { scheduled: at('2027-01-01T00:00:00Z'), created: at('2026-11-18T14:22:07Z') },
    ],
  },
  {
    namespace: 'booking',
    name: 'booking-expiry',
    image: '7.31.0',
    command: ['/app/expire-holds'],
    schedule: '1-59/5 * * * *',
    created: '2026-05-19T10:02:40Z',
    seconds: 21,
    concurrency: 'Forbid',
    deadline: 240,
    delivery: flux('booking'),
  },
  {
    namespace: 'mail',
    name: 'newsletter-send',
    image: '3.2.0',
    command: ['/app/newsletter', '--edition=daily'],
    schedule: '15 9 * * 1-5',
    timeZone: 'America/New_York',
    created: '2026-06-01T14:11:05Z',
    seconds: 1150,
    concurrency: 'Forbid',
    deadline: 3600,
    delivery: fluxHelm('mail', 'mail-3.1.0'),
  },
  {
    namespace: 'data',
    name: 'settlement-report',
    image: '0.93.0',
    command: ['/app/settle', '--day=yesterday'],
    schedule: '30 2 * * *',
    timeZone: 'America/New_York',
    created: '2026-06-01T14:40:00Z',
    seconds: 840,
    delivery: flux('data'),
    labels: { team: 'finance' },
  },
]

/** The plan of us-east. */
export const usEast: ClusterPlan = {
  name: 'us-east',
  minor: 36,
  gitVersion: 'v1.36.1',
  goVersion: 'go1.26.2',
  buildDate: '2026-05-13T11:02:46Z',
  born: at('2026-05-18T12:00:00Z'),
  writesPerSecond: 6.2,
  nodes: ['10.60.3.12', '10.60.18.90', '10.60.33.201'].map((address) => ({
    name: `ip-${address.replaceAll('.', '-')}.ec2.internal`,
    address,
  })),
  namespaces: {
    booking: 'booking',
    data: 'analytics',
    default: undefined,
    'ingress-nginx': 'platform',
    'kube-system': undefined,
    mail: 'crm',
    search: 'search',
  },
  apps,
  cronJobs,
  quotas: [{ namespace: 'data', name: 'data-quota', hard: { 'count/jobs.batch': '15', pods: '40' } }],
  events: [],
}
