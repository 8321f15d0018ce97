// Run by the tests of rotation: one rotation as a process of its own, which kills itself at a step. Prints the outcome as JSON.
import { appendFileSync } from 'node:fs';
import { withSession } from '../../../../../src/db/session.ts';
import { rotate, type Receiver } from '../../../../../src/ops/roles/password/rotate.ts';
import type { Progress } from '../../../../../src/core/progress.ts';
import { targetOf } from '../../../../support/connection.ts';

interface Request {
  readonly url: string;
  /** Written once it is published; with `command`, appended to as the command would keep it. */
  readonly path: string;
  readonly command: boolean;
  readonly killAt: string;
}

const { url, path, command, killAt } = JSON.parse(process.env['TEST_ROTATE'] ?? '{}') as Request;

function reach(place: string): void {
  if (place === killAt) process.kill(process.pid, 'SIGKILL');
}

const progress: Progress = {
  step(name) {
    reach(`begin ${name}`);
    return { tick() {}, done: () => reach(`end ${name}`), failed() {} };
  },
};

const receiver: Receiver = command
  ? {
      kind: 'command',
      hand: (login, secret) => Promise.resolve(appendFileSync(path, `${JSON.stringify({ login, secret })}\n`, { mode: 0o600 })),
    }
  : { kind: 'file', path };

const target = targetOf(url, 'postgres');
await withSession(target, { access: 'write' }, (session) =>
  rotate(session, {
    role: 'web_app',
    logins: ['web_app_1', 'web_app_2'],
    wish: { login: undefined, evenInUse: false },
    receiver,
    form: 'password',
    target,
    operator: { operator: 'tests', commit: null, ciJob: null, toolVersion: 'test' },
    progress,
    signal: new AbortController().signal,
  }),
);
process.stdout.write('done');
