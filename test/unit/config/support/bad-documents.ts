import { env, HEAD, type BadFile } from './bad-file.ts';

/** What a document itself can be wrong in, and its required keys. */
export const BAD_DOCUMENTS: readonly BadFile[] = [
  {
    name: 'an empty file',
    yaml: '',
    problems: ['dbctl.yaml:1:1: the file is empty'],
  },
  {
    name: 'nothing but comments',
    yaml: '# later\n',
    problems: ['dbctl.yaml:1:1: the file is empty'],
  },
  {
    name: 'an empty document',
    yaml: '---\n',
    problems: ['dbctl.yaml:1:1: expected a mapping, found nothing'],
  },
  {
    name: 'a list',
    yaml: '- version: 1\n',
    problems: ['dbctl.yaml:1:1: expected a mapping, found a list'],
  },
  {
    name: 'a text',
    yaml: 'version 1\n',
    problems: ['dbctl.yaml:1:1: expected a mapping, found the text "version 1"'],
  },
  {
    name: 'two documents',
    yaml: `${HEAD}---\nproject: b\n`,
    problems: ['dbctl.yaml:3:1: a second document begins here: the file holds one'],
    beyondSchema: true,
  },
  {
    name: 'no version',
    yaml: 'project: lab\n',
    problems: ['dbctl.yaml:1:1: version: missing, expected the number 1'],
  },
  {
    name: 'no project',
    yaml: 'version: 1\n',
    problems: ['dbctl.yaml:1:1: project: missing, expected a name of lower case letters, digits and dashes such as learning-lab'],
  },
  {
    name: 'a newer version, of which other rules are unknown',
    yaml: 'version: 2\nproject: lab\nshards: 3\n',
    problems: ['dbctl.yaml:1:10: version: the file is written for a newer dbctl: this one reads version 1, found 2'],
  },
  {
    name: 'version zero',
    yaml: 'version: 0\nproject: lab\n',
    problems: ['dbctl.yaml:1:10: version: expected the number 1, found the number 0'],
  },
  {
    name: 'version as text',
    yaml: 'version: "1"\nproject: lab\n',
    problems: ['dbctl.yaml:1:10: version: expected the number 1, found the text "1": write it without quotes'],
  },
  {
    name: 'a project that is no slug',
    yaml: 'version: 1\nproject: Learning Lab\n',
    problems: [
      'dbctl.yaml:2:10: project: expected a name of lower case letters, digits and dashes such as learning-lab, found the text "Learning Lab"',
    ],
  },
  {
    name: 'a project without a value',
    yaml: 'version: 1\nproject:\n',
    problems: [
      'dbctl.yaml:2:1: project: expected a name of lower case letters, digits and dashes such as learning-lab, found nothing',
    ],
  },
  {
    name: 'a tab as indentation',
    yaml: `${HEAD}verify:\n	fail_on: high\n`,
    problems: ['dbctl.yaml:4:1: a tab indents this line: YAML takes spaces only'],
  },
  {
    name: 'an unclosed bracket',
    yaml: `${HEAD}verify: {groups: [a\n`,
    problems: ['dbctl.yaml:4:1: a bracket is not closed: ] is missing', 'dbctl.yaml:4:1: a bracket is not closed: } is missing'],
    beyondSchema: true,
  },
  {
    name: 'an unclosed quote',
    yaml: `${HEAD}verify: {checks: "own\n`,
    problems: ['dbctl.yaml:4:1: a quote is not closed', 'dbctl.yaml:4:1: a bracket is not closed: } is missing'],
    beyondSchema: true,
  },
  {
    name: 'two keys on one line',
    yaml: `${HEAD}verify: fail_on: high\n`,
    problems: [
      'dbctl.yaml:3:9: a key begins inside a value: check the indentation, and put a value that holds a colon and a space in quotes',
    ],
    beyondSchema: true,
  },
  {
    name: 'a value that begins with @',
    yaml: `${HEAD}migrations: {folder: @db}\n`,
    problems: ['dbctl.yaml:3:22: a value cannot begin with this character: put it in quotes'],
    beyondSchema: true,
  },
  {
    name: 'an unknown escape',
    yaml: `${HEAD}migrations: {folder: "db\\migrations"}\n`,
    problems: ['dbctl.yaml:3:25: an unknown escape in double quotes: write \\\\ for a backslash, or use single quotes'],
    beyondSchema: true,
  },
  {
    name: 'uneven indentation',
    yaml: `${HEAD}verify:\n  fail_on: high\n   checks: own\n`,
    problems: [
      'dbctl.yaml:4:12: a key begins inside a value: check the indentation, and put a value that holds a colon and a space in quotes',
    ],
  },
  {
    name: 'a key twice',
    yaml: `${HEAD}verify: {}\nverify: {}\n`,
    problems: ['dbctl.yaml:4:1: verify: given twice, first on line 3'],
    beyondSchema: true,
  },
  {
    name: 'a key twice, three levels down',
    yaml: env('    tls: require\n    embedded: true\n    tls: disable\n'),
    problems: ['dbctl.yaml:7:5: environments.dev.tls: given twice, first on line 5'],
    beyondSchema: true,
  },
  {
    name: 'a tag',
    yaml: `${HEAD}migrations: {folder: !include x.yaml}\n`,
    problems: ['dbctl.yaml:3:22: tags (!word) have no meaning here: write the plain value'],
    beyondSchema: true,
  },
  {
    name: 'a directive',
    yaml: '%FOO bar\n---\nversion: 1\nproject: lab\n',
    problems: ['dbctl.yaml:1:1: directives (%WORD) have no meaning here: remove the line'],
    beyondSchema: true,
  },
  {
    name: 'a list as a key',
    yaml: `${HEAD}? [a]\n: b\n`,
    problems: ['dbctl.yaml:3:3: a list, mapping or alias stands where a key belongs'],
  },
  {
    name: 'a key that would set the prototype',
    yaml: `${HEAD}__proto__: {fail_on: high}\n`,
    problems: ['dbctl.yaml:3:1: __proto__: unknown key'],
  },
  {
    name: 'an alias without anchor',
    yaml: `${HEAD}verify: *none\n`,
    problems: ['dbctl.yaml:3:9: verify: alias *none has no anchor &none above it'],
    beyondSchema: true,
  },
  {
    name: 'an alias inside what it names',
    yaml: `${HEAD}verify: &v {skip: *v}\n`,
    problems: ['dbctl.yaml:3:19: verify.skip: alias *v stands inside what it names'],
  },
  {
    name: 'a merge of a list',
    yaml: `${HEAD}verify:\n  <<: [a]\n`,
    problems: ['dbctl.yaml:4:3: verify."<<": merges something that is not a mapping above it'],
    beyondSchema: true,
  },
  {
    name: 'a mistake in an anchored mapping, once',
    yaml: `${HEAD}environments:\n  dev: &d {embeded: true}\n  ci: *d\n  test: {<<: *d, protected: true}\n`,
    problems: ['dbctl.yaml:4:12: environments.dev.embeded: unknown key, did you mean embedded'],
  },
  {
    name: 'an unknown key',
    yaml: `${HEAD}replicas: {}\n`,
    problems: ['dbctl.yaml:3:1: replicas: unknown key'],
  },
];
