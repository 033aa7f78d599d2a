// Containers that are not the application: proxies beside it, and ingress controllers.
import type { Container } from 'kubernetes-types/core/v1.js'
import type { Finding, Path, Subject } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import { ingressControllerOf } from '../../objects/ingress-controllers.ts'
import { graceSeen, type Judging, reachSeen } from './judging.ts'
import { advise, setGrace } from './remedy.ts'
import { earlyProxies } from './sidecars.ts'

/** How long the application goes on serving by its hooks (s). */
export const servedFor = ({ hooks }: Judging): number =>
  Math.max(0, ...hooks.map(({ wait, serves }) => (serves && wait.is === 'known' ? wait.seconds : 0)))

/** Proxies among `containers` (of the template, or of a Pod into which they were injected) that end before the application. */
export function sidecarStopsFirst(
  judging: Judging,
  containers: readonly Container[],
  at: { readonly subject: Subject; readonly path: Path; readonly annotations: Readonly<Record<string, string>> },
): Finding[] {
  const served = servedFor(judging)
  return earlyProxies(containers, at.annotations, served, judging.context.version).map(
    ({ container, place, title, fix, goneAfter }) => ({
      reason: 'sidecar-stops-first',
      state: 'exposed',
      severity: 'medium',
      fact: `${title} is gone ${goneAfter} s after the deletion, while the application goes on serving for ${served} s: requests fail in between`,
      evidence: [
        seen('sidecar', `${container.name}: ${goneAfter} s`, at.subject, ...at.path, 'containers', place),
        seen('application', `preStop ${served} s`, judging.item.subject, ...judging.template.path),
        ...reachSeen(judging),
      ],
      remedy: [advise(fix)],
    }),
  )
}

/** Ingress controllers that are killed before their connections have ended, and one whose project has. */
export function ingressController(judging: Judging): Finding[] {
  const { hooks, template, grace, item } = judging
  return hooks.flatMap(({ container, path, serves }): Finding[] => {
    const controller = serves ? ingressControllerOf(container.image, template.labels) : undefined
    if (!controller) return []
    const { title, drain, retired } = controller
    const image = seen('image', container.image ?? null, item.subject, ...path, 'image')
    const findings: Finding[] = []
    if (drain && grace > 0 && grace < drain.seconds) {
      findings.push({
        reason: 'controller-cut-off',
        state: 'exposed',
        severity: 'medium',
        guess: true,
        fact: `${title} lets connections end for up to ${drain.seconds} s (${drain.setting}, if it is at its default), but is killed after ${grace} s`,
        evidence: [graceSeen(judging), image, ...reachSeen(judging)],
        remedy: [setGrace(judging, drain.seconds + judging.context.settings.waitSeconds)],
      })
    }
    if (retired) {
      findings.push({
        reason: 'retired-controller',
        state: 'exposed',
        severity: 'medium',
        fact: `${title} has been retired since ${retired}: nobody fixes what it loses, nor its security holes`,
        evidence: [image, ...reachSeen(judging)],
        remedy: [advise('move to a maintained controller or to the Gateway API')],
      })
    }
    return findings
  })
}
