import type { JsonObject } from '../../core/json.ts';
import { versionText } from '../../core/pin.ts';
import type { Item } from '../../core/report.ts';
import { versionState, type Advisories, type Vulnerability } from './advisories.ts';
import { plural } from './plural.ts';

/** What is compared: the server, the pin, and what is known. */
export interface VersionQuestion {
  readonly server: number;
  readonly pin: number;
  readonly advisories: Advisories;
}

/** Where the server stands, for the summary of a report: with what is known to be open at its version, whether it can be reached or not. */
export function versionSummary({ server, pin, advisories }: VersionQuestion): JsonObject {
  const { state, newest } = versionState(advisories, server, pin);
  const open = openAt(advisories, server);
  return {
    server: versionText(server),
    pin: versionText(pin),
    state,
    newest,
    open: open.length,
    openInClients: open.filter(({ component }) => component === 'client').length,
    dataAsOf: advisories.data_as_of,
  };
}

/** What a release closes, worst first: of its major, and of nothing else. */
export const closedBy = (table: Advisories, release: number): readonly Vulnerability[] =>
  worstFirst(table.cves.filter(({ fixed }) => fixed.includes(release)));

/** What is open at a version: a later release of its major closes it. Worst first. */
export const openAt = (table: Advisories, version: number): readonly Vulnerability[] =>
  worstFirst(
    table.cves.filter(({ fixed }) => fixed.some((release) => majorOf(release) === majorOf(version) && release > version)),
  );

/**
 * The same as sentences: being at the pin must never sound like being safe. `items` are those of the run; where
 * version-security-outdated looked, they say how much of what is open can be reached on this server.
 */
export function versionSentence(question: VersionQuestion, items: readonly Item[] = []): string {
  const { server, pin, advisories } = question;
  const { state } = versionState(advisories, server, pin);
  const [has, wanted] = [versionText(server), versionText(pin)];
  const rest = `${repaired(question)}${openSentence(question, items)}`;
  switch (state) {
    case 'at-pin':
      return `The server is at the pin ${wanted}.${rest}`;
    case 'above-pin':
      return `The server is ${has}, above the pin ${wanted}.${rest}`;
    case 'below-pin':
      return `The server is ${has}, below the pin ${wanted}.${rest}`;
    case 'withdrawn':
      return `The server is ${has}, a release that was withdrawn.${rest}`;
    case 'unknown-newer':
      return `The server is ${has}, newer than the advisory data of ${advisories.data_as_of}: nothing is known about its holes.`;
  }
}

/** More names than that are a list nobody reads. */
const NAMED = 5;

/** What the pin closes, and whether the server has it. */
function repaired({ server, pin, advisories }: VersionQuestion): string {
  const closed = closedBy(advisories, pin);
  if (closed.length === 0 || majorOf(server) !== majorOf(pin)) return '';
  const names = closed.slice(0, NAMED).map((cve) => `${cve.id} (${cve.score}, ${where(cve)})`);
  const more = closed.length > NAMED ? ` and ${closed.length - NAMED} more` : '';
  return server >= pin
    ? ` ${versionText(pin)} closed ${names.join(', ')}${more}.`
    : ` It lacks what ${versionText(pin)} closed: ${names.join(', ')}${more}.`;
}

const where = ({ component, extensions, programs }: Vulnerability): string =>
  component === 'core' ? 'core' : [...extensions, ...programs].join(', ');

function openSentence({ server, pin, advisories }: VersionQuestion, items: readonly Item[]): string {
  const { newest } = versionState(advisories, server, pin);
  const asOf = `by the advisory data of ${advisories.data_as_of}`;
  const has = versionText(server);
  if (newest === null || newest === has) return newest === null ? '' : ` It is the newest release of its major, ${asOf}.`;
  const open = openAt(advisories, server);
  if (open.length === 0) return ` The newest release of its major is ${newest}, which closes no known hole, ${asOf}.`;
  const clients = open.filter(({ component }) => component === 'client').length;
  const inServer = open.length - clients;
  return (
    ` ${plural(open.length, 'known hole')} ${open.length === 1 ? 'is' : 'are'} open at ${has}, ${asOf}: ` +
    `${inServer} in the server${reachedText(items)}, ${clients} in client programs. ${newest} is the newest release.`
  );
}

/** How many of them the check found in reach; nothing where it did not look. */
function reachedText(items: readonly Item[]): string {
  const details = items.flatMap(({ id, detail }) => (id === 'version-security-outdated' && isCounted(detail) ? [detail] : []));
  if (details.length === 0) return '';
  const count = (key: string) =>
    details.reduce((sum, detail) => sum + (Array.isArray(detail[key]) ? (detail[key] as readonly unknown[]).length : 0), 0);
  const unseen = count('not_seen');
  const hidden = unseen === 0 ? '' : ` and ${unseen} that the role could not look into`;
  return ` (${count('exposed')} in reach on this one${hidden}, ${count('not_exposed')} not)`;
}

const isCounted = (detail: unknown): detail is JsonObject =>
  typeof detail === 'object' && detail !== null && 'exposed' in detail && 'not_exposed' in detail;

const majorOf = (version: number): number => Math.floor(version / 10_000);

const worstFirst = (cves: readonly Vulnerability[]): readonly Vulnerability[] => cves.toSorted((a, b) => b.score - a.score);
