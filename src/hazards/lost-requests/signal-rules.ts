// Containers that SIGTERM does not stop as it should.
import type { Finding } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import { graceSeen, type Judging, reachSeen } from './judging.ts'
import { advise } from './remedy.ts'
import { fastStop, hookKills, shellStays } from './signals.ts'

/** A shell as PID 1 takes SIGTERM for itself: the application learns of its end by SIGKILL. */
export function shellKeepsSignal(judging: Judging): Finding[] {
  const { hooks, item, template, grace } = judging
  if (template.spec.shareProcessNamespace) return [] // the shell is not PID 1 then
  return hooks.flatMap(({ container, path, serves }): Finding[] => {
    const why = serves && !hookKills(container) ? shellStays(container) : undefined
    if (why === undefined) return []
    const field = container.args === undefined ? 'command' : 'args'
    return [
      {
        reason: 'shell-keeps-signal',
        state: 'exposed',
        severity: 'medium',
        guess: true,
        fact: `a shell is PID 1 of container ${container.name} and ${why}: SIGTERM does not reach the application, so each stop takes all of the ${grace} s and ends with SIGKILL`,
        evidence: [
          seen(
            'command',
            [...(container.command ?? []), ...(container.args ?? [])].join(' '),
            item.subject,
            ...path,
            field,
          ),
          ...(container.image === undefined ? [] : [seen('image', container.image, item.subject, ...path, 'image')]),
          graceSeen(judging),
          ...reachSeen(judging),
        ],
        remedy: [advise('put exec before the application, or start it without a shell')],
      },
    ]
  })
}

/** SIGTERM is nginx's fast stop: it drops what it is answering. */
export function nginxFastStop(judging: Judging): Finding[] {
  const { hooks, item, context } = judging
  return hooks.flatMap(({ container, path, serves }): Finding[] => {
    const stop = serves ? fastStop(container, context.version) : undefined
    if (!stop) return []
    const { signal, told, quitsFirst } = stop
    const image = seen('image', container.image ?? null, item.subject, ...path, 'image')
    return [
      {
        reason: 'fast-stop',
        state: 'exposed',
        severity: 'low',
        ...(!told && { guess: true as const }),
        fact: `${quitsFirst ? 'its hook says quit to nginx without waiting for its end, and then' : 'nginx gets'} ${signal}${quitsFirst ? ' comes' : told ? '' : ' by its image'}, its fast stop: requests that it is answering are cut`,
        evidence: told
          ? [seen('stop signal', signal, item.subject, ...path, ...told), image, ...reachSeen(judging)]
          : [image, ...reachSeen(judging)],
        remedy: [
          advise(
            'use an official image from 1.19.5 on, which is stopped by SIGQUIT, or a preStop of nginx -s quit that waits until nginx has ended',
          ),
        ],
      },
    ]
  })
}
