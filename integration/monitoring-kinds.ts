// The Prometheus operator's two kinds, as far as the chart uses them, as JSON Schemas that refuse all else: a field that the
// operator does not have shows. Names and forms are those of its API reference, version v1. The lab's API server can not be
// asked: a 1.20 built with a newer Go dies of the first custom resource (reflect2 1.0.1 walks maps of an older Go).

const text = { type: 'string' }
const texts = { type: 'object', additionalProperties: text }
const duration = { type: 'string', pattern: '^(0|(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$' }

const object = (properties: object, ...required: readonly string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})
const list = (items: object) => ({ type: 'array', minItems: 1, items })

const podMonitor = object(
  {
    jobLabel: text,
    selector: object({ matchLabels: texts }, 'matchLabels'),
    podMetricsEndpoints: list(
      object({
        port: text,
        interval: duration,
        honorLabels: { type: 'boolean' },
        relabelings: list(object({ sourceLabels: list(text), targetLabel: text })),
      }),
    ),
  },
  'selector',
  'podMetricsEndpoints',
)

const rule = object({ alert: text, expr: text, for: duration, labels: texts, annotations: texts }, 'alert', 'expr')
const prometheusRule = object({ groups: list(object({ name: text, rules: list(rule) }, 'name', 'rules')) }, 'groups')

/** By kind: of the spec. */
export const monitoringSpecs = { PodMonitor: podMonitor, PrometheusRule: prometheusRule } as const
