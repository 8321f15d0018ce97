import { item, type Item } from '../../core/report.ts';
import { versionOf, type MigrationState } from './plan.ts';

/** A migration's state as a report item: what it means for the person, and what to do about it. */
export function describeState(state: MigrationState): Item {
  const id = state.kind === 'missing' ? String(state.row.version).padStart(3, '0') : state.file.id;
  const object = state.kind === 'missing' ? (state.row.file ?? `${id} ${state.row.name}`) : state.file.file;
  const row = 'row' in state ? state.row : null;
  return item({
    id,
    object,
    ...words(state),
    state: state.kind,
    version: versionOf(state),
    appliedAt: row?.appliedAt ?? null,
    durationMs: row?.durationMs ?? null,
    operator: row?.operator ?? null,
    sha256: state.kind === 'missing' ? state.row.sha256 : state.file.sha256,
  });
}

function words(state: MigrationState): Pick<Item, 'message'> & Partial<Item> {
  switch (state.kind) {
    case 'applied':
      return state.onlyLineEnds
        ? {
            severity: 'low',
            message: 'applied; only line ends (or a byte order mark) of the file changed since, its SQL did not',
          }
        : { message: 'applied' };
    case 'pending':
      return { status: 'fail', severity: 'medium', message: 'not applied yet', fix: 'dbctl migrate up' };
    case 'unfinished':
      return {
        status: 'fail',
        severity: 'high',
        message: `begun and not finished: ${state.journal.statementsDone} of ${state.journal.statementsTotal} statements have run`,
        fix: 'dbctl migrate up',
      };
    case 'changed':
      return {
        status: 'fail',
        severity: 'high',
        message: `the file was changed after it was applied (${state.row.appliedAt})`,
        fix: 'Bring the file back as it was (git log -p shows the change) and write the change as a new migration.',
        detail: { appliedSha256: state.row.sha256, fileSha256: state.file.sha256 },
      };
    case 'out-of-order':
      return {
        status: 'fail',
        severity: 'high',
        message: `not applied, and its version lies below ${state.after.file ?? state.after.version}, which is`,
        fix: 'Renumber it above the last applied one, or run `dbctl migrate up --out-of-order` when it does not depend on the order.',
      };
    case 'missing':
      return {
        status: 'fail',
        severity: 'high',
        message: `applied (${state.row.appliedAt}), but its file is not in the folder`,
        fix: 'Bring the file back: was it deleted, or is this an older checkout, or another folder?',
      };
    case 'beyond-target':
      return { status: 'skipped', message: 'above the version given with --to' };
  }
}
