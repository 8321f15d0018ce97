import { dirname, join } from 'node:path';
import { DbctlError, fail } from '../../core/errors.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import { withBackupFolders } from '../restore/bring.ts';
import { layOut } from '../restore/combine.ts';
import { prepareReplay } from '../restore/replay.ts';
import { withServerOn, type MakeData } from '../server/throw-away.ts';
import { majorOf } from '../tools/program.ts';
import type { DrillInputs, Recovery } from './drill.ts';
import { isolate, lookIntoServer } from './on-data.ts';

/** Starts the files of a base backup on a server made for it, replays the log up to the point asked for, and looks into every database. */
export const physicalRecovery =
  (manifest: PhysicalManifest, inputs: DrillInputs): Recovery =>
  async (tryIt, reached, folder) => {
    const { progress, signal, uid, recovery } = inputs;
    const { source } = manifest;
    const major = majorOf(source.serverVersion) === 17 ? 17 : 18;
    let unpacked = false;
    const make: MakeData = async (place) => {
      unpacked = await tryIt('restore', () => unpack(manifest, folder, { ...inputs, ...place }));
      if (!unpacked) fail('backup.failed', 'the backup could not be unpacked');
    };
    const restored = { ...source, recoveredTo: recovery === undefined ? manifest.endLsn : stopText(recovery.replay.target.stop) };
    try {
      await withServerOn({ major, uid, progress, signal }, make, (server) =>
        lookIntoServer(server, restored, inputs, tryIt, reached),
      );
    } catch (thrown) {
      // Where it could not be unpacked that is noted already.
      if (unpacked) await tryIt('server', () => Promise.reject(thrown));
      else if (!(thrown instanceof DbctlError)) throw thrown;
    }
  };

async function unpack(
  manifest: PhysicalManifest,
  folder: string,
  inputs: DrillInputs & Pick<Parameters<MakeData>[0], 'data' | 'account'>,
): Promise<string> {
  const { data, account, repository, recovery, ancestors = [] } = inputs;
  const step = inputs.progress.step('unpack', manifest.source.sizeBytes, 'bytes');
  const { archives } = await withBackupFolders(inputs, ancestors, (before) =>
    layOut([...before, { manifest, folder }], data, {
      ...inputs,
      tablespaces: join(dirname(data), 'tablespaces'),
      onBytes: (bytes) => step.tick(bytes),
    }),
  );
  step.done();
  await isolate(data, account);
  const of = ancestors.length === 0 ? '' : ` of ${ancestors.length + 1} backups, combined`;
  const message = `${archives} ${archives === 1 ? 'archive' : 'archives'}${of}`;
  if (recovery === undefined) return message;
  const { segments, timeline } = recovery.replay;
  // After the overrides: what is said last about restore_command counts.
  await prepareReplay(repository, recovery.replay, { data, wal: join(dirname(data), 'wal'), account });
  return `${message}, and ${segments.length} ${segments.length === 1 ? 'segment' : 'segments'} of timeline ${timeline}`;
}

type Stop = NonNullable<DrillInputs['recovery']>['replay']['target']['stop'];

function stopText(stop: Stop): string {
  switch (stop.kind) {
    case 'time':
      return stop.time;
    case 'lsn':
      return stop.lsn;
    case 'name':
      return `the point ${stop.name}`;
  }
}
