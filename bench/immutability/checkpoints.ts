import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withSession } from '../../src/db/session.ts';
import { makeCheckpoint } from '../../src/ops/ledger/checkpoint.ts';
import { createSignerKey, openSigner } from '../../src/ops/signing/signer.ts';
import { folderSink } from '../../src/ops/ledger/sink-folder.ts';
import { targetOf } from '../../test/support/connection.ts';

/** A checkpoint every second, as `dbctl ledger checkpoint --watch` with an interval of 1 s makes them. */
export async function checkpointsBeside(url: string, signal: AbortSignal): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-bench-ledger-'));
  await createSignerKey(join(folder, 'key'), 'bench');
  const signer = await openSigner(
    { name: 'bench', key: { kind: 'file', file: 'key' }, publicKeys: [] },
    { variables: {}, folder },
  );
  const settings = {
    tables: [{ schema: 'public', name: 'events' }],
    xidColumn: 'recorded_xid',
    intervalMs: 1_000,
    sample: 0,
    signer: null,
    publicKeys: [signer.verifierKey],
    sinks: [],
  };
  const inputs = {
    settings,
    signer,
    sinks: [folderSink('folder', join(folder, 'notes'))],
    operator: 'bench',
    clock: () => new Date(),
    signal: new AbortController().signal,
    newEpoch: null,
  };
  await withSession(
    targetOf(url, new URL(url).pathname.slice(1)),
    { access: 'write', statementTimeoutMs: 0 },
    async (session) => {
      while (!signal.aborted) {
        await sleep(1_000, undefined, { signal }).catch(() => {});
        await makeCheckpoint(session, inputs);
      }
    },
  );
}
