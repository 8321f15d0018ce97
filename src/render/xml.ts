import { visible, visibleBlock } from '../core/visible.ts';

type Attributes = Readonly<Record<string, string | number | undefined>>;

/**
 * An element with its children one level deeper. Characters XML 1.0 forbids (most controls, unpaired surrogates, U+FFFE)
 * are shown as escapes by {@link visible}: they may not appear even as references.
 */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const start = `<${name}${Object.entries(attributes).map(attribute).join('')}`;
  if (children.length === 0) return `${start}/>`;
  return `${start}>\n${children.map(indent).join('\n')}\n</${name}>`;
}

/** An element that holds text, spaces and line feeds kept. */
export function textElement(name: string, attributes: Attributes, text: string): string {
  return `<${name}${Object.entries(attributes).map(attribute).join('')}>${escaped(visibleBlock(text).trimEnd())}</${name}>`;
}

function attribute([name, value]: readonly [string, string | number | undefined]): string {
  return value === undefined ? '' : ` ${name}="${escaped(visible(String(value)))}"`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Only lines that start with markup are indented: text between tags must not grow spaces. */
function indent(block: string): string {
  return block.replaceAll(/^(?= *<)/gm, '  ');
}
