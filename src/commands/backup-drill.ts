import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Manifest } from '../ops/backup/manifest.ts';
import type { DrillInputs, DrillStep, Recovery } from '../ops/drill/drill.ts';
import { REPOSITORY_OPTION, ancestorsOf, chooseBackup, openBackups } from './backup-context.ts';
import { withNotices } from './backup-notices.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';
import { toolsContext } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'backup drill',
  summary: 'restore a backup on a server made for it, compare, measure, and throw the server away',
  description:
    'A backup counts when it was restored and compared. Hashes the backup, starts a server of its major from npm, restores, compares rows, ' +
    'sequences, definitions, owners, grants and triggers with what was seen when it was made, checks every index (amcheck), the guards of ' +
    'append-only tables and the ledger, and says how long a recovery takes and how old its data is. The signed report is kept beside the ' +
    'backups. Touches no database of yours. Exit 1 when anything failed.',
  effect: 'reads',
  args: [{ name: '[id]', description: 'the backup (default: latest)' }],
  options: [REPOSITORY_OPTION],
  examples: [
    ['dbctl backup drill', 'the newest backup'],
    ['dbctl backup drill --out markdown=drill.md', 'with a report for the pipeline'],
  ],
};

export const run = (options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(options, context));

async function act(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ runDrill }, { storeReport }, { immutabilitySettings }, { ledgerSettings }, { manifestText, sha256Of }] =
    await Promise.all([
      import('../ops/drill/drill.ts'),
      import('../ops/drill/report.ts'),
      import('../ops/immutability/settings.ts'),
      import('../ops/ledger/settings.ts'),
      import('../ops/backup/manifest.ts'),
    ]);
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const manifest = await chooseBackup(backups, (options['id'] as string | undefined) ?? 'latest');
  const [signer, { places }, { operator }] = await Promise.all([
    backups.signer(),
    toolsContext(context),
    migrateSettings(context),
  ]);
  const ledger = ledgerSettings(backups.config);
  const inputs: DrillInputs = {
    repository: backups.repository,
    ancestors: await ancestorsOf(backups, manifest),
    tools: places,
    jobs: backups.config.backup.jobs,
    immutability: immutabilitySettings(backups.config),
    ledger: ledger.publicKeys.length > 0 ? ledger : { ...ledger, publicKeys: backups.publicKeys },
    database: backups.config.dev.database,
    uid: process.getuid?.(),
    clock: context.clock,
    progress: context.progress,
    signal: context.signal,
  };
  const drill = await runDrill(manifest, inputs, await recoveryOf(manifest, inputs));
  const facts = {
    at: context.clock(),
    operator: operator.name,
    dbctl: operator.toolVersion,
    manifestSha256: sha256Of(manifestText(manifest)),
  };
  const { report, path } = await storeReport(backups.repository, manifest, drill, facts, signer);
  const rto = drill.rtoSeconds === null ? 'not reached' : `${drill.rtoSeconds.toFixed(1)} s`;
  return {
    ok: report.ok,
    items: drill.steps.map(stepItem),
    summary: { backup: manifest.id, report: path, rtoSeconds: drill.rtoSeconds, rpoSeconds: drill.rpoSeconds },
    view: {
      title: `${manifest.id}, data of ${manifest.snapshotAt.replace(/\.\d+/, '')}`,
      columns: [
        { field: 'id', title: 'step' },
        { field: 'seconds', title: 's', align: 'right' },
        { field: 'message', title: 'what was seen' },
      ],
      notes: [`Time to a compared database: ${rto}. Age of the data: ${ageText(drill.rpoSeconds)}.`, `Report: ${path}`],
      metrics: [
        {
          name: 'dbctl_drill_ok',
          help: 'Whether the last drill passed.',
          type: 'gauge',
          samples: [{ labels: {}, value: report.ok ? 1 : 0 }],
        },
        {
          name: 'dbctl_drill_rto_seconds',
          help: 'Time to a compared database in the last drill.',
          type: 'gauge',
          samples: drill.rtoSeconds === null ? [] : [{ labels: {}, value: drill.rtoSeconds }],
        },
        {
          name: 'dbctl_drill_rpo_seconds',
          help: 'Age of the data of the drilled backup.',
          type: 'gauge',
          samples: [{ labels: {}, value: drill.rpoSeconds }],
        },
      ],
    },
  };
}

async function recoveryOf(manifest: Manifest, inputs: DrillInputs): Promise<Recovery> {
  if (manifest.type === 'logical') return (await import('../ops/drill/logical.ts')).logicalRecovery(manifest, inputs);
  return (await import('../ops/drill/physical.ts')).physicalRecovery(manifest, inputs);
}

const STATUS = { passed: ['pass', 'info'], failed: ['fail', 'high'], 'not tried': ['skipped', 'info'] } as const;

function stepItem({ name, outcome, message, seconds }: DrillStep): Item {
  return item({
    id: name,
    object: name,
    status: STATUS[outcome][0],
    severity: STATUS[outcome][1],
    message,
    seconds: seconds.toFixed(1),
  });
}

function ageText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`;
}
