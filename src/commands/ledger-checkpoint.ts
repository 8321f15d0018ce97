import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError, fail } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { item, type Answer } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { CheckpointInputs, CheckpointOutcome } from '../ops/ledger/checkpoint.ts';
import type { NewEpoch } from '../ops/ledger/epoch.ts';
import type { Context } from './context.ts';
import { openLedger, type Ledger } from './ledger-context.ts';
import { migrateSettings } from './migrate-settings.ts';

export const spec: CommandSpec = {
  name: 'ledger checkpoint',
  summary: 'seal the rows added since the last checkpoint, sign the result, publish it',
  description:
    'Rows of transactions that have ended are hashed, partition by partition, into a Merkle tree whose signed head goes to every sink ' +
    'of dbctl.yaml. From then on a change of any of them is found, also one by a superuser. Rows of open transactions wait for the next ' +
    'one. Run it every minute, from one place or from many: with nothing new it does nothing but, every tenth interval, give a sign of ' +
    'life. A sink that does not answer is caught up by the next run (exit 1). After a restore it refuses until --new-epoch says that ' +
    'the restore was meant.',
  effect: 'changes',
  options: [
    { flags: '--watch', description: 'go on at ledger.interval until stopped' },
    {
      flags: '--new-epoch',
      description: 'after a restore: compare what was sealed with what is here, and begin a new log that cites the old one',
    },
    { flags: '--reason <text>', description: 'with --new-epoch: why, for the record' },
  ],
  examples: [
    ['dbctl ledger checkpoint --env prod', 'once, from a scheduler'],
    ['dbctl ledger checkpoint --env prod --watch', 'as a service'],
    ['dbctl ledger checkpoint --env prod --new-epoch --reason "restored after incident 42"', 'after a restore'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const ledger = await openLedger(context);
  const reason = reasonOf(options);
  const signer = await ledger.signer();
  const { operator } = await migrateSettings(context);
  const inputs = {
    settings: ledger.settings,
    signer,
    sinks: ledger.sinks,
    operator: operator.name,
    clock: context.clock,
    signal: context.signal,
  };
  if (context.globals.dryRun) return planned(ledger);
  const { makeCheckpoint } = await import('../ops/ledger/checkpoint.ts');
  const first = await inSession(context, async (session) => {
    await ensureSchema(session, context);
    const newEpoch = reason === null ? null : await findingsOf(session, ledger, reason, context);
    return answer(await makeCheckpoint(session, { ...inputs, newEpoch }), context.target(session));
  });
  if (options['watch'] !== true) return first;
  return watch(context, { ...inputs, newEpoch: null }, first);
}

const inSession = <T>(context: Context, use: (session: Session) => Promise<T>): Promise<T> =>
  context.withDatabase({ access: 'write', applicationName: 'dbctl ledger', statementTimeoutMs: 0 }, use);

function reasonOf(options: ParsedOptions): string | null {
  const reason = options['reason'] as string | undefined;
  if (options['newEpoch'] !== true) {
    if (reason !== undefined) fail('usage', '--reason goes with --new-epoch', { hint: 'Run dbctl ledger checkpoint --help.' });
    return null;
  }
  if (reason === undefined || reason.trim().length < 5) {
    fail('usage', '--new-epoch needs --reason', {
      hint: 'Say why, as an auditor would want to read it: --reason "restored after incident 42".',
    });
  }
  return reason.trim();
}

/** Schema dbctl is made where it is not there yet; where it is, no right to change it is needed. */
async function ensureSchema(session: Session, context: Context): Promise<void> {
  const [{ readSchemaVersion }, { ensureDbctlSchema, SCHEMA_VERSION }, { withAdvisoryLock }] = await Promise.all([
    import('../ops/schema/schema-version.ts'),
    import('../ops/schema/dbctl-schema.ts'),
    import('../db/advisory-lock.ts'),
  ]);
  if ((await readSchemaVersion(session)) >= SCHEMA_VERSION) return;
  const { config } = await context.config();
  await withAdvisoryLock(session, 'migrate', { waitMs: config.migrations.lock_wait, signal: context.signal }, async () =>
    ensureDbctlSchema(session, config.migrations.table, await readSchemaVersion(session)),
  );
}

/** What the windows of the old log say of the rows that were restored: goes into the record of the new epoch. */
async function findingsOf(session: Session, { settings, sinks }: Ledger, reason: string, context: Context): Promise<NewEpoch> {
  const { verifyLedger } = await import('../ops/ledger/verify.ts');
  const step = context.progress.step('compare what was sealed with what is here');
  const findings = await verifyLedger(session, {
    settings,
    sinks,
    extent: { full: true, newest: 0, sample: 0 },
    jobs: 1,
    openSession: (use) => use(session),
    onRows: () => {},
  });
  step.done();
  const told = findings
    .filter(({ kind }) => kind !== 'sealed')
    .map(({ kind, object, message }) => `${kind} ${object}: ${message}`);
  const sealed = findings.filter(({ kind }) => kind === 'sealed').length;
  return { reason, findings: { asSealed: sealed, other: told } };
}

/**
 * A checkpoint every interval until the process is told to stop, each in a session of its own. A round that fails is logged and the next
 * one tries again: a network that is down for a minute, or a server that restarts, must not end the service.
 */
async function watch(context: Context, inputs: CheckpointInputs, first: Answer): Promise<Answer> {
  const { makeCheckpoint } = await import('../ops/ledger/checkpoint.ts');
  let last = first;
  while (await sleep(inputs.settings.intervalMs, true, { signal: context.signal }).catch(() => false)) {
    try {
      last = await inSession(context, async (session) => {
        const outcome = await makeCheckpoint(session, inputs);
        logRound(context.log, outcome);
        return answer(outcome, context.target(session));
      });
    } catch (thrown) {
      if (!(thrown instanceof DbctlError) || thrown.code === 'interrupted') throw thrown;
      context.log.error('ledger checkpoint failed', { code: thrown.code, message: thrown.message });
    }
  }
  return last;
}

function logRound(log: Log, { kind, sequence, rows, windows, published }: CheckpointOutcome): void {
  if (kind === 'made') log.info('ledger checkpoint', { sequence, rows, windows });
  for (const { sink, sequence: number, problem } of published) {
    if (problem !== null) log.warn('ledger sink', { sink, sequence: number, problem });
  }
}

function planned({ settings, sinks }: Ledger): Answer {
  return {
    ok: true,
    items: [
      ...settings.tables.map(({ schema, name }) =>
        item({ id: 'table', object: `${schema}.${name}`, message: 'would be sealed' }),
      ),
      ...sinks.map(({ name, type }) => item({ id: 'sink', object: name, message: `would get the note (${type})` })),
    ],
    summary: { tables: settings.tables.length, sinks: sinks.length },
    view: {
      columns: [
        { field: 'object', title: 'object' },
        { field: 'message', title: '' },
      ],
    },
  };
}

function answer(outcome: CheckpointOutcome, target: Answer['target']): Answer {
  const { kind, sequence, epoch, size, hi, windows, rows, published } = outcome;
  const failed = published.filter(({ problem }) => problem !== null);
  return {
    ok: failed.length === 0,
    items: published.map(({ sequence: number, sink, problem }) =>
      item({
        id: `note-${number}`,
        object: sink,
        status: problem === null ? 'pass' : 'fail',
        severity: problem === null ? 'info' : 'medium',
        message: problem === null ? `checkpoint ${number} published` : `checkpoint ${number}: ${problem}`,
        fix: problem === null ? null : 'the next run tries again',
      }),
    ),
    summary: {
      kind,
      sequence,
      epoch,
      size,
      hi,
      windows,
      rows,
      published: published.length - failed.length,
      unpublished: failed.length,
    },
    target: target ?? null,
    view: {
      columns: [
        { field: 'object', title: 'sink' },
        { field: 'message', title: '' },
      ],
      notes: [
        kind === 'made'
          ? `Checkpoint ${sequence}: ${rows} rows in ${windows} windows sealed; the log has ${size} windows, and every transaction below ${hi} is in it.`
          : `Nothing to seal since checkpoint ${sequence}.`,
      ],
    },
  };
}
