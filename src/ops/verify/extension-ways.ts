import { ident, literal } from '../../db/ident.ts';
import data from './extensions.json' with { type: 'json' };
import { isManaged, type ManagedVendor, type Vendor } from './vendor.ts';
import { changeParameter, type ParameterChange } from './vendor-parameter.ts';

interface Setting {
  readonly name: string;
  readonly value: string;
}

/** How an extension is brought into use; the same data makes docs/extensions.md and the fixes of ext-required and ext-preload. */
export interface ExtensionWay {
  readonly name: string;
  /** Package of Debian's names that has its files; null: it comes with the server, as contrib. */
  readonly package: string | null;
  /** Its library must be loaded when the server starts. */
  readonly preload: boolean;
  /** What has to be set besides. */
  readonly settings: readonly Setting[];
  /** Settings that stand in for preloading, by vendor. */
  readonly flags?: Partial<Readonly<Record<Vendor, readonly Setting[]>>>;
  /** Where its objects have to be; else in the project's schema for extensions. */
  readonly schema?: string;
  readonly note: string;
}

type Sources = Readonly<Partial<Record<string, Readonly<Partial<Record<string, string>>>>>>;

export const EXTENSION_WAYS: readonly ExtensionWay[] = data.extensions;
/** How a managed service's settings are changed, and the page that says so; null where none was read. */
export const PARAMETER_WAYS: Readonly<Record<ManagedVendor, { readonly how: string; readonly source: string | null }>> =
  data.parameters;
/** Pages that name what a vendor is recognised by. */
export const MARK_SOURCES: Readonly<Record<ManagedVendor, string | null>> = data.marks;

export function extensionWay(name: string): ExtensionWay | undefined {
  return EXTENSION_WAYS.find((way) => way.name === name);
}

/** The page the steps were taken from; null where none was read. */
export function sourceOf(vendor: Vendor, { name }: ExtensionWay): string | null {
  const pages = (data.sources as Sources)[vendor];
  return pages?.[name] ?? pages?.['*'] ?? null;
}

/** Every step from nothing to an extension in use, one command a line. */
export function enableExtension(vendor: Vendor, way: ExtensionWay, schema: string): string[] {
  return [...files(vendor, way), ...(way.preload ? preloadExtension(vendor, way) : []), create(way, schema)];
}

/** Loads its library at the start of the server. What is loaded already has to stay in the list. */
export function preloadExtension(vendor: Vendor, way: ExtensionWay): string[] {
  const library: ParameterChange = { name: 'shared_preload_libraries', value: `LOADED,${way.name}`, restart: true };
  const listed = `# LOADED: what show shared_preload_libraries; lists now`;
  const flags = way.flags?.[vendor];
  const settings = way.settings.map((setting) => ({ ...setting, restart: false }));
  if (!isManaged(vendor))
    return [
      `alter system set shared_preload_libraries = LOADED, ${literal(way.name)}; -- LOADED: what it lists now; then restart the server`,
      ...settings.map(({ name, value }) => `alter system set ${name} = ${literal(value)}; select pg_reload_conf();`),
    ];
  // Supabase loads those it offers, and offers no way to load others.
  if (vendor === 'supabase') return settings.map(({ name, value }) => `alter role postgres set ${name} = ${literal(value)};`);
  // One command, because each replaces the flags of the one before.
  if (vendor === 'cloud-sql') {
    const [first, ...more] = [...(flags ?? [{ name: 'shared_preload_libraries', value: way.name }]), ...way.settings];
    if (flags === undefined || first === undefined) return [`# Cloud SQL loads it by itself`];
    const value = [first.value, ...more.map((setting) => `|${setting.name}=${setting.value}`)].join('');
    return [changeParameter(vendor, { name: first.name, value, restart: true })];
  }
  return [listed, changeParameter(vendor, library), ...settings.map((setting) => changeParameter(vendor, setting))];
}

function files(vendor: Vendor, { name, package: files }: ExtensionWay): string[] {
  switch (vendor) {
    case 'self-hosted':
      return files === null
        ? ['-- its files come with the server (Debian: postgresql-18; elsewhere: postgresql-contrib)']
        : [`-- first, on the machine: apt-get install ${files}`];
    case 'container':
      return files === null
        ? ['-- its files are in the official image']
        : [`-- first an image of your own with its files: RUN apt-get update && apt-get install -y ${files}`];
    case 'rds':
    case 'aurora':
      return [`# where rds.allowed_extensions of the parameter group is a list, add ${name} to it`];
    case 'cloud-sql':
      return [];
    case 'azure':
      return [
        '# ALLOWED: what show azure.extensions; lists now',
        changeParameter(vendor, { name: 'azure.extensions', value: `ALLOWED,${name}`, restart: false }),
      ];
    case 'supabase':
      return [];
  }
}

function create({ name, schema: own }: ExtensionWay, schema: string): string {
  const place = ident(own ?? schema);
  const makeSchema = own === undefined ? `create schema if not exists ${place}; ` : '';
  return `${makeSchema}create extension ${ident(name)} schema ${place};`;
}
