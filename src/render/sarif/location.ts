import type { FileLocation } from '../../core/report.ts';
import { visible } from '../../core/visible.ts';

/** A database object has no file. GitHub shows no result without one, so it stands at the file that demands it. */
const POLICY: FileLocation = { file: 'dbctl.yaml', line: 1 };

/** Where in the repository; `dbctl.yaml` where the finding names no file. */
export function physicalLocation(location: FileLocation | null): object {
  const { file, line = 1, column } = location ?? POLICY;
  const region = { startLine: line, ...(column !== undefined && { startColumn: column }) };
  return { physicalLocation: { artifactLocation: artifactLocation(file), region } };
}

/** The database object by its own name. */
export function objectLocation(object: string): object {
  return object === '' ? {} : { logicalLocations: [{ fullyQualifiedName: visible(object), kind: 'resource' }] };
}

/** A relative path is one of the repository (`%SRCROOT%`, the name GitHub and the viewers know). */
function artifactLocation(file: string): object {
  const path = file.replaceAll('\\', '/');
  const uri = path.split('/').map(encodedSegment).join('/');
  if (/^[A-Za-z]:\//.test(path)) return { uri: `file:///${uri}` };
  return path.startsWith('/') ? { uri: `file://${uri}` } : { uri: uri.replace(/^\.\//, ''), uriBaseId: '%SRCROOT%' };
}

/** encodeURIComponent refuses unpaired surrogates. */
function encodedSegment(segment: string): string {
  return encodeURIComponent(segment.replaceAll(/\p{Cs}/gu, '\ufffd'));
}
