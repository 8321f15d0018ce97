import { isIn, LEFT_TO_RIGHT, PROHIBITED, RIGHT_TO_LEFT, UNASSIGNED } from './stringprep-tables.ts';

/** C.1.2: other spaces become a space. U+200B is in both tables, and a space comes first in the server. */
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;

/** B.1: soft hyphens, joiners and variation selectors become nothing. */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g;

/**
 * A password as PostgreSQL prepares it before it is hashed (pg_saslprep in saslprep.c): ASCII is left alone; the others are prepared by
 * RFC 4013, and where that prohibits the result the password is taken as it was written. A client that prepares otherwise does not get in.
 */
export function saslprep(password: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/.test(password)) return password;
  const mapped = password.replaceAll(OTHER_SPACES, ' ').replaceAll(NOTHING, '');
  // The server asks what is prohibited before it normalizes, where RFC 3454 does after (found by passwords made by chance).
  return mapped === '' || isProhibited(mapped) ? password : mapped.normalize('NFKC');
}

function isProhibited(text: string): boolean {
  const codePoints = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  if (codePoints.some((one) => isIn(PROHIBITED, one) || isIn(UNASSIGNED, one))) return true;
  const toTheLeft = (one: number | undefined): boolean => one !== undefined && isIn(RIGHT_TO_LEFT, one);
  if (!codePoints.some(toTheLeft)) return false;
  // RFC 3454, 6: with one such character there is none of the others, and it stands at both ends.
  return codePoints.some((one) => isIn(LEFT_TO_RIGHT, one)) || !toTheLeft(codePoints[0]) || !toTheLeft(codePoints.at(-1));
}
