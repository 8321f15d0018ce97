import type { Property } from './model.ts';

/** Ways that are open to everybody who has the right at all, that no catalog shows and no grant closes. */
export const PROPERTIES: readonly Property[] = [
  {
    id: 'constraint-oracle',
    paths: [22],
    title: 'unique and foreign keys tell of rows that policies hide',
    why: 'the error of an INSERT said that a hidden row is there. Use random keys, and let the app not pass errors of constraints on',
  },
  {
    id: 'own-settings',
    paths: [40],
    title: 'a login changes its own password and the settings it begins with',
    why: 'statement_timeout and search_path of a role are advice to it, not a limit. Connection limits, VALID UNTIL and what superusers set hold; roles audit shows settings that differ from the file',
  },
];
