import { env, HEAD, type BadFile } from './bad-file.ts';

/** Keys nobody knows, and sections that are none. */
export const BAD_KEYS: readonly BadFile[] = [
  {
    name: 'a misspelt key',
    yaml: `${HEAD}migrations: {lock_timout: 2s}\n`,
    problems: ['dbctl.yaml:3:14: migrations.lock_timout: unknown key, did you mean lock_timeout'],
  },
  {
    name: 'letters swapped',
    yaml: `${HEAD}verfiy: {}\n`,
    problems: ['dbctl.yaml:3:1: verfiy: unknown key, did you mean verify'],
  },
  {
    name: 'camel case',
    yaml: `${HEAD}migrations: {lockTimeout: 2s}\n`,
    problems: ['dbctl.yaml:3:14: migrations.lockTimeout: unknown key, did you mean lock_timeout'],
  },
  {
    name: 'a dash for an underscore',
    yaml: `${HEAD}verify: {fail-on: high}\n`,
    problems: ['dbctl.yaml:3:10: verify.fail-on: unknown key, did you mean fail_on'],
  },
  {
    name: 'a key of another section',
    yaml: `${HEAD}lock_timeout: 2s\n`,
    problems: ['dbctl.yaml:3:1: lock_timeout: unknown key, did you mean migrations.lock_timeout'],
  },
  {
    name: 'a misspelt required key',
    yaml: 'version: 1\nprojekt: lab\n',
    problems: ['dbctl.yaml:2:1: projekt: unknown key, did you mean project'],
  },
  {
    name: 'a key that is no word',
    yaml: `${HEAD}"a.b c": 1\n`,
    problems: ['dbctl.yaml:3:1: "a.b c": unknown key'],
  },
  {
    name: 'a key without name',
    yaml: `${HEAD}: 1\n`,
    problems: ['dbctl.yaml:3:1: "": unknown key'],
  },
  {
    name: 'a section an overlay cannot have',
    yaml: env('    overlay: {dev: {version: 17}}\n'),
    problems: ['dbctl.yaml:5:15: environments.dev.overlay.dev: unknown key'],
  },
  {
    name: 'a section without a value',
    yaml: `${HEAD}verify:\n`,
    problems: ['dbctl.yaml:3:1: verify: expected a mapping, found nothing'],
  },
  {
    name: 'a section that is a list',
    yaml: `${HEAD}verify: [all]\n`,
    problems: ['dbctl.yaml:3:9: verify: expected a mapping, found a list'],
  },
];
