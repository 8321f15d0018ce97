import { chown, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, DbctlError } from '../../../core/errors.ts';
import { runProgram } from '../../process/program.ts';
import { withServerOn, type MakeData } from '../../server/throw-away.ts';
import { findPrograms } from '../../tools/find.ts';
import { measureDrill, type Drill, type DrillInputs } from '../drill.ts';
import { isolate, lookIntoServer } from '../on-data.ts';
import type { ForeignBackup, ForeignPlace, ForeignRestored, ForeignTool } from './tool.ts';

/**
 * Drills a backup another tool made: restored with its own program into a folder that is thrown away, started with everything its archive has,
 * and looked at like one of dbctl. What fails is in the steps.
 */
export function drillForeignBackup(tool: ForeignTool, backup: ForeignBackup, role: string, inputs: DrillInputs): Promise<Drill> {
  return measureDrill(backup.takenAt, inputs, async (tryIt, reached) => {
    const { progress, signal, uid } = inputs;
    let restored: ForeignRestored | undefined;
    const make: MakeData = async ({ data, account }) => {
      await tryIt('restore', async () => {
        const place = { data, tablespaces: join(dirname(data), 'tablespaces'), account };
        const done = await restoreInto(tool, backup, place, inputs);
        restored = done.restored;
        return done.message;
      });
      if (restored === undefined) fail('backup.failed', 'the backup could not be restored');
    };
    const server = {
      bootstrapUser: role,
      systemIdentifier: backup.systemIdentifier,
      databases: null,
      recoveredTo: `the end of what ${tool.kind} has`,
    };
    try {
      await withServerOn({ major: backup.major === 17 ? 17 : 18, uid, progress, signal }, make, (on) =>
        lookIntoServer(on, { ...server, lastSegment: restored?.lastSegment ?? null }, inputs, tryIt, reached),
      );
    } catch (thrown) {
      // Where it could not be restored that is noted already.
      if (restored !== undefined) await tryIt('server', () => Promise.reject(thrown));
      else if (!(thrown instanceof DbctlError)) throw thrown;
    }
  });
}

async function restoreInto(
  tool: ForeignTool,
  backup: ForeignBackup,
  place: ForeignPlace,
  inputs: DrillInputs,
): Promise<{ readonly restored: ForeignRestored; readonly message: string }> {
  if (backup.major !== 17 && backup.major !== 18)
    fail('backup.failed', `it is of PostgreSQL ${backup.major}, and a server of 17 or 18 can be started here`);
  for (const folder of [place.data, place.tablespaces]) {
    await mkdir(folder, { mode: 0o700 });
    if (place.account !== undefined) await chown(folder, place.account.uid, place.account.gid);
  }
  const step = inputs.progress.step(`restore with ${tool.kind}`);
  const restored = await tool.restore(backup, place);
  step.done();
  const verified = await verifyFiles(restored, place.data, backup.major, inputs);
  // A copy of a standby would wait for its primary for ever.
  await rm(join(place.data, 'standby.signal'), { force: true });
  await isolate(place.data, place.account, restored.settings);
  return { restored, message: `by ${tool.kind} ${await tool.version()}${verified}` };
}

/** Every file against the manifest the server made, where the tool keeps it: the tool itself copies without looking. */
async function verifyFiles(
  { manifest }: ForeignRestored,
  data: string,
  major: number,
  { tools, signal }: Pick<DrillInputs, 'tools' | 'signal'>,
): Promise<string> {
  if (manifest === null) return ', which compares every file with the hash it has';
  const [found] = await findPrograms(tools, major, ['pg_verifybackup']);
  const program = found?.taken ?? null;
  if (program === null) return '; pg_verifybackup is not there to compare the files';
  const ignored = manifest.changed.map((name) => `--ignore=${name}`);
  const args = ['--no-parse-wal', '--quiet', `--manifest-path=${manifest.path}`, ...ignored, data];
  const ended = await runProgram({ file: program.path, args, signal });
  if (ended.status === 0) return '; every file as the server sent it';
  const said = ended.stderr
    .trim()
    .split('\n')[0]
    ?.replace(/^pg_verifybackup: error: /, '');
  return fail('backup.failed', `pg_verifybackup: ${said ?? `exit ${ended.status}`}`);
}
