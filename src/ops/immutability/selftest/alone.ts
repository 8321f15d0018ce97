import { literal } from '../../../db/ident.ts';
import type { TestedRelation } from './relation.ts';
import type { ProbeRow } from './row.ts';
import type { Trial } from './run.ts';
import { refused } from './path.ts';

/**
 * Each guard by itself: what hides behind another one is not known to hold. As superuser, under a permit that the subtransaction takes
 * with it, the other guards are switched off and a real row is tried.
 */
export function aloneAttempts(relation: TestedRelation, row: ProbeRow, superuser: string): Trial[] {
  const { name, kind, isPartition, column } = relation;
  if (kind !== 'r' || row.state === 'none') return [];
  const permit = `insert into dbctl.permit (relation, purpose, reason) values (${literal(name)}, 'unlock', 'dbctl immutability test')`;
  const without = (...triggers: readonly string[]) =>
    `alter table ${name} ${triggers.map((trigger) => `disable trigger ${trigger}`).join(', ')}`;
  const trial = (path: string, off: readonly string[], sql: string, code: string): Trial => ({
    path,
    relation: name,
    actor: { role: superuser, rank: 'superuser', origin: 'this session', unreachable: false },
    attempt: { before: [...row.statements, permit, without(...off)], role: superuser, sql: [sql] },
    expected: refused(code),
  });
  const change = `update only ${name} set ${column} = ${column}`;
  const others = isPartition ? ['dbctl_guard_row'] : [];
  return [
    trial('row_guard_alone_update', ['dbctl_guard_statement', ...others], change, 'IM001'),
    trial('row_guard_alone_delete', ['dbctl_guard_statement', ...others], `delete from only ${name}`, 'IM001'),
    ...(isPartition
      ? [trial('cloned_row_guard_alone', ['dbctl_guard_statement', 'dbctl_guard_partition_row'], change, 'IM001')]
      : []),
    trial(
      'statement_guard_alone',
      ['dbctl_guard_row', ...(isPartition ? ['dbctl_guard_partition_row'] : [])],
      `${change} where false`,
      'IM001',
    ),
  ];
}
