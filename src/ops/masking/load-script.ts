import { literal, qualified } from '../../db/ident.ts';
import type { SequenceFingerprint } from '../backup/fingerprint.ts';
import type { MaskedTable } from './plan.ts';
import { dataFile } from './rows.ts';

/** What loads it: definitions, rows, what needs rows. Triggers come last, and do not fire. */
export function loadScript(tables: readonly MaskedTable[], sequences: readonly SequenceFingerprint[]): string {
  const set = sequences
    .filter(({ name, lastValue }) => lastValue !== null && !name.startsWith('dbctl.'))
    .map(({ name, lastValue }) => {
      const dot = name.indexOf('.');
      const regclass = qualified(name.slice(0, dot), name.slice(dot + 1));
      return `select pg_catalog.setval(${literal(regclass)}, ${lastValue});`;
    });
  return [
    '-- In this folder: psql -X -1 -f load.sql "$(dbctl dev url)"',
    '\\set ON_ERROR_STOP on',
    '\\ir pre-data.sql',
    ...tables.map(({ into }, index) => `\\copy ${into} from '${dataFile(index)}'`),
    ...set,
    '\\ir post-data.sql',
    '',
  ].join('\n');
}
