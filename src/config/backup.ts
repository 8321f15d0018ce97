import { path } from './forms.ts';
import { section } from './values.ts';

export const backup = section({
  programs: path()
    .optional()
    .describe('Folder of pg_dump and the other client programs; default: the newest that fit, on PATH and in the usual folders.'),
});
