// What the hooks and the grace period say: does it go on serving until nobody sends to it any more?
import type { Finding } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import { ingressControllerOf } from '../../objects/ingress-controllers.ts'
import { sleepSince } from '../../objects/pre-stop.ts'
import { olderThan, versionText } from '../../objects/version.ts'
import { ownWait, targetsPods } from './drains.ts'
import { lacksShell } from './images.ts'
import { graceSeen, type Hook, type Judging, needsOf, reachSeen } from './judging.ts'
import { addWait, advise, setGrace } from './remedy.ts'

const hookSeen = ({ item }: Judging, { container, path }: Hook, text: string) =>
  container.lifecycle?.preStop
    ? seen('preStop', text, item.subject, ...path, 'lifecycle', 'preStop')
    : seen('preStop', text, item.subject, ...path, 'lifecycle')

const secondsOf = ({ wait }: Hook): number => (wait.is === 'known' ? wait.seconds : 0)

/** Grace 0: the object is gone at once, no hook runs (Kubernetes, pkg/registry/core/pod/strategy.go; kubectl delete --now). */
export function graceZero(judging: Judging): Finding[] {
  if (judging.grace > 0) return []
  const stateful = judging.item.subject.kind === 'StatefulSet'
  const { waitSeconds, drainSeconds } = judging.context.settings
  const needed = Math.max(...judging.hooks.map(secondsOf), waitSeconds) + drainSeconds
  return [
    {
      reason: 'grace-zero',
      state: 'exposed',
      certain: true,
      fact: `grace period 0 s: its Pods are gone at once, without preStop and SIGTERM${stateful ? ', and a second one with the same identity may start while the first still runs' : ''}`,
      evidence: [graceSeen(judging), ...reachSeen(judging)],
      remedy: [setGrace(judging, Math.max(30, needed))],
    },
  ]
}

/** The grace period runs from the deletion and holds the hook: what is left of it is the application's. */
export function waitExceedsGrace(judging: Judging): Finding[] {
  const { grace, hooks, context } = judging
  return hooks.flatMap((hook): Finding[] => {
    const { wait, container } = hook
    if (wait.is !== 'known' || wait.seconds < grace || wait.seconds === 0) return []
    const native = container.lifecycle?.preStop?.sleep !== undefined
    const refused = native && wait.seconds > grace && !olderThan(context.version, sleepSince)
    const needs = needsOf(judging, hook, wait.seconds)
    return [
      {
        reason: 'wait-exceeds-grace',
        state: 'exposed',
        certain: true,
        fact: `preStop ${wait.atLeast ? 'at least ' : ''}${wait.seconds} s ${wait.seconds > grace ? '>' : '≥'} grace ${grace} s: ${refused ? 'the API server refuses it' : 'the hook is cut off, and SIGKILL comes about 2 s after SIGTERM'}`,
        evidence: [
          hookSeen(judging, hook, `${wait.seconds} s in container ${container.name}`),
          graceSeen(judging),
          needs.evidence,
          ...reachSeen(judging),
        ],
        remedy: [setGrace(judging, needs.sum)],
      },
    ]
  })
}

/** exec needs a program in the image; where there is none the hook fails and SIGTERM comes at once. */
export function sleepWithoutShell(judging: Judging): Finding[] {
  return judging.hooks.flatMap((hook): Finding[] => {
    const { wait, container } = hook
    const because = lacksShell(container.image)
    if (wait.is !== 'known' || wait.needs === undefined || because === undefined) return []
    return [
      {
        reason: 'sleep-without-shell',
        state: 'exposed',
        certain: true,
        guess: true,
        fact: `preStop runs ${wait.needs}, but ${container.image} looks like ${because}: the hook fails and nothing waits`,
        evidence: [
          hookSeen(judging, hook, `${wait.needs}, ${wait.seconds} s`),
          seen('image', container.image ?? null, judging.item.subject, ...hook.path, 'image'),
          ...reachSeen(judging),
        ],
        remedy: [addWait(judging, [hook], Math.ceil(wait.seconds))],
      },
    ]
  })
}

/**
 * Up to 1.28 the API server does not know the handler and refuses a hook without one; 1.29 drops it without a word, unless
 * its feature gate is set (Kubernetes, pkg/api/pod/util.go, dropPodLifecycleSleepAction). The refusal was seen on 1.20.
 */
export function unknownSleep(judging: Judging): Finding[] {
  const { version } = judging.context
  return judging.hooks.flatMap((hook): Finding[] => {
    const { wait } = hook
    if (wait.is !== 'not-kept') return []
    const effect = olderThan(version, 29)
      ? 'refuses preStop.sleep: it does not know it'
      : 'drops preStop.sleep without a word: nothing waits'
    return [
      {
        reason: 'unknown-sleep',
        state: 'exposed',
        certain: true,
        fact: `Kubernetes ${version ? versionText(version) : ''} ${effect}`,
        evidence: [hookSeen(judging, hook, `sleep ${wait.seconds} s`), ...reachSeen(judging)],
        remedy: [addWait(judging, [hook], wait.seconds)],
      },
    ]
  })
}

/** Containers that get requests and stop at once; those with a wait of their own are left alone. */
export function noWait(judging: Judging): Finding[] {
  const { reach, context, hooks } = judging
  const bare = hooks.filter(
    ({ wait, serves, container }) =>
      serves && (wait.is === 'none' || (wait.is === 'known' && wait.seconds === 0)) && !ownWait(container),
  )
  const [first, ...others] = bare
  if (!first) return []
  const bareSeen = (hook: Hook) =>
    hookSeen(judging, hook, `${zero ? '0 s' : 'none'} in container ${hook.container.name}`)
  const seconds = targetsPods(reach.annotations)
    ? context.settings.loadBalancerWaitSeconds
    : context.settings.waitSeconds
  const zero = first.wait.is === 'known'
  return [
    {
      reason: 'no-wait',
      state: 'exposed',
      severity: 'low',
      fact: `${zero ? 'preStop waits 0 s' : 'no preStop wait'}: it stops at once when deleted, while ${reach.text} may still send to it`,
      evidence: [bareSeen(first), ...others.map(bareSeen), graceSeen(judging), ...reachSeen(judging)],
      remedy: [addWait(judging, bare, seconds)],
    },
  ]
}

/** A hook whose length nobody can read off the object: told, neither as missing nor as enough. */
export function unknownWait(judging: Judging): Finding[] {
  const { grace, template, hooks } = judging
  return hooks.flatMap((hook): Finding[] => {
    const { wait, container, serves } = hook
    if (wait.is !== 'unknown' || !serves || ingressControllerOf(container.image, template.labels)) return []
    return [
      {
        reason: 'unknown-wait',
        state: 'exposed',
        severity: 'low',
        fact: `preStop ${wait.what}: how long that takes is not known; it must end well within ${grace} s`,
        evidence: [hookSeen(judging, hook, wait.what), graceSeen(judging), ...reachSeen(judging)],
        remedy: [
          advise(`measure it: what it takes and what the application needs after it have to fit into ${grace} s`),
        ],
      },
    ]
  })
}

/** The wait fits into the grace period, but what comes after it does not. */
export function tightGrace(judging: Judging): Finding[] {
  const { grace, hooks } = judging
  return hooks.flatMap((hook): Finding[] => {
    if (!hook.serves || hook.wait.is !== 'known' || hook.wait.seconds >= grace || hook.wait.seconds === 0) return []
    const needs = needsOf(judging, hook, hook.wait.seconds)
    if (needs.sum <= grace) return []
    return [
      {
        reason: 'tight-grace',
        state: 'exposed',
        severity: 'medium',
        fact: `preStop ${needs.wait} s + load balancer ${needs.balancer} s + application ${needs.drain} s = ${needs.sum} s, but grace is ${grace} s`,
        evidence: [
          graceSeen(judging),
          needs.evidence,
          hookSeen(judging, hook, `${needs.wait} s`),
          ...reachSeen(judging),
        ],
        remedy: [setGrace(judging, needs.sum)],
      },
    ]
  })
}

/** A load balancer outside of the cluster that sends straight to Pods learns of each change later than the cluster does. */
export function shortWait(judging: Judging): Finding[] {
  const { reach, context, hooks } = judging
  if (!targetsPods(reach.annotations)) return []
  const needed = context.settings.loadBalancerWaitSeconds
  return hooks.flatMap((hook): Finding[] => {
    const { wait, serves } = hook
    if (!serves || wait.is !== 'known' || wait.seconds === 0 || wait.seconds >= needed) return []
    return [
      {
        reason: 'short-wait',
        state: 'exposed',
        severity: 'low',
        guess: true,
        fact: `preStop ${wait.seconds} s, but the load balancer of ${reach.text} sends straight to Pods and may need about ${needed} s to let go`,
        evidence: [hookSeen(judging, hook, `${wait.seconds} s`), graceSeen(judging), ...reachSeen(judging)],
        remedy: [advise(`measure how long it goes on sending; without a measurement wait ${needed} s`)],
      },
    ]
  })
}
