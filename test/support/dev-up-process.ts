// Run by upInProcess(): `dev up` as a process of its own. Prints the outcome, or the error, as JSON.
import { silentProgress } from '../../src/core/progress.ts';
import type { DevEnvironment, DevProject } from '../../src/ops/dev/environment.ts';
import { devUp } from '../../src/ops/dev/up.ts';

const { environment, project } = JSON.parse(process.env['TEST_DEV'] ?? '{}') as { environment: DevEnvironment; project: DevProject };
const control = { progress: silentProgress, signal: new AbortController().signal };

try {
  const { server, steps } = await devUp(environment, project, { major: 18 }, control);
  process.stdout.write(JSON.stringify({ port: server?.port, pid: server?.pid, steps: steps.map(({ id }) => id) }));
} catch (thrown) {
  process.stdout.write(JSON.stringify({ error: (thrown as Error).message }));
  process.exitCode = 1;
}
