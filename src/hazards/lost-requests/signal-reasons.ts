// What becomes of SIGTERM, as far as a manifest tells.
import type { Reason } from '../../contract/hazard.ts'

export const signalReasons: Readonly<Record<string, Reason>> = {
  'shell-keeps-signal': {
    title: 'A shell takes SIGTERM and does not pass it on',
    why: 'PID 1 of a container gets no signal that it has no handler for, and a shell waits for its child without passing one on. The application goes on until SIGKILL.',
    fix: 'Put exec before the application, or start it without a shell.',
    leadsTo: 'killed',
  },
  'fast-stop': {
    title: 'An nginx that drops its requests when it is stopped',
    why: 'SIGTERM is the fast stop of nginx, SIGQUIT the one that lets requests end. Official images are stopped by SIGQUIT from 1.19.5 on.',
    fix: 'Use a newer image, or a preStop of nginx -s quit that waits until nginx has ended.',
    fixedIn:
      '1.33 lets a container name its signal (lifecycle.stopSignal, KEP-4960), where the gate ContainerStopSignals is on: alpha, off by default.',
  },
}
