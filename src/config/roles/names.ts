import { text } from '../values.ts';

/** A name or pattern; in double quotes whatever a name can be, such as "We ird". */
const NAME = '(?:[A-Za-z_*][A-Za-z0-9_$*]*|"(?:[^"\\0]|"")+")';
/** The same without *. */
const TABLE = '(?:[A-Za-z_][A-Za-z0-9_$]*|"(?:[^"\\0]|"")+")';
/** The server has no role none or public; one named "PUBLIC" it would have, and nobody could tell it from PUBLIC. */
const ROLE = /^(?!pg_)(?!(?:none|public|PUBLIC)$)[A-Za-z_][A-Za-z0-9_$]{0,62}$/;

export const pattern = () =>
  text('pattern', new RegExp(`^${NAME}\\.${NAME}$`), 'a pattern such as app.orders or app.*, in which * stands for any letters');
export const routinePattern = () =>
  text(
    'pattern',
    new RegExp(`^${NAME}\\.${NAME}(?:\\([^()]*\\))?$`),
    'a routine such as app.place_order(bigint, numeric), or a pattern such as app.*',
  );
export const tableName = () =>
  text('schema.table', new RegExp(`^${TABLE}\\.${TABLE}$`), 'a table with its schema such as app.orders or app."We ird"');
/** As the catalog has it, in whatever script: dbctl quotes it. */
export const anyName = (what: string) =>
  text('name', /^[\p{L}\p{N}_][^\p{C}.]{0,62}$/u, `the name of a ${what}, up to 63 letters`);
export const roleName = () =>
  text(
    'role',
    ROLE,
    'the name of a role, up to 63 letters, digits and _, which does not begin with pg_ and is not none or public',
  );
export const groupName = () => text('role', /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/, 'the name of a role');
export const parameterName = () =>
  text('parameter', /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*$/, 'the name of a parameter such as statement_timeout');
export const presetName = () => text('preset', /^[a-z][a-z0-9_-]*$/, 'the name of a preset such as read');
export const reason = () => text('text', /^\S.{9,999}$/s, 'a text of 10 characters at least');
export const day = () =>
  text('day', /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, 'a day such as 2027-03-31, in quotes').refine(isDay, {
    error: 'there is no such day',
  });

/** 31 February is read as a day of March. */
function isDay(value: string): boolean {
  const time = Date.parse(`${value}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().startsWith(value);
}
