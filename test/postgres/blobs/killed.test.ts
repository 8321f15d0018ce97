// A run is killed before and behind each thing it does; nothing is lost, and the next one finishes.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { blobServer, type Lab } from './support.ts';

const newLab = blobServer();

const killed = ({ url, hot, cold }: Lab, killAt: string): Promise<NodeJS.Signals | null> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('killed-process.ts', import.meta.url))], {
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], TEST_BLOBS: JSON.stringify({ url, hot, cold, killAt }) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.on('error', reject);
    child.on('close', (_, signal) => resolve(signal));
  });

const hashesIn = (folder: string, names: readonly string[]): Set<string> =>
  new Set(
    names.map((name) =>
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ),
  );

/** All of them take half a minute: DBCTL_EVERY_STEP=1 npx vitest run --project postgres test/postgres/blobs/killed.test.ts */
const EVERY = ['hot read', 'cold write', 'copied', 'cold read', 'verified', 'removal', 'hot remove', 'commit'];
const THOSE_THAT_TELL = ['behind cold write', 'behind copied', 'behind verified', 'before hot remove', 'behind hot remove'];
const places =
  process.env['DBCTL_EVERY_STEP'] === undefined
    ? THOSE_THAT_TELL
    : EVERY.flatMap((place) => [`before ${place}`, `behind ${place}`]);

describe.concurrent('killed', () => {
  it.each(places)('%s', async (killAt) => {
    const lab = await newLab();
    const proved = new Set([await lab.proof('a'), await lab.proof('b'), await lab.proof('c')]);
    expect(await killed(lab, killAt)).toBe('SIGKILL');
    const found = new Set([...hashesIn(lab.hot, lab.hotNames()), ...hashesIn(lab.cold, lab.coldNames())]);
    expect([...proved].filter((hash) => !found.has(hash))).toEqual([]);
    const outcome = await lab.run();
    expect(outcome).toMatchObject({ state: 'done', alarms: 0, waiting: 0, left: { rows: 0 } });
    expect([lab.hotNames(), hashesIn(lab.cold, lab.coldNames())]).toEqual([[], proved]);
    const counted = await lab.rows<{ n: number }>(
      `select count(*)::int as n from dbctl.blob_event where kind = 'removed' group by location`,
    );
    expect(counted).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
    expect(await lab.run()).toMatchObject({ moved: 0, copied: 0, alarms: 0 });
  });
});
