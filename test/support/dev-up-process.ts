// Run by upInProcess(): `dev up` as a process of its own. Prints the outcome, or the error, as JSON.
import type { Progress } from '../../src/core/progress.ts';
import type { DevEnvironment, DevProject } from '../../src/ops/dev/environment.ts';
import { devUp } from '../../src/ops/dev/up.ts';

interface Request {
  readonly environment: DevEnvironment;
  readonly project: DevProject;
  readonly killAt?: string;
}

const { environment, project, killAt } = JSON.parse(process.env['TEST_DEV'] ?? '{}') as Request;

function reach(place: string): void {
  if (killAt !== undefined && place.startsWith(killAt)) process.kill(process.pid, 'SIGKILL');
}

const progress: Progress = {
  step(name) {
    reach(`begin ${name}`);
    return { tick() {}, done: () => reach(`end ${name}`), failed() {} };
  },
};

try {
  const { server, steps } = await devUp(environment, project, { major: 18 }, { progress, signal: new AbortController().signal });
  process.stdout.write(JSON.stringify({ port: server?.port, pid: server?.pid, steps: steps.map(({ id }) => id) }));
} catch (thrown) {
  process.stdout.write(JSON.stringify({ error: (thrown as Error).message }));
  process.exitCode = 1;
}
