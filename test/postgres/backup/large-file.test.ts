import { chownSync } from 'node:fs';
import { mkdir, open, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { restoreDataFolder } from '../../../src/ops/restore/data-folder.ts';
import { physicalBench } from './physical-support.ts';
import { QUIET, backupBench } from './support.ts';

/** More than fits into the eleven octal digits of a tar header: the size is then written in base 256. */
const BYTES = 8_100_000_000;
const [BEGIN, MIDDLE, END] = ['first bytes', 'bytes in the middle', 'last bytes'] as const;
const PLACES = [
  [0, BEGIN],
  [4_500_000_000, MIDDLE],
  [BYTES - END.length, END],
] as const;

/** Takes minutes and 25 GB of the disk: only where it is asked for. */
describe.runIf(process.env['DBCTL_TEST_LARGE'] === '1')('a file of more than 8 GB', () => {
  const bench = backupBench({ settings: { max_wal_senders: '4', wal_level: 'replica' } });
  const { repository, create, verifyBackup } = physicalBench(bench);

  it.each(['native', 'tools'] as const)(
    'is backed up by %s, accepted by pg_verifybackup, and restored to its last byte',
    async (engine) => {
      const large = join(bench.server.data, 'large.bin');
      const file = await open(large, 'w');
      for (const [place, text] of PLACES) await file.write(text, place);
      await file.close();
      await truncate(large, BYTES);
      const { account } = bench.server;
      if (account !== undefined) chownSync(large, account.uid, account.gid);
      const seconds: Record<string, number> = {};
      const timed = async <T>(name: string, act: () => Promise<T>): Promise<T> => {
        const started = performance.now();
        const made = await act();
        seconds[name] = Math.round((performance.now() - started) / 100) / 10;
        return made;
      };
      const manifest = await timed('backup', () => create({ engine }));
      expect(await timed('pg_verifybackup', () => verifyBackup(manifest.id))).toEqual({ status: 0, stderr: '' });
      const place = join(bench.folder, engine);
      await mkdir(place);
      const data = join(place, 'data');
      const inputs = { ...QUIET, repository: repository(), manifest, data, account: undefined, replay: null, tools: bench.tools };
      expect((await timed('restore', () => restoreDataFolder(inputs))).verified).toBe(true);
      const restored = await open(join(data, 'large.bin'), 'r');
      expect((await restored.stat()).size).toBe(BYTES);
      for (const [position, text] of PLACES) {
        const { buffer } = await restored.read(Buffer.alloc(text.length), 0, text.length, position);
        expect(buffer.toString()).toBe(text);
      }
      await restored.close();
      console.log(engine, seconds);
      await rm(place, { recursive: true });
      await rm(join(repository().folder, manifest.id), { recursive: true });
    },
    900_000,
  );
});
