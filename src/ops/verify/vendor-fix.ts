import type { JsonObject } from '../../core/json.ts';
import type { Check } from './check.ts';
import { enableExtension, extensionWay, preloadExtension } from './extension-ways.ts';
import { fillFix } from './fix.ts';
import { isManaged, VENDOR_NAMES, type ManagedVendor, type Vendor } from './vendor.ts';
import { changeParameter } from './vendor-parameter.ts';

/** The fix of a finding, as it is done where the server runs. Pure. */
export function fixFor(vendor: Vendor, check: Pick<Check, 'id' | 'fix' | 'fixManaged'>, data: JsonObject): string {
  const own = extensionFix(vendor, check.id, data);
  if (own !== null) return own;
  if (!isManaged(vendor)) return fillFix(check.fix, data);
  return check.fixManaged === null ? onService(vendor, fillFix(check.fix, data)) : fillFix(check.fixManaged, data);
}

/** What shows a customer of the service what a check could not see; the fix that needs a superuser where nothing else is known. Pure. */
export function sightFor(vendor: Vendor, check: Pick<Check, 'id'>, fix: string | null): string | null {
  return (check.id === 'tls-enforced' && TLS_SWITCHES[vendor]) || fix;
}

/** Of services that keep it outside of PostgreSQL, from their own pages; neither was tried. */
const TLS_SWITCHES: Partial<Record<Vendor, string>> = {
  'cloud-sql':
    "gcloud sql instances describe INSTANCE --format='value(settings.ipConfiguration.sslMode)'\n" +
    '# ENCRYPTED_ONLY, or TRUSTED_CLIENT_CERTIFICATE_REQUIRED, is what is wanted: gcloud sql instances patch INSTANCE --ssl-mode=ENCRYPTED_ONLY',
  supabase:
    'supabase --experimental ssl-enforcement get\n' +
    '# where it is off: supabase --experimental ssl-enforcement update --enable-db-ssl-enforcement',
};

/** Extensions that are known by name have steps of their own; the others keep what the check says. */
function extensionFix(vendor: Vendor, check: string, data: JsonObject): string | null {
  const { extension, library, available } = data;
  if (check === 'ext-required' && typeof extension === 'string') {
    const way = extensionWay(extension);
    const isThere = !isManaged(vendor) && available === true;
    const { schema } = data;
    return way === undefined || isThere || typeof schema !== 'string' ? null : enableExtension(vendor, way, schema).join('\n');
  }
  if (check === 'ext-preload' && typeof library === 'string' && isManaged(vendor)) {
    const way = extensionWay(library);
    return way?.preload === true && data['severity'] === 'high' ? preloadExtension(vendor, way).join('\n') : null;
  }
  return null;
}

/** `alter system set name = value;` or `reset name;`, and what stands behind it on the line; a value may hold quoted semicolons. */
const ALTER_SYSTEM =
  /alter system (?:set ("[^"]+"|[\w.]+) (?:=|to) ((?:'(?:[^']|'')*'|[^';])+)|reset ("[^"]+"|[\w.]+));([^\n]*)/g;
const RELOAD = /select (?:pg_catalog\.)?pg_reload_conf\(\);[ ]*/g;
/** What is done in a shell on the server's machine. */
const ON_THE_MACHINE = /pg_ctl|\$PGDATA|systemctl|\bpostgresql\.conf\b|start the server with/;

/** Statements of the fix for which a managed service has another way, in that way; the rest as it is. */
function onService(vendor: ManagedVendor, fix: string): string {
  const translated = splitStatements(fix).replace(
    ALTER_SYSTEM,
    (_, name: string | undefined, value: string | undefined, reset: string | undefined, rest: string) => {
      const restart = /restart the server/.test(rest);
      const comment = restart ? '' : rest.replace(RELOAD, '').trim().replace(/^-- /, '# ');
      const change = { name: bare(name ?? reset ?? ''), value: value === undefined ? null : plain(value), restart };
      return [...(comment === '' ? [] : [comment]), changeParameter(vendor, change)].join('\n');
    },
  );
  const text = translated.replace(RELOAD, '').trim();
  if (text === '' || ON_THE_MACHINE.test(text))
    return `# the machine is ${VENDOR_NAMES[vendor]}'s: where its console has no such switch, ask its support or waive this\n${commented(text)}`.trimEnd();
  return text;
}

/** Each statement on a line of its own, so that what is behind one belongs to it alone. */
function splitStatements(fix: string): string {
  return fix.replaceAll(/; alter system /g, ';\nalter system ');
}

function commented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '#   ');
}

function bare(name: string): string {
  return name.replaceAll('"', '');
}

/** `'a', 'b'` → a,b · `'it''s'` → it's · receipt, authorization → receipt,authorization. */
function plain(value: string): string {
  const parts = value.match(/'(?:[^']|'')*'|[^',]+/g) ?? [];
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => (part.startsWith("'") ? part.slice(1, -1).replaceAll("''", "'") : part))
    .join(',');
}
