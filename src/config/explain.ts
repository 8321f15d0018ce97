import * as z from 'zod';
import { suggest } from '../core/suggest.ts';
import { CONFIG_KEYS, kindAt, keysOf, keysOfMapping, mappingAt, schemaAt } from './keys.ts';
import { configFile } from './schema.ts';
import { dotted } from './path.ts';
import { isSecretKey, maskSecrets } from './secrets.ts';
import { strangers } from './values.ts';

/** What the schema has against a value, in words. */
export interface Complaint {
  readonly path: readonly PropertyKey[];
  /** Where to point: at the key (of the nearest mapping that is there), or at the value. */
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly hint?: string;
  readonly secret?: boolean;
}

/** A complaint, with the keys whose absence it laments, or the key that a misspelt one stands for. */
interface Finding extends Complaint {
  readonly absent?: readonly string[];
  readonly meant?: string;
}

/** A value, and how it was written where that differs (`18.10`, which as a number is 18.1). */
export interface Written {
  readonly value: unknown;
  readonly source: string | undefined;
}

/** What stands at a full path of the file. */
type Lookup = (path: readonly PropertyKey[]) => Written;

/** What stands where: the values of a file, and the schema it was checked with. */
interface Reading {
  readonly written: Lookup;
  readonly file: z.core.$ZodType;
}

/**
 * Turns zod's issues into complaints. `base` is the path of the value that was checked; all other paths are full ones. `file` is the schema
 * of the file, without it that of dbctl.yaml.
 */
export function explain(
  issues: readonly z.core.$ZodIssue[],
  written: Lookup,
  { base = [], file = configFile }: { readonly base?: readonly PropertyKey[]; readonly file?: z.core.$ZodType } = {},
): Complaint[] {
  const reading = { written, file };
  const placed = issues.map((issue) => under(base, issue));
  const newer = placed.map((issue) => newerVersion(issue, written)).find((complaint) => complaint !== undefined);
  // A file of another format breaks the rules of this one all over; that is not its fault.
  if (newer !== undefined) return [newer];
  const findings = placed.flatMap((issue) => complaints(issue, reading));
  // A misspelt key explains why the right one is missing.
  const meant = new Set(findings.map((finding) => finding.meant));
  return findings.filter(({ absent }) => absent?.some((key) => meant.has(key)) !== true).map(withoutNotes);
}

function under(base: readonly PropertyKey[], issue: z.core.$ZodIssue): z.core.$ZodIssue {
  return { ...issue, path: [...base, ...issue.path] };
}

function withoutNotes({ absent: _absent, meant: _meant, ...complaint }: Finding): Complaint {
  return complaint;
}

function newerVersion({ path }: z.core.$ZodIssue, written: Lookup): Complaint | undefined {
  const { value } = written(path);
  if (path.length !== 1 || path[0] !== 'version' || typeof value !== 'number' || value <= 1) return undefined;
  return {
    path,
    at: 'value',
    message: `the file is written for a newer dbctl: this one reads version 1, found ${value}`,
    hint: 'Install the dbctl release the project uses.',
  };
}

function complaints(issue: z.core.$ZodIssue, reading: Reading): Finding[] {
  const { written } = reading;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...issue.path, key], reading));
    case 'invalid_key':
      return [
        {
          path: issue.path,
          at: 'key',
          message: `${issue.issues[0]?.message ?? 'not a name'}, found ${found({ value: issue.path.at(-1), source: undefined })}`,
        },
      ];
    case 'invalid_union': {
      // The branch whose form the value has: what it complains of lies inside the value.
      const branch = issue.errors.find((errors) => errors.length > 0 && errors.every((error) => error.path.length > 0));
      if (branch === undefined) return [wrongValue(issue.path, issue.message, reading)];
      return branch.flatMap((inner) => complaints(under(issue.path, inner), reading));
    }
    case 'custom':
      return [ruleBroken(issue, written(issue.path))];
    default:
      return [wrongValue(issue.path, issue.message, reading)];
  }
}

function ruleBroken({ path, message, params }: z.core.$ZodIssueCustom, { value }: Written): Finding {
  const absent = (params?.['absent'] as string[] | undefined)?.map((key) => dotted([...path, key]));
  return { path, at: typeof value === 'object' ? 'key' : 'value', message, ...(absent === undefined ? {} : { absent }) };
}

function unknownKey(path: readonly PropertyKey[], { file, written }: Reading): Finding {
  const key = String(path.at(-1));
  if (isSecretKey(key)) return secretKey(path);
  const parent = path.slice(0, -1);
  const { here, others } = mappingAt(parent, file, (word) => written([...parent, word]).value);
  const owner = others.find(({ schema }) => keysOfMapping(schema).includes(key));
  if (here !== undefined && owner !== undefined) {
    const reason = strangers.get(here)?.[key];
    const message = `only with ${owner.key}: ${owner.word}${reason === undefined ? '' : `: ${reason}`}`;
    return { path, at: 'key', message };
  }
  const meant = suggest(key, keysOfMapping(here));
  if (meant !== undefined)
    return { path, at: 'key', message: `unknown key, did you mean ${meant}`, meant: dotted([...parent, meant]) };
  const other = elsewhere(key, file);
  return { path, at: 'key', message: `unknown key${other === undefined ? '' : `, did you mean ${other}`}` };
}

/** Its value is never quoted, whatever else is wrong with it. */
function secretKey(path: readonly PropertyKey[]): Finding {
  return {
    path,
    at: 'key',
    message: 'a secret does not belong in this file',
    secret: true,
    hint: 'Keep it in an environment variable or a file of mode 0600, and change it if the file was ever committed.',
  };
}

/** A key that exists, only in another section. */
function elsewhere(key: string, file: z.core.$ZodType): string | undefined {
  const keys = file === configFile ? CONFIG_KEYS : keysOf(file);
  const places = keys.filter(({ path }) => path.at(-1) === key);
  return places.length === 1 ? places[0]?.name : undefined;
}

function wrongValue(path: readonly PropertyKey[], expected: string, reading: Reading): Finding {
  const written = reading.written(path);
  if (isSecretKey(String(path.at(-1)))) return secretKey(path);
  if (written.value === undefined) return { path, at: 'key', message: `missing, ${expected}`, absent: [dotted(path)] };
  const advice = adviceFor(path, written, reading.file);
  return { path, at: 'value', message: `${expected}, found ${found(written)}${advice === undefined ? '' : `: ${advice}`}` };
}

function adviceFor(path: readonly PropertyKey[], { value, source }: Written, file: z.core.$ZodType): string | undefined {
  const [kind, schema] = [kindAt(path, file), schemaAt(path, file)];
  if (schema === undefined) return undefined;
  if (path.at(-1) === 'url') return 'write {variable: NAME} or {file: PATH}, the address itself may hold a password';
  const text = source ?? String(value);
  if ((typeof value === 'number' || typeof value === 'boolean') && accepts(schema, text)) return `write it in quotes, "${text}"`;
  if (typeof value === 'string' && /^\d+$/.test(value) && kind?.reads === 'number' && accepts(schema, Number(value)))
    return 'write it without quotes';
  if (kind?.reads === 'list' && typeof value === 'string' && accepts(schema, [value])) return `write [${value}]`;
  const meant = typeof value === 'string' && kind?.words !== undefined ? suggest(value, kind.words) : undefined;
  return meant === undefined ? kind?.advice?.(source ?? value) : `did you mean ${meant}`;
}

function accepts(schema: z.core.$ZodType, value: unknown): boolean {
  return z.core.safeParse(schema, value).success;
}

/** What stands there, short and without secrets. */
function found({ value, source }: Written): string {
  switch (typeof value) {
    case 'string':
      return `the text ${JSON.stringify(shortened(maskSecrets(value)))}`;
    case 'number':
      return `the number ${shortened(source ?? String(value))}`;
    case 'boolean':
      return String(value);
    default:
      if (value === null) return 'nothing';
      return `${Object.keys(value ?? {}).length === 0 ? 'an empty' : 'a'} ${Array.isArray(value) ? 'list' : 'mapping'}`;
  }
}

function shortened(text: string): string {
  return text.length <= 50 ? text : `${text.slice(0, 49)}…`;
}
