import { readFileSync } from 'node:fs';

/** An SQL block of a document, with what stands in the comment in front of it: `<!-- run as=ann save=REQUEST expect=IM001 -->`. */
export interface SqlBlock {
  readonly file: string;
  /** Line of the first statement, from 1. */
  readonly line: number;
  readonly sql: string;
  /** Who runs it; default: a superuser. */
  readonly as: string;
  /** SQLSTATE the block ends with; default: none. */
  readonly expect: string | undefined;
  /** Name under which the first value of its answer stands in later blocks. */
  readonly save: string | undefined;
  /** Table two people unlock for it first; its request is `REQUEST`. */
  readonly unlock: string | undefined;
}

/** The SQL blocks of a document, in order. Fails on one without the comment: SQL nobody runs is SQL nobody knows to be right. */
export function sqlBlocks(file: string): SqlBlock[] {
  const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
  const found = [...text.matchAll(/(?:^<!-- run ?(.*?) ?-->\n)?^```sql\n([^]*?)^```$/gm)];
  return found.map((match): SqlBlock => {
    const [whole, said, sql = ''] = match;
    const line = text.slice(0, match.index).split('\n').length + whole.split('\n').indexOf('```sql') + 1;
    if (said === undefined) throw new Error(`${file}:${line}: an SQL block without <!-- run … -->`);
    const words = Object.fromEntries(said.split(' ').map((word) => word.split('=') as [string, string]));
    return {
      file,
      line,
      sql,
      as: words['as'] ?? 'dba',
      expect: words['expect'],
      save: words['save'],
      unlock: words['unlock'],
    };
  });
}
