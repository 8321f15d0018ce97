import { expect, it } from 'vitest';
import { logicalRecovery } from '../../../src/ops/drill/logical.ts';
import { runDrill, type DrillInputs } from '../../../src/ops/drill/drill.ts';
import { onServer } from '../../support/connection.ts';
import { physicalBench } from './physical-support.ts';
import { QUIET, backupBench } from './support.ts';

/** Production has locales a machine for drills may not have; that says nothing of the backup. */
const bench = backupBench();
const { create, drill } = physicalBench(bench);
const lack = (message: string) => ({ code: 'refused', message, hint: expect.stringContaining('locale-gen') });

it('a dump of another locale is not called bad', async () => {
  await onServer(bench.server.url(), 'create database lab', 'create database other');
  const manifest = await bench.create('lab');
  // As if it had been made there: no such locale can be used here.
  const source = { ...manifest.source, localeProvider: 'libc', locale: null, collate: 'xx_XX.utf8', ctype: 'xx_XX.utf8' };
  const inputs: DrillInputs = {
    ...QUIET,
    repository: bench.repository,
    tools: bench.tools,
    jobs: 1,
    immutability: {
      owner: 'x',
      runbook: 'x',
      partitionCreators: [],
      unlockers: [],
      archivers: [],
      archiveVerifiers: [],
      tables: [],
    },
    ledger: { tables: [], xidColumn: 'x', intervalMs: 1, sample: 0, signer: null, publicKeys: [], sinks: [] },
    database: 'lab',
    uid: process.getuid?.(),
    clock: () => new Date(),
  };
  await expect(runDrill(manifest, inputs, logicalRecovery({ ...manifest, source }, inputs))).rejects.toMatchObject(
    lack('this machine does not have the locale xx_XX.utf8 of the backup'),
  );
}, 60_000);

it('nor are the files of a server with a database of another locale', async () => {
  await onServer(
    bench.server.url(),
    `update pg_database set datlocprovider = 'c', datlocale = null, datcollate = 'xx_XX.utf8', datctype = 'xx_XX.utf8' where datname = 'other'`,
    'checkpoint',
  );
  await expect(drill(await create())).rejects.toMatchObject(
    lack('this machine does not have the locale of a database of the backup'),
  );
}, 60_000);
