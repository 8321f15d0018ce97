import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findImage } from '../../../src/ops/tools/container-engine.ts';

/** Scripts in the place of engines that fail as real ones do; what a real one does right is in test/postgres/tools. */
const root = mkdtempSync(join(tmpdir(), 'dbctl-engines-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
function look(engines: Readonly<Record<string, string>>, image: string | null = null) {
  const folder = join(root, String((count += 1)));
  mkdirSync(folder);
  for (const [name, lines] of Object.entries(engines))
    writeFileSync(join(folder, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return findImage({ image, variables: { PATH: folder } }, 18);
}
const having = (info: string, image: string) =>
  `[ "$1" = info ] && { echo "${info}"; exit; }\n[ "$5" = ${image} ] && echo sha256:abc`;

describe('the image of client programs', () => {
  it.each<[string, Record<string, string>, string, string[]]>([
    ['nothing is installed', {}, 'no engine', ['docker: not installed', 'podman: not installed']],
    [
      'a client has no daemon',
      { docker: 'echo "Cannot connect to the Docker daemon" >&2; exit 1' },
      'no engine',
      ['docker: Cannot connect to the Docker daemon', 'podman: not installed'],
    ],
    ['an engine hangs', { docker: 'exec /bin/sleep 60' }, 'no engine', ['docker: no answer within 5 s', 'podman: not installed']],
  ])(
    'is not there where %s',
    async (_name, engines, kind, said) => {
      expect(await look(engines)).toEqual({ kind, said });
    },
    10_000,
  );

  it('is that of the engine that has it, whichever answers first', async () => {
    const found = await look({ docker: having('28.0 []', 'other'), podman: having('5.4 true', 'postgres:18') });
    expect(found).toMatchObject({
      kind: 'found',
      image: { engine: 'podman', rootless: true, id: 'sha256:abc', name: 'postgres:18' },
    });
  });

  it('is the configured one alone', async () => {
    const engines = { docker: having('28.0 [name=seccomp name=rootless]', 'lab/pg:1') };
    expect(await look(engines)).toEqual({ kind: 'absent', engine: 'docker', image: 'postgres:18' });
    expect(await look(engines, 'lab/pg:1')).toMatchObject({ kind: 'found', image: { engine: 'docker', rootless: true } });
  });
});
