// The wait and the time for it as a rule for policy engines. They see a Pod and neither Services nor routes, so that it holds back where
// the webhook would have to look further. Only what is standard in CEL is used, and nothing of Kubernetes's libraries.
import type { PodRule } from '../../contract/hazard.ts'
import { sleepSince } from '../../objects/pre-stop.ts'
import { drainsItself, waitsItself } from './drains.ts'
import { defaultGrace } from './judging.ts'
import type { Settings } from './settings.ts'

/** CEL's own macros give no positions, which a JSON patch needs, so that they are listed. */
const mostContainers = 16
const places = Array.from({ length: mostContainers }, (_, place) => place).join(', ')

const containers = 'object.spec.containers'
const initContainers = 'object.spec.initContainers'
const grace = 'object.spec.terminationGracePeriodSeconds'
const one = `${containers}[i]`

const noGraceSet = `!has(${grace}) || ${grace} == null`
const noHook = (list: string): string => `${list}.all(c, !has(c.lifecycle) || !has(c.lifecycle.preStop))`

/** Words in names of variables and flags by which an application waits or drains by itself. RE2 reads them as JavaScript does. */
const tellsItself = `(?i)${waitsItself.source}|${drainsItself.source}`
const silent = (list: 'command' | 'args'): string =>
  `(!has(c.${list}) || c.${list}.all(a, !a.matches(r'${tellsItself}')))`

const conditions: PodRule['conditions'] = [
  {
    name: 'runs-on-and-on',
    leaves: 'Pods that end by themselves (restartPolicy OnFailure or Never), as those of Jobs',
    expression: `!has(object.spec.restartPolicy) || object.spec.restartPolicy == 'Always'`,
  },
  {
    name: 'has-no-hook',
    leaves: 'Pods of which any container has a preStop hook, whatever it does',
    expression: `${noHook(containers)} &&\n(!has(${initContainers}) || ${noHook(initContainers)})`,
  },
  {
    name: 'has-grace',
    leaves: 'Pods with a grace period of 0, in which no hook runs',
    expression: `${noGraceSet} || ${grace} > 0`,
  },
  {
    name: 'has-countable-containers',
    leaves: `Pods of more than ${mostContainers} containers`,
    expression: `size(${containers}) > 0 && size(${containers}) <= ${mostContainers}`,
  },
  {
    name: 'says-nothing-of-its-end',
    leaves:
      'Pods whose variables or flags tell that the application waits or drains by itself: how long has to be read by who knows it',
    expression: [
      `${containers}.all(c,`,
      `  (!has(c.env) || c.env.all(e, !e.name.matches(r'${tellsItself}'))) &&`,
      `  ${silent('command')} &&`,
      `  ${silent('args')})`,
    ].join('\n'),
  },
]

/**
 * A preStop sleep for the containers that declare ports (else the first one), and the grace period that holds it. Without a load balancer:
 * whether there is one stands in annotations of Services.
 */
export function podRule({ waitSeconds, drainSeconds }: Settings): PodRule {
  const needed = waitSeconds + drainSeconds
  const sleep = `{"sleep": {"seconds": ${waitSeconds}}}`
  return {
    since: sleepSince,
    gives: `a preStop sleep of ${waitSeconds} s for the containers that declare ports (the first one where none does), and a grace period of at least ${needed} s`,
    conditions,
    patch: `[${places}].filter(i, i < size(${containers}) && (
  ${containers}.exists(c, has(c.ports) && size(c.ports) > 0)
    ? has(${one}.ports) && size(${one}.ports) > 0
    : i == 0
)).map(i, has(${one}.lifecycle)
  ? JSONPatch{op: "add", path: "/spec/containers/" + string(i) + "/lifecycle/preStop", value: ${sleep}}
  : JSONPatch{op: "add", path: "/spec/containers/" + string(i) + "/lifecycle", value: {"preStop": ${sleep}}}
) +
[${needed}].filter(n, (${noGraceSet} ? ${defaultGrace} : ${grace}) < n).map(n,
  JSONPatch{op: "add", path: "/spec/terminationGracePeriodSeconds", value: n})`,
    blind: [
      'Which Pods a Service selects: all Pods of the namespaces that are opted in get it, also those to which nobody sends',
      'Which ports a Service sends to: every container that declares one waits',
      `Load balancers that send straight to Pods, or drain connections: they may need more than ${waitSeconds} s, and a longer grace period`,
    ],
  }
}
