/** What programs of others read in our formats: libxml2, the parser of TAP's own maintainers, and one of GitHub-flavoured Markdown. */
import { readFileSync } from 'node:fs';
import { XmlDocument, XsdValidator, type XmlElement } from 'libxml2-wasm';
import { marked, type Tokens } from 'marked';
import { Parser } from 'tap-parser';
import type { Report } from '../../../src/core/report.ts';

/** How many items a reader saw at each end. */
export interface Seen {
  readonly failed: number;
  readonly skipped: number;
  readonly passed: number;
}

/** Valid by the schema, and its counts are those of its cases. Fails as libxml2 does. */
export function readJunit(text: string): Seen & { readonly errors: number } {
  using document = XmlDocument.fromString(text);
  junitSchema().validate(document);
  const elements = ['/testsuites', '/testsuites/testsuite'].flatMap((path) => document.find(path)) as XmlElement[];
  for (const element of elements) {
    const told = Object.fromEntries(element.attrs.map(({ name, value }) => [name, Number(value)]));
    const seen = endsUnder(element);
    if (told['failures'] !== seen.failed || told['errors'] !== seen.errors || told['skipped'] !== seen.skipped)
      throw new Error(`${element.name} counts otherwise than its cases: ${JSON.stringify({ told, seen })}`);
  }
  const [root] = elements as [XmlElement];
  return { ...endsUnder(root), passed: root.find('.//testcase[not(*)]').length };
}

function endsUnder(element: XmlElement): { failed: number; errors: number; skipped: number } {
  const count = (name: string) => element.find(`.//${name}`).length;
  return { failed: count('failure'), errors: count('error'), skipped: count('skipped') };
}

let schema: XsdValidator | undefined;
function junitSchema(): XsdValidator {
  schema ??= XsdValidator.fromDoc(XmlDocument.fromString(readFileSync(new URL('junit.xsd', import.meta.url), 'utf8')));
  return schema;
}

/** Throws where the harness would say that the stream itself is wrong. A test that is to do (waived) is no failure to it. */
export function readTap(text: string): Seen & { readonly todo: number } {
  const events = Parser.parse(text, { strict: true }) as [string, unknown][];
  const results = events.find(([name]) => name === 'complete')?.[1] as Results;
  const [bailout, parseErrors] = [results.bailout, results.failures.filter(({ tapError }) => tapError !== null)];
  if (bailout !== false || parseErrors.length > 0) throw new Error(JSON.stringify({ bailout, parseErrors }));
  return { failed: results.fail - results.todo, todo: results.todo, skipped: results.skip, passed: results.pass - results.skip };
}

interface Results {
  readonly bailout: boolean | string;
  readonly pass: number;
  readonly fail: number;
  readonly todo: number;
  readonly skip: number;
  readonly failures: readonly { readonly tapError: unknown }[];
}

/** Rows of the tables and the blocks of code, as a Markdown reader shows them. */
export function readMarkdown(text: string): { readonly rows: readonly (readonly string[])[]; readonly code: readonly string[] } {
  const tokens = marked.lexer(text, { gfm: true });
  const tables = tokens.filter((token): token is Tokens.Table => token.type === 'table');
  const code = tokens.filter((token): token is Tokens.Code => token.type === 'code');
  return {
    rows: tables.flatMap(({ rows }) => rows.map((row) => row.map((cell) => cell.text))),
    code: code.map((block) => block.text),
  };
}

/** The report as each reader should see it. */
export function expected({ items }: Report): {
  readonly fail: number;
  readonly unknown: number;
  readonly waived: number;
  readonly skipped: number;
  readonly pass: number;
} {
  const count = (wanted: string) => items.filter(({ status }) => status === wanted).length;
  return {
    fail: count('fail'),
    unknown: count('unknown'),
    waived: count('waived'),
    skipped: count('skipped'),
    pass: count('pass'),
  };
}
