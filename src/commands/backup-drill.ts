import { fail } from '../core/errors.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Answer } from '../core/report.ts';
import type { Manifest } from '../ops/backup/manifest.ts';
import type { Choice } from '../ops/drill/choose.ts';
import type { DrillInputs, Recovery } from '../ops/drill/drill.ts';
import {
  IDENTITY_OPTION,
  REPOSITORY_OPTION,
  ancestorsOf,
  chooseBackup,
  knownBackups,
  openBackups,
  requireIdentity,
  type Backups,
} from './backup-context.ts';
import { withNotices } from './notices.ts';
import type { Context } from './context.ts';
import { drillInputs, reportDrill } from './drill-context.ts';

export const spec: CommandSpec = {
  name: 'backup drill',
  summary: 'restore a backup on a server made for it, compare, measure, and throw the server away',
  description:
    'A backup counts when it was restored and compared. Hashes the backup, starts a server of its major from npm, restores, compares rows, ' +
    'sequences, definitions, owners, grants and triggers with what was seen when it was made, checks every index (amcheck), the guards of ' +
    'append-only tables and whether they hold, the ledger, the checks of the project and the assertions of backup.drill, and says how long a ' +
    'recovery takes and how old its data is, against backup.drill.rto and rpo. With --at it replays the archived write-ahead log, too. The ' +
    'signed report is kept beside the backups, chained to the one before. Touches no database of yours. Exit 1 when anything failed, or a ' +
    'target was missed.',
  effect: 'reads',
  args: [{ name: '[id]', description: 'the backup (default: latest)' }],
  options: [
    IDENTITY_OPTION,
    REPOSITORY_OPTION,
    { flags: '--random', description: 'draw one of the sealed backups' },
    {
      flags: '--window <time>',
      description: 'with --random: of those whose data is not older, such as 30d or 48h',
      parse: windowMs,
    },
    { flags: '--seed <text>', description: 'with --random: draw as the drill did whose report has this seed' },
    {
      flags: '--at <point>',
      description: 'recover to a time with its zone, an LSN, name:POINT or latest: a physical backup and the archived log',
    },
    { flags: '--timeline <number>', description: 'with --at: the timeline to follow (default: the latest)' },
    { flags: '--from <tool>', description: 'drill the newest backup another tool made', choices: ['pgbackrest', 'barman'] },
    { flags: '--stanza <name>', description: 'with --from pgbackrest: the stanza' },
    { flags: '--server <name>', description: 'with --from barman: the server' },
    { flags: '--from-config <file>', description: 'with --from: its configuration (default: where it looks by itself)' },
    { flags: '--from-program <file>', description: 'with --from: the program (default: that of the system)' },
    { flags: '--from-role <name>', description: 'with --from: the role initdb made on that server (default: postgres)' },
    { flags: '--verify-reports', description: 'drill nothing: is the chain of reports whole, and as it was signed?' },
    { flags: '--head <sha256>', description: 'with --verify-reports: the hash of a report, as it was written down elsewhere' },
  ],
  examples: [
    ['dbctl backup drill', 'the newest backup'],
    ['dbctl backup drill --random --window 30d', 'one of the last thirty days, which nobody picked'],
    ['dbctl backup drill --at latest', 'a physical backup and everything the archive has'],
    ['dbctl backup drill --at 2026-11-20T17:00Z', 'could we go back to that moment?'],
    ['dbctl backup drill --from pgbackrest --stanza main', 'a backup pgBackRest made'],
    ['dbctl backup drill --verify-reports', 'for the auditor: every report, and none is missing'],
  ],
};

/** Which options belong to which kind of drill; a word that would do nothing is an error. */
const NEEDS: Readonly<Record<string, string>> = {
  window: 'random',
  seed: 'random',
  timeline: 'at',
  stanza: 'from',
  server: 'from',
  fromConfig: 'from',
  fromProgram: 'from',
  fromRole: 'from',
  head: 'verifyReports',
};

export const run = (options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(options, context));

async function act(options: ParsedOptions, context: Context): Promise<Answer> {
  requireOneKind(options);
  const backups = await openBackups(
    context,
    options['repository'] as string | undefined,
    options['identity'] as string | undefined,
  );
  if (options['verifyReports'] === true) {
    return (await import('./drill-reports.ts')).verifyDrillReports(backups, options['head'] as string | undefined);
  }
  if (options['from'] !== undefined) return (await import('./drill-foreign.ts')).drillForeign(options, backups, context);
  return drillOwn(options, backups, context);
}

async function drillOwn(options: ParsedOptions, backups: Backups, context: Context): Promise<Answer> {
  const began = context.clock();
  const { manifest, choice, recovery } = await choose(options, backups, began);
  const [{ runDrill }, { choiceText }, { manifestText, sha256Of }] = await Promise.all([
    import('../ops/drill/drill.ts'),
    import('../ops/drill/choose.ts'),
    import('../ops/backup/manifest.ts'),
  ]);
  const chosen = { began, message: `${manifest.id}, ${choiceText(choice)}; its manifest is as it was signed` };
  const own = await drillInputs(backups, context, manifest.environment);
  const ancestors = await ancestorsOf(backups, manifest);
  await requireIdentity(backups, ...ancestors, manifest);
  const inputs: DrillInputs = { ...own, chosen, ancestors, ...(recovery === undefined ? {} : { recovery }) };
  const drill = await runDrill(manifest, inputs, await recoveryOf(manifest, inputs));
  const { id, type, snapshotAt, source, programs } = manifest;
  const sha256 = sha256Of(manifestText(manifest));
  const backup = { id, type, database: source.database, manifest: sha256, snapshotAt, sizeBytes: source.sizeBytes };
  return reportDrill(drill, { backup, choice, programs }, backups, context);
}

interface Chosen {
  readonly manifest: Manifest;
  readonly choice: Choice;
  readonly recovery?: NonNullable<DrillInputs['recovery']>;
}

async function choose(options: ParsedOptions, backups: Backups, now: Date): Promise<Chosen> {
  const id = options['id'] as string | undefined;
  if (options['random'] === true) {
    const [{ drawBackup }, { randomBytes }] = await Promise.all([import('../ops/drill/choose.ts'), import('node:crypto')]);
    const window = (options['window'] as Window | undefined) ?? { text: null, ms: null };
    const seed = (options['seed'] as string | undefined) ?? randomBytes(8).toString('hex');
    return drawBackup(await knownBackups(backups), { ...window, now }, seed);
  }
  const at = options['at'] as string | undefined;
  if (at !== undefined) return chooseRecovery(at, id, options, backups);
  return { manifest: await chooseBackup(backups, id ?? 'latest'), choice: { by: id === undefined ? 'latest' : 'id' } };
}

async function chooseRecovery(at: string, id: string | undefined, options: ParsedOptions, backups: Backups): Promise<Chosen> {
  const [{ parseRecoveryTarget }, { planFromNewest }, { physicalBackup, timelineOf }, { planReplay }] = await Promise.all([
    import('../ops/restore/recovery-target.ts'),
    import('../ops/restore/choose.ts'),
    import('./restore-data.ts'),
    import('../ops/restore/replay.ts'),
  ]);
  const to = parseRecoveryTarget(at, '--at');
  const timeline = timelineOf(options['timeline'] as string | undefined);
  const { repository } = backups;
  const named = id === undefined ? undefined : await physicalBackup(backups, id);
  const { manifest, replay } =
    named === undefined
      ? await planFromNewest(repository, await knownBackups(backups), to, { timeline })
      : { manifest: named, replay: await planReplay(repository, named, to, timeline) };
  const choice: Choice = { by: 'recovery', to: at, timeline: replay.timeline, segments: replay.segments.length };
  return { manifest, choice, recovery: { to, replay } };
}

async function recoveryOf(manifest: Manifest, inputs: DrillInputs): Promise<Recovery> {
  if (manifest.type === 'logical') return (await import('../ops/drill/logical.ts')).logicalRecovery(manifest, inputs);
  return (await import('../ops/drill/physical.ts')).physicalRecovery(manifest, inputs);
}

function requireOneKind(options: ParsedOptions): void {
  const given = (name: string) => options[name] !== undefined && options[name] !== false;
  const hint = 'Run dbctl backup drill --help.';
  const flag = (name: string) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const kinds = ['random', 'at', 'from', 'verifyReports'].filter(given);
  const [one, other] = kinds;
  if (one !== undefined && other !== undefined)
    fail('usage', `${flag(one)} and ${flag(other)} are two different drills`, { hint });
  if (given('id') && one !== undefined && one !== 'at')
    fail('usage', `${flag(one)} chooses by itself, and ${String(options['id'])} is named`, { hint });
  for (const [name, needed] of Object.entries(NEEDS)) {
    if (given(name) && !given(needed)) fail('usage', `${flag(name)} needs ${flag(needed)}`, { hint });
  }
}

interface Window {
  readonly text: string;
  readonly ms: number;
}

/** `30d` or `48h`. */
function windowMs(text: string): Window {
  const [, digits = '', unit] = /^([1-9]\d{0,3})([dh])$/.exec(text) ?? [];
  if (digits === '') throw new Error('expected days or hours such as 30d or 48h');
  return { text, ms: Number(digits) * (unit === 'd' ? 86_400_000 : 3_600_000) };
}
