import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GenericContainer, Wait } from 'testcontainers';
import { environmentFile, imageName } from '../../src/ops/dev/container-arguments.ts';
import { randomPassword } from '../../src/ops/dev/secret-file.ts';
import { THROW_AWAY_SETTINGS, type ServerSettings } from '../../src/ops/dev/settings.ts';
import type { SharedServer } from './test-server.ts';

const image = imageName(18);

/**
 * `yes` when DBCTL_TEST_CONTAINER=1 asks for it, or Docker answers and has the image already; else why not. An image is never
 * fetched unasked: that would make the first run of a developer wait for the network.
 */
export async function containerWanted(): Promise<string> {
  const wish = process.env['DBCTL_TEST_CONTAINER'];
  if (wish === '1') return 'yes';
  if (wish === '0') return 'switched off by DBCTL_TEST_CONTAINER=0';
  try {
    await promisify(execFile)('docker', ['image', 'inspect', image], { timeout: 5_000 });
    return 'yes';
  } catch (thrown) {
    const { code, stderr } = thrown as { code?: string | number; stderr?: string };
    return code === 'ENOENT' ? 'docker is not installed' : (stderr?.trim().split('\n').at(-1) ?? 'docker does not answer');
  }
}

/** The server of a run as a container; its own watchdog (Ryuk) removes it when the run is killed. */
export async function startContainer(settings: ServerSettings): Promise<SharedServer> {
  const password = randomPassword();
  const variables = environmentFile(password)
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  const started = await new GenericContainer(image)
    .withEnvironment(Object.fromEntries(variables))
    .withCommand(Object.entries({ ...THROW_AWAY_SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]))
    .withExposedPorts(5432)
    // Twice: the image starts the server once to set it up, and once for good.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start();
  const url = `postgresql://postgres:${password}@${started.getHost()}:${started.getMappedPort(5432)}/postgres`;
  return { url, source: 'container', stop: async () => void (await started.stop()) };
}
