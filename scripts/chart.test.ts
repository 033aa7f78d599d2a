// What can be told of the chart without Helm and Prometheus; integration/chart.test.ts asks those.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ActingMetrics } from '../src/acting/acting-metrics.ts'
import { AdmissionMetrics } from '../src/admission/admission-metrics.ts'
import { AgentMetrics } from '../src/agent/metrics.ts'
import { guardedHazards } from '../src/controller/guarded.ts'
import { ControllerMetrics } from '../src/controller/metrics.ts'
import { ZonedMetrics } from '../src/controller/zoned-metrics.ts'
import { policyOf } from '../src/engine/policy-document.ts'
import { hazards } from '../src/hazards/index.ts'
import { cronJobs } from '../src/objects/kinds.ts'
import { alertSources } from './chart.ts'
import { dashboardExpressions, metricsIn } from './prometheus.ts'

const root = join(import.meta.dirname, '..')
const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const yaml = (path: string) => parse(text(path))

/** Of Prometheus itself, the kubelet and kube-state-metrics. */
const foreign = ['up', 'kubelet_pleg_last_seen_seconds', 'kube_node_status_condition']

async function exported(): Promise<readonly string[]> {
  const { registry } = new AgentMetrics(hazards)
  new ActingMetrics(registry)
  const nothing = { informers: () => [], depth: () => 0, leads: () => false }
  const controller = new ControllerMetrics(guardedHazards(hazards, cronJobs), nothing)
  new ZonedMetrics(controller.registry, { planned: () => 0, overdue: () => 0 })
  const registries = [registry, controller.registry, new AdmissionMetrics(() => 1).registry]
  const metrics = (await Promise.all(registries.map((one) => one.getMetricsAsJSON()))).flat()
  return metrics.flatMap(({ name, type }) =>
    String(type) === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
  )
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
}

const rulesOf = (path: string): readonly Rule[] =>
  yaml(path).groups.flatMap(({ rules }: { rules: readonly Rule[] }) => rules)

describe.each(alertSources)('$rules', ({ rules, runbook }) => {
  it('asks only for metrics that exist', async () => {
    const names = new Set([...(await exported()), ...foreign])
    for (const { alert, expr } of rulesOf(rules)) {
      const asked = metricsIn(expr)
      expect(asked, alert).not.toEqual([])
      expect(
        asked.filter((name) => !names.has(name)),
        alert,
      ).toEqual([])
    }
  })

  it('has for each alert a test in which it fires, one in which it does not, and a place in its runbook', () => {
    const [page = '', anchor] = runbook.split('#')
    if (anchor) expect(text(page).toLowerCase()).toContain(`## ${anchor.replaceAll('-', ' ')}`)
    const { tests } = yaml(rules.replace('.yaml', '.test.yaml'))
    const expected = tests.flatMap(({ alert_rule_test }: { alert_rule_test: readonly object[] }) => alert_rule_test)
    for (const { alert, labels } of rulesOf(rules)) {
      const own = expected.filter(({ alertname }: { alertname: string }) => alertname === alert)
      const fires = own.map(({ exp_alerts }: { exp_alerts: readonly object[] }) => exp_alerts.length > 0)
      expect(new Set(fires), alert).toEqual(new Set([true, false]))
      expect(text(page), alert).toContain(alert)
      expect(['info', 'warning', 'critical'], alert).toContain(labels.severity)
    }
  })
})

it('no two alerts have one name', () => {
  const names = alertSources.flatMap(({ rules }) => rulesOf(rules)).map(({ alert }) => alert)
  expect(names).toEqual([...new Set(names)])
})

it('the dashboard asks only for metrics that exist, and shows each of agent, controller and webhook', async () => {
  const names = await exported()
  const asked = new Set(dashboardExpressions(text('charts/roadcrew/files/dashboard.json')).flatMap(metricsIn))
  expect([...asked].filter((name) => !names.includes(name))).toEqual([])
  const own = names.filter((name) => name.startsWith('roadcrew_') && !name.endsWith('_sum'))
  expect(own.filter((name) => !asked.has(name))).toEqual([])
})

describe('values', () => {
  it('each stands in the schema, and the other way round', () => {
    const { properties } = JSON.parse(text('charts/roadcrew/values.schema.json'))
    const values = yaml('charts/roadcrew/values.yaml')
    const known = Object.keys(properties).filter((name) => name !== 'global')
    expect(known.toSorted()).toEqual(Object.keys(values).toSorted())
    for (const [name, value] of Object.entries<object>(values)) {
      const inner = properties[name].properties
      if (name === 'policy' || !inner) continue
      expect(Object.keys(inner).toSorted(), name).toEqual(Object.keys(value).toSorted())
    }
  })

  it('each is explained', () => {
    const rows = text('charts/roadcrew/README.md')
      .split('\n')
      .filter((line) => /^\| `[a-z]/.test(line))
    expect(rows.length).toBeGreaterThan(20)
    expect(rows.filter((row) => /\|\s*\|$/.test(row))).toEqual([])
  })
})

it('the policies that its README advises are policies', () => {
  const blocks = [...text('charts/roadcrew/README.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, block = '']) => block,
  )
  const policies = blocks.map((block) => parse(block).policy)
  expect(policies.length).toBeGreaterThan(1)
  for (const policy of policies) expect(policyOf(policy, hazards)).toHaveProperty('policy')
})

it('the chart is of this version', () => {
  expect(yaml('charts/roadcrew/Chart.yaml')).toMatchObject({ appVersion: JSON.parse(text('package.json')).version })
})

it('every runbook exists', () => {
  const paths = alertSources.map(({ runbook }) => runbook.split('#')[0] ?? '')
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

describe('metricsIn', () => {
  it.each([
    ['up{job="roadcrew"} == 0', ['up']],
    ['sum by (node, rail) (increase(a_total{outcome="held"}[15m])) > 0 and on (node) b == 1', ['a_total', 'b']],
    ['histogram_quantile(0.99, sum by (le) (rate(c_bucket{node=~"$node"}[$__rate_interval])))', ['c_bucket']],
    ['time() - max(d) > 1h or vector(0)', ['d']],
    ['e / on (node) group_left (x, y) f offset 5m', ['e', 'f']],
    ['count without (pod) (g) > bool 2 unless h', ['g', 'h']],
  ])('%s', (expression, names) => expect(metricsIn(expression)).toEqual(names))
})
