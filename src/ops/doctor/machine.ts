import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Item } from '../../core/report.ts';
import { findPrograms, type ToolPlaces } from '../tools/find.ts';
import { absent, healthy, ill } from './examination.ts';

const run = promisify(execFile);

/** The lowest Node.js dbctl is tested with (package.json `engines`). */
const NODE_FLOOR = [20, 19] as const;

export function examineNode(version: string): Item {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const enough = major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1]);
  if (enough) return healthy('node', version, 'Node.js is new enough');
  return ill(
    'node',
    version,
    'high',
    `dbctl needs Node.js ${NODE_FLOOR.join('.')} or newer`,
    'Install a current Node.js (20, 22 or 24).',
  );
}

/** Each client program, as `tools status` finds it. */
export async function examineClientPrograms(places: ToolPlaces, major: number): Promise<Item[]> {
  const found = await findPrograms(places, major, ['psql', 'pg_dump', 'pg_restore', 'pg_basebackup', 'pg_verifybackup']);
  return found.map(({ name, taken, all: [other] }) => {
    const id = `client-${name.replace('_', '-')}`;
    if (taken !== null) return healthy(id, taken.path, `version ${taken.version}`);
    const said =
      other === undefined
        ? 'not found on PATH or in the usual folders'
        : `version ${other.version} is older than the pinned server (${major})`;
    return ill(id, other?.path ?? name, 'low', said, 'dbctl tools install');
  });
}

/** Whether a container engine answers: needed for `dev up --engine container` and by some tests, by nothing else. */
export async function examineContainerEngine(): Promise<Item> {
  for (const engine of ['docker', 'podman']) {
    try {
      const { stdout } = await run(engine, ['version', '--format', '{{.Server.Version}}'], { timeout: 5_000 });
      return healthy('container-engine', engine, `answers, version ${stdout.trim()}`);
    } catch {
      // The next engine, or none: told below.
    }
  }
  return absent('container-engine', 'docker', 'no container engine answers; the embedded server needs none');
}
