import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';

/**
 * Checks that a certificate was issued for `host`, by libpq's rules (fe-secure-common.c), which differ from Node's: the names
 * are those of subjectAltName; the common name counts only when there is none of the host's kind (DNS name or IP address); a
 * wildcard stands alone as the first label and covers exactly one. Returns what is wrong, undefined when it fits.
 */
export function hostMismatch(certificate: PeerCertificate, host: string): string | undefined {
  const kind = isIP(host) === 0 ? 'DNS' : 'IP Address';
  const names = subjectNames(certificate.subjectaltname ?? '');
  const dns = names.filter((name) => name.kind === 'DNS').map((name) => name.value);
  const commonName = names.some((name) => name.kind === kind) ? [] : [certificate.subject.CN].flat().slice(0, 1);
  const matches =
    [...dns, ...commonName].some((name) => nameMatches(name, host)) ||
    (kind === 'IP Address' && new X509Certificate(certificate.raw).checkIP(host) !== undefined);
  if (matches) return undefined;
  const first = [...names.map((name) => name.value), ...commonName].find((name) => name !== undefined);
  return first === undefined
    ? 'it names no host'
    : `it is for "${first}"${names.length > 1 ? ` and ${names.length - 1} more` : ''}`;
}

function nameMatches(name: string | undefined, host: string): boolean {
  const [pattern, wanted] = [name?.toLowerCase(), host.toLowerCase()];
  if (pattern === undefined || pattern === wanted) return pattern === wanted;
  const dot = wanted.indexOf('.');
  return pattern.length >= 3 && pattern.startsWith('*.') && dot > 0 && wanted.slice(dot) === pattern.slice(1);
}

interface SubjectName {
  readonly kind: string;
  readonly value: string;
}

/**
 * Node's text form of subjectAltName: `DNS:a, IP Address:127.0.0.1`; a value with a comma or a quote in it is a JSON string, so
 * that one name cannot pretend to be two (CVE-2021-44532).
 */
function subjectNames(text: string): SubjectName[] {
  const entries = text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g);
  return [...entries].map(([, kind, value]) => ({ kind: kind ?? '', value: unquoted(value ?? '') }));
}

function unquoted(value: string): string {
  return value.startsWith('"') ? String(JSON.parse(value)) : value;
}
