import { expect, test } from 'vitest';
import { buildEmit } from '../../../src/cli/emit.ts';
import type { GlobalOptions } from '../../../src/cli/globals.ts';
import type { Io } from '../../../src/cli/io.ts';
import { Redactor } from '../../../src/cli/secrets.ts';

const LINE = '2026-11-22T06:26:12.757Z  first look: 0 fail, 0 unknown, 0 waived, 0 skipped, 1 pass; the answer is yes.';

/** What goes to standard output, of a terminal of so many columns; 0: it is none. */
function said(columns: number, format: 'human' | 'ndjson' = 'human'): string {
  let text = '';
  const stdout = { write: (more: string) => (text += more), isTTY: columns > 0, ...(columns > 0 && { columns }) };
  const io = { stdout, stderr: stdout } as unknown as Io;
  buildEmit(io, { format, quiet: false } as GlobalOptions, new Redactor({}))({ change: 'first-look' }, LINE);
  return text;
}

test('a line of a command that goes on is one line to a program, and broken at blanks on a terminal', () => {
  expect(said(0)).toBe(`${LINE}\n`);
  expect(said(200)).toBe(`${LINE}\n`);
  expect(said(60)).toBe(
    '2026-11-22T06:26:12.757Z  first look: 0 fail, 0 unknown, 0\n  waived, 0 skipped, 1 pass; the answer is yes.\n',
  );
  expect(said(60, 'ndjson').trimEnd().split('\n')).toHaveLength(1);
});
