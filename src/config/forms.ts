import { text } from './values.ts';

/** A name PostgreSQL takes; it keeps 63 bytes of it. Case counts: dbctl quotes it. */
const NAME = '[A-Za-z_][A-Za-z0-9_$]{0,62}';

export const slug = () =>
  text('name', /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'a name of lower case letters, digits and dashes such as learning-lab');
export const environmentName = () =>
  text('name', /^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/, 'an environment name of lower case letters, digits and dashes such as dev');
export const identifier = () =>
  text('name', new RegExp(`^${NAME}$`), 'a name as PostgreSQL takes it, up to 63 letters, digits and _');
export const qualifiedName = () =>
  text('schema.table', new RegExp(`^${NAME}\\.${NAME}$`), 'a table with its schema such as dbctl.schema_migrations');
export const release = () =>
  text('major.minor', /^[1-9][0-9]\.[0-9]{1,2}$/, 'a PostgreSQL release as text, major.minor such as "18.2"');
export const extensionName = () => text('name', /^[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*$/, 'the name of an extension such as pg_trgm');
export const libraryName = () => text('library', /^[A-Za-z0-9_.-]+$/, 'the name of a library such as auto_explain');
export const settingName = () =>
  text('name', /^[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)*$/, 'the name of a setting such as work_mem');
export const path = () => text('path', /^[^\0\s](?:[^\0]*[^\0\s])?$/, 'a path');
export const variableName = () =>
  text('variable name', /^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable such as PROD_DATABASE_URL');
export const checkWord = (what: string) =>
  text('id', /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, `${what}: lower case words joined by dashes`);
export const timezone = () => text('timezone', /^[A-Za-z0-9_+/-]+$/, 'a timezone such as UTC or Europe/Paris');
export const localeName = () => text('name', /^[A-Za-z0-9_.@=;-]+$/, 'the name of a locale such as C.UTF-8');
export const systemIdentifier = () =>
  text('digits', /^[1-9][0-9]{0,19}$/, 'the digits of pg_control_system().system_identifier as text');

export const bucketName = () => text('bucket', /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket');
export const region = () => text('region', /^[a-z0-9-]+$/, 'a region such as eu-central-1');
export const endpoint = () => text('URL', /^https?:\/\/[^\s@]+$/, 'an http or https URL without user name');
