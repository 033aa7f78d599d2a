import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import type { Deployment } from 'kubernetes-types/apps/v1.js'
import type { ClusterRole } from 'kubernetes-types/rbac/v1.js'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { alertSources } from '../scripts/chart.ts'
import { dashboardExpressions } from '../scripts/prometheus.ts'
import { program } from '../src/commands/program.ts'
import {
  chart,
  containerOf,
  controllerOf,
  daemonSetOf,
  everything,
  helm,
  helmOrSkip,
  type Manifest,
  promtool,
  promtoolOrSkip,
  promtoolTest,
  template,
} from './chart-tools.ts'
import { monitoringSpecs } from './monitoring-kinds.ts'
import { testIo } from './test-io.ts'

const noHelm = helmOrSkip()

const deploymentArgs = (objects: readonly Manifest[], name: string): readonly string[] => {
  const found = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name)
  return (found as Deployment | undefined)?.spec?.template.spec?.containers[0]?.args ?? []
}

describe.skipIf(promtoolOrSkip())('for Prometheus', () => {
  it.each(alertSources)('$rules: each alert fires when it should, and only then', ({ rules }) => {
    const { status, out } = promtoolTest(rules.replace('.yaml', '.test.yaml'))
    expect(status, out).toBe(0)
    expect(out).toContain('SUCCESS')
  })

  it.skipIf(noHelm)('the rules that the chart makes are rules', () => {
    const rule = template(everything).find(({ kind }) => kind === 'PrometheusRule')
    const { status, out } = promtool(['check', 'rules', '--lint-fatal'], stringify(rule?.spec))
    expect(status, out).toBe(0)
    expect(out).toMatch(/SUCCESS: \d\d rules found/)
  })

  it('each expression of the dashboard can be parsed', () => {
    const dashboard = readFileSync(join(chart, 'files/dashboard.json'), 'utf8')
    const rules = dashboardExpressions(dashboard).map((expr, place) => ({
      record: `panel:${place}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }))
    const { status, out } = promtool(['check', 'rules'], stringify({ groups: [{ name: 'dashboard', rules }] }))
    expect(status, out).toBe(0)
    expect(out).toContain(`SUCCESS: ${rules.length} rules found`)
  })
})

describe.skipIf(noHelm)('Helm', () => {
  it.each([
    ['by default', {}],
    ['with everything on', everything],
  ])('lints it %s', (_, values) => {
    const { status, out } = helm(['lint', '--strict', chart], values)
    expect(status, out).toBe(0)
  })

  it.each([
    [{ actor: { mode: 'advise' } }, 'actor.mode'],
    [{ actor: { mdoe: 'act' } }, 'mdoe'],
    [{ policy: { hazards: { 'stuck-container': { mode: 'on' } } } }, 'policy.hazards.stuck-container.mode'],
    [{ policy: { hazards: { 'stuck-contaner': { mode: 'act' } } } }, 'policy.hazards'],
    [{ image: { digest: 'latest' } }, 'image.digest'],
    [{ agent: { probe: { targets: ['db.example.com'] } } }, 'agent.probe.targets.0'],
    [{ agent: { probe: { perSecond: 100 } } }, 'agent.probe.perSecond'],
    [{ alerts: { runbookBase: 'https://git.example' } }, 'alerts.runbookBase'],
  ])('refuses %j', (values, named) => {
    expect(() => template(values)).toThrow(named)
  })

  it.each(['1.20.2', '1.29.0', '1.30.0', '1.36.0'])('uses for %s only what it has', (version) => {
    const objects = template(everything, version)
    const policy = version === '1.20.2' ? 'policy/v1beta1' : 'policy/v1'
    expect(new Set(objects.map(({ apiVersion }) => apiVersion))).toEqual(
      new Set([
        ...['v1', 'apps/v1', 'rbac.authorization.k8s.io/v1', 'apiextensions.k8s.io/v1', 'networking.k8s.io/v1'],
        ...['admissionregistration.k8s.io/v1', 'cert-manager.io/v1', 'monitoring.coreos.com/v1', policy],
      ]),
    )
    const { template: pod } = daemonSetOf(objects).spec ?? {}
    const actor = containerOf(objects, 'actor')
    const isField = Number(version.split('.')[1]) >= 30
    expect(Object.hasOwn(actor.securityContext ?? {}, 'appArmorProfile')).toBe(isField)
    expect(JSON.stringify(pod?.metadata?.annotations).includes('apparmor')).toBe(!isField)
  })

  it('passes only options that the commands have', () => {
    const { commands } = program(testIo(), () => {})
    const webhook = commands.find((one) => one.name() === 'webhook')
    const options = (webhook?.options ?? []).map(({ long }) => long)
    for (const arg of deploymentArgs(template(everything), 'roadcrew-webhook').slice(1)) {
      expect(options).toContain(arg.split('=')[0])
    }
    for (const name of ['agent', 'actor']) {
      const command = commands.find((one) => one.name() === name)
      const known = (command?.options ?? []).map(({ long }) => long)
      const [first, ...passed] = containerOf(template(everything), name).args ?? []
      expect(first).toBe(name)
      expect(passed.length).toBeGreaterThan(4)
      expect(passed.map((arg) => arg.split('=')[0]).filter((flag) => !known.includes(flag))).toEqual([])
    }
    const known = commands.find((one) => one.name() === 'controller')?.options.map(({ long }) => long)
    const [first, ...passed] = controllerOf(template(everything))?.spec?.template.spec?.containers[0]?.args ?? []
    expect(first).toBe('controller')
    expect(passed).toEqual(expect.arrayContaining(['--mode=act', '--time-zone=Europe/Berlin', '--zoned-cron-jobs']))
    expect(passed.map((arg) => arg.split('=')[0]).filter((flag) => !known?.includes(flag))).toEqual([])
  })

  it('makes two controllers without any privilege, apart from each other and never both away', () => {
    const objects = template({})
    const controller = controllerOf(objects)
    expect(controller?.spec?.replicas).toBe(2)
    const pod = controller?.spec?.template
    expect(pod?.spec).toMatchObject({
      securityContext: { runAsNonRoot: true },
      serviceAccountName: 'roadcrew-controller',
    })
    expect([pod?.spec?.hostPID, pod?.spec?.hostNetwork, pod?.spec?.volumes]).toEqual([undefined, undefined, undefined])
    expect(pod?.spec?.containers.map(({ securityContext }) => securityContext)).toEqual([
      { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    ])
    const labels = pod?.metadata?.labels ?? {}
    expect(labels).toMatchObject(controller?.spec?.selector.matchLabels ?? { none: 'there' })
    const [apart] = pod?.spec?.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    expect(labels).toMatchObject(apart?.podAffinityTerm.labelSelector?.matchLabels ?? { none: 'there' })
    const budget = objects.find(({ kind }) => kind === 'PodDisruptionBudget')
    expect(budget?.spec).toMatchObject({ maxUnavailable: 1, selector: controller?.spec?.selector })
    // The DaemonSet must not take them for its own.
    expect(labels).not.toMatchObject(daemonSetOf(objects).spec?.selector.matchLabels ?? {})
  })

  it.each([
    ['', true],
    ['act', true],
    ['advise', false],
    ['observe', false],
  ])('lets controllers of mode "%s" change a status and delete: %s', (mode, may) => {
    const role = template({ controller: { mode } }).find(
      ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'roadcrew-controller',
    )
    expect(JSON.stringify(role).includes('cronjobs/status')).toBe(may)
    expect(JSON.stringify(role).includes('"delete"')).toBe(may)
  })

  it.each([true, false])(
    'has ZonedCronJobs, and the right to make Jobs, only where they are wanted: %s',
    (zonedCronJobs) => {
      const objects = template({ controller: { zonedCronJobs } })
      const crds = objects
        .filter(({ kind }) => kind === 'CustomResourceDefinition')
        .map(({ metadata }) => metadata.name)
      expect(crds).toEqual(zonedCronJobs ? ['zonedcronjobs.roadcrew.dev'] : [])
      const role = objects.find(
        ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'roadcrew-controller',
      )
      expect(JSON.stringify(role).includes('zonedcronjobs')).toBe(zonedCronJobs)
      expect(makesJobs(role)).toBe(zonedCronJobs)
      expect(controllerOf(objects)?.spec?.template.spec?.containers[0]?.args?.includes('--zoned-cron-jobs')).toBe(
        zonedCronJobs,
      )
    },
  )

  it('judges Pods as they are made only where that is wanted, with a certificate that somebody vouches for', () => {
    const isWebhook = ({ metadata }: Manifest) => metadata.name.includes('webhook')
    expect(template({}).filter(isWebhook)).toEqual([])
    expect(() => template({ webhook: { enabled: true, secretName: 'tls' } })).toThrow('say who signed it')
    const own = template({ webhook: { enabled: true, caBundle: 'Q0E=' } })
    expect(own.filter(({ kind }) => kind === 'Certificate')).toEqual([])
    const configuration = (objects: readonly Manifest[]) =>
      objects.find(({ kind }) => kind === 'MutatingWebhookConfiguration') as unknown as {
        metadata: { annotations?: Record<string, string> }
        webhooks: { clientConfig: { caBundle?: string }; failurePolicy: string; namespaceSelector: object }[]
      }
    expect(configuration(own).webhooks[0]).toMatchObject({
      clientConfig: { caBundle: 'Q0E=', service: { name: 'roadcrew-webhook', namespace: 'roadcrew', path: '/review' } },
      ...{ failurePolicy: 'Ignore', timeoutSeconds: 2, reinvocationPolicy: 'IfNeeded', sideEffects: 'None' },
      namespaceSelector: { matchLabels: { 'roadcrew.dev/admission': 'enabled' } },
    })
    const managed = configuration(
      template({ webhook: { enabled: true, certManager: { issuer: { name: 'internal' } } } }),
    )
    expect(managed.metadata.annotations).toEqual({ 'cert-manager.io/inject-ca-from': 'roadcrew/roadcrew-webhook' })
    expect(deploymentArgs(own, 'roadcrew-webhook')).toContain('--listen=:9844')
  })

  it('lets the webhook make its certificate where nobody else does, and gives it the rights for that only then', () => {
    const made = (webhook: object) => {
      const objects = template({ webhook: { enabled: true, ...webhook } })
      const configuration = objects.find(({ kind }) => kind === 'MutatingWebhookConfiguration')
      const rights = objects.filter(({ kind, metadata }) => /Role$/.test(kind) && metadata.name === 'roadcrew-webhook')
      const args = deploymentArgs(objects, 'roadcrew-webhook')
      const mounts = JSON.stringify(
        objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'roadcrew-webhook'),
      )
      return {
        isOwn:
          args.includes('--own-certificate=roadcrew-webhook-certificate') &&
          args.includes(`--configuration=${configuration?.metadata.name}`),
        writes: /mutatingwebhookconfigurations/.test(JSON.stringify(rights)) && /secrets/.test(JSON.stringify(rights)),
        isMounted: mounts.includes('/certificate/tls.crt') && mounts.includes('"mountPath":"/certificate"'),
        hasBundle: JSON.stringify(configuration).includes('caBundle'),
      }
    }
    expect(made({})).toEqual({ isOwn: true, writes: true, isMounted: false, hasBundle: false })
    const byOthers = { isOwn: false, writes: false, isMounted: true }
    expect(made({ caBundle: 'Q0E=' })).toEqual({ ...byOthers, hasBundle: true })
    expect(made({ certManager: { issuer: { name: 'internal' } } })).toEqual({ ...byOthers, hasBundle: false })
  })

  it('lets reviews in where networks are closed, from whom it is told, or leaves that to others', () => {
    const policy = (networkPolicy: object) =>
      template({ webhook: { enabled: true, networkPolicy } }).find(({ kind }) => kind === 'NetworkPolicy')?.spec as
        | { ingress: { from?: object[]; ports: { port: string }[] }[] }
        | undefined
    const from = [{ ipBlock: { cidr: '192.0.2.0/24' } }]
    expect(policy({})?.ingress.map((one) => [one.ports[0]?.port, one.from])).toEqual([
      ['review', undefined],
      ['metrics', undefined],
    ])
    expect(policy({ from })?.ingress[0]?.from).toEqual(from)
    expect(policy({ enabled: false })).toBeUndefined()
  })

  it.each([true, false])('may write CronJobs only where that is wanted: %s', (nativeCronJobs) => {
    const role = template({ controller: { zonedCronJobs: true, nativeCronJobs } }).find(
      ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'roadcrew-controller',
    ) as { rules: { resources: string[]; verbs: string[] }[] } | undefined
    const writes = role?.rules.filter(({ resources }) => resources.includes('cronjobs')).flatMap(({ verbs }) => verbs)
    expect(writes?.includes('create')).toBe(nativeCronJobs)
    expect(writes?.includes('patch')).toBe(nativeCronJobs)
  })

  it('may make up for missed runs only where that is wanted, and where it may act at all', () => {
    const mayMake = (controller: object) =>
      makesJobs(
        template({ controller }).find(
          ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'roadcrew-controller',
        ),
      )
    expect([{}, { catchUp: true }, { catchUp: true, mode: 'advise' }].map(mayMake)).toEqual([false, true, false])
  })

  it('makes nothing of the controller where it is not wanted', () => {
    const objects = template({ ...everything, controller: { enabled: false } })
    expect(objects.filter(({ metadata }) => /controller|zoned/.test(metadata.name))).toEqual([])
  })

  it('gives the detector privileges only where it looks at the network', () => {
    const detector = (values: object) => containerOf(template(values), 'agent')
    const [usual, root] = [detector({}), detector({ agent: { network: true } })]
    expect(usual.args).not.toContain('--network')
    expect(usual.securityContext).toMatchObject({ runAsNonRoot: true, capabilities: { drop: ['ALL'] } })
    expect(usual.securityContext?.capabilities).not.toHaveProperty('add')
    expect(root.args).toContain('--network')
    expect(root.securityContext).toMatchObject({
      runAsUser: 0,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW', 'SYS_PTRACE'] },
    })
    expect(root.volumeMounts?.map(({ mountPath }) => mountPath)).toContain('/run/xtables.lock')
  })

  it('probes what it is told to, and nothing by default', () => {
    const probing = (values: object) =>
      containerOf(template(values), 'agent').args?.filter((arg) => arg.startsWith('--probe'))
    expect(probing({})).toEqual([])
    expect(probing(everything)).toEqual([
      '--probe=db.example.com:5432',
      '--probe=[2001:db8::1]:443',
      '--probe-rate=0.5',
    ])
  })

  it('acts nowhere unless told to, twice', () => {
    const objects = template({})
    expect(containerOf(objects, 'actor').args).toContain('--mode=observe')
    expect(objects.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({
      metadata: { name: 'roadcrew-policy' },
      data: { 'policy.yaml': '{}\n' },
    })
    expect(objects.map(({ kind }) => kind)).not.toContain('PrometheusRule')
  })

  it('gives the detector no privilege, and the part with privileges no token and no port', () => {
    const agentAlone = { ...everything, agent: { ...everything.agent, network: false } }
    for (const values of [{}, agentAlone]) {
      const objects = template(values)
      const [agent, actor] = [containerOf(objects, 'agent'), containerOf(objects, 'actor')]
      expect(agent.securityContext).toEqual({
        runAsUser: 65532,
        runAsGroup: 65532,
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(actor.securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], add: ['KILL', 'SYS_PTRACE'] },
      })
      expect(actor.securityContext?.privileged).toBeUndefined()
      expect(hostPaths(objects, 'agent')).toEqual(['/sys/fs/cgroup read-only'])
      expect(hostPaths(objects, 'actor').filter((path) => !path.endsWith('read-only'))).toHaveLength(1)
      expect(actor.volumeMounts?.map(({ name }) => name)).not.toContain('token')
      expect(actor.ports).toBeUndefined()
      expect(daemonSetOf(objects).spec?.template.spec).toMatchObject({ automountServiceAccountToken: false })
    }
  })

  it('listens on loopback unless its metrics are wanted', () => {
    const [quiet, exposed] = [{}, { podMonitor: { enabled: true } }].map((values) =>
      containerOf(template(values), 'agent'),
    )
    expect(quiet?.args).toContain('--listen=127.0.0.1:9842')
    expect(quiet?.ports).toBeUndefined()
    expect(quiet?.livenessProbe?.httpGet).toEqual({ path: '/healthz', port: 9842, host: '127.0.0.1' })
    expect(exposed?.args).toContain('--listen=$(HOST_IP):9842')
    expect(exposed?.ports?.map(({ name }) => name)).toEqual(['metrics'])
    expect(exposed?.livenessProbe?.httpGet).toEqual({ path: '/healthz', port: 9842 })
  })

  it.each([
    ['/var/run/docker.sock', '--socket=/host/run/docker.sock', []],
    [
      '/var/snap/microk8s/common/run/containerd.sock',
      '--socket=/host/var/snap/microk8s/common/run/containerd.sock',
      ['/var/snap/microk8s/common/run read-only'],
    ],
  ])('reaches the socket %s', (socket, arg, folders) => {
    const objects = template({ actor: { socket } })
    expect(containerOf(objects, 'actor').args).toContain(arg)
    expect(hostPaths(objects, 'actor')).toEqual(expect.arrayContaining(['/run read-only', ...folders]))
    expect(hostPaths(objects, 'actor')).toHaveLength(4 + folders.length)
  })

  it.each(['PodMonitor', 'PrometheusRule'] as const)('makes a %s that the Prometheus operator has', (kind) => {
    const found = template(everything).find((one) => one.kind === kind)
    const valid = new Ajv({ allErrors: true }).compile(monitoringSpecs[kind])
    valid(found?.spec)
    expect(valid.errors).toBeNull()
    expect(found?.metadata).toMatchObject({ namespace: 'roadcrew', labels: { release: 'prometheus' } })
  })

  it('puts the base in front of each runbook', () => {
    const urls = JSON.stringify(template(everything)).match(/(?<="runbook_url":")[^"]+/g) ?? []
    expect(urls.length).toBeGreaterThan(10)
    expect(urls.filter((url) => !url.startsWith('https://git.example/roadcrew/'))).toEqual([])
  })
})

/** What of the node a container sees. */
function hostPaths(objects: readonly Manifest[], container: string): readonly string[] {
  const volumes = daemonSetOf(objects).spec?.template.spec?.volumes ?? []
  return (containerOf(objects, container).volumeMounts ?? []).flatMap(({ name, readOnly }) => {
    const path = volumes.find((volume) => volume.name === name)?.hostPath?.path
    return path === undefined ? [] : [`${path}${readOnly ? ' read-only' : ''}`]
  })
}

/** Whether a role lets Jobs be created. */
const makesJobs = (role: unknown): boolean =>
  ((role as ClusterRole | undefined)?.rules ?? []).some(
    ({ resources = [], verbs }) => resources.includes('jobs') && verbs.includes('create'),
  )
