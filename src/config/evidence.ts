import { repository } from './repository.ts';
import { kinds, section } from './values.ts';

/** One value: an overlay that names a bucket replaces the folder, and does not stand beside it. */
const storage = repository.clone().register(kinds, { name: 'mapping', reads: 'list' });

export const evidence = section({
  storage: storage
    .optional()
    .describe(
      'Where access reviews are kept, with the keys of an entry of backup.repositories: a folder, a bucket, best with a lock, or a folder of another machine. Default: the folder evidence beside dbctl.yaml.',
    ),
});
