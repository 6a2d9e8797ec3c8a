/** The TypeScript of a protobuf package: for each message a type, `create`, `encode`, `decode` and their pieces. */

const VARINT = 0;
const DELIMITED = 2;

/** By field type: TypeScript type, default, wire type, how it is read and written, and when it is on the wire. */
const SCALARS = {
  uint32: { ts: 'number', zero: '0', wire: VARINT, read: 'uint32(r)', write: (v) => `w.uint32(${v})`, present: (v) => `${v} !== 0` },
  uint64: { ts: 'bigint', zero: '0n', wire: VARINT, read: 'uint64(r)', write: (v) => `writeUint64(w, ${v})`, present: (v) => `${v} !== 0n` },
  bool: { ts: 'boolean', zero: 'false', wire: VARINT, read: 'bool(r)', write: (v) => `w.bool(${v})`, present: (v) => v },
  string: { ts: 'string', zero: "''", wire: DELIMITED, read: 'r.stringVerify()', write: (v) => `w.string(${v})`, present: (v) => `${v} !== ''` },
  bytes: { ts: 'Uint8Array', zero: 'NO_BYTES', wire: DELIMITED, read: 'r.bytes()', write: (v) => `w.bytes(${v})`, present: (v) => `${v}.length > 0` },
};
/** Numbers without a name are kept, so an enum is a number. */
const ENUM = { ts: 'number', zero: '0', wire: VARINT, read: 'int32(r)', write: (v) => `w.int32(${v})`, present: (v) => `${v} !== 0` };

export function emit(pkg) {
  const all = pkg.nestedArray;
  const enums = all.filter((n) => n.values !== undefined);
  const messages = all.filter((n) => n.fieldsArray !== undefined);
  return [
    '// Generated from grammar/broker_v1.proto by grammar/broker-generate.mjs; not to be edited.',
    "import protobuf from 'protobufjs/minimal.js';",
    "import { bool, decodeWhole, int32, NO_BYTES, nested, readPair, skip, uint32, uint64, writePairs, writeUint64 } from './protobuf.js';",
    '',
    ...enums.map(emitEnum),
    ...messages.map(emitMessage),
  ].join('\n');
}

function emitEnum({ name, values }) {
  const prefix = commonPrefix(Object.keys(values));
  const rows = Object.entries(values).map(([key, id]) => `${key.slice(prefix.length)}: ${id}`);
  return `export const ${name} = { ${rows.join(', ')} } as const;\n`;
}

/** What all names start with, up to an underscore. */
function commonPrefix(names) {
  const head = names[0].split('_');
  let n = 0;
  while (n < head.length - 1 && names.every((name) => name.split('_')[n] === head[n])) n++;
  return n === 0 ? '' : `${head.slice(0, n).join('_')}_`;
}

function emitMessage(message) {
  const { name } = message;
  const fields = message.fieldsArray.toSorted((a, b) => a.id - b.id).map(describe);
  return `export interface ${name} {
${fields.map((f) => `  ${f.name}: ${f.ts};`).join('\n')}
}

export function create${name}(init: Partial<${name}> = {}): ${name} {
  return { ${fields.map((f) => `${f.name}: init.${f.name} ?? ${f.zero}`).join(', ')} };
}

export function encode${name}(m: ${name}): Uint8Array {
  return write${name}(m, protobuf.Writer.create()).finish();
}

/** The message in \`bytes[start, end)\`. Byte fields are views of it. Errors: DecodeError. */
export function decode${name}(bytes: Uint8Array, start = 0, end = bytes.length): ${name} {
  return decodeWhole(bytes, start, end, create${name}(), merge${name});
}

export function write${name}(m: ${name}, w: protobuf.Writer): protobuf.Writer {
${fields.map((f) => `  ${f.write}`).join('\n')}
  return w;
}

function merge${name}(r: protobuf.Reader, m: ${name}, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
${fields.map((f) => `      case ${f.tag}: ${f.read} break;`).join('\n')}
      default: skip(r, tag, KNOWN_${name}, depth);
    }
  }
}
const KNOWN_${name} = ${mask(fields)};
`;
}

function mask(fields) {
  return `0x${fields.reduce((bits, f) => bits | (1 << f.id), 0).toString(16)}`;
}

function describe(field) {
  const { id, name } = field;
  if (id > 30) throw new Error(`${name}: the mask of known fields ends at 30`);
  const at = `m.${name}`;
  const tag = (wire) => (id << 3) | wire;
  const start = (wire) => `w.uint32(${tag(wire)})`;
  if (field.map) {
    if (field.keyType !== 'string' || field.type !== 'string') throw new Error(`${name}: only maps from string to string`);
    return {
      id, name, ts: 'Map<string, string>', zero: 'new Map()', tag: tag(DELIMITED),
      read: `readPair(r, ${at}, depth);`, write: `writePairs(w, ${tag(DELIMITED)}, ${at});`,
    };
  }
  const kind = field.resolvedType?.values !== undefined ? ENUM : SCALARS[field.type];
  if (kind === undefined) {
    if (field.resolvedType === null) throw new Error(`${name}: no code for ${field.type}`);
    const type = field.resolvedType.name;
    const others = (field.partOf?.fieldsArray ?? []).filter((f) => f !== field).map((f) => ` m.${f.name} = null;`).join('');
    return {
      id, name, ts: `${type} | null`, zero: 'null', tag: tag(DELIMITED),
      read: `nested(r, ${at} ??= create${type}(), merge${type}, depth);${others}`,
      write: `if (${at} !== null) write${type}(${at}, ${start(DELIMITED)}.fork()).ldelim();`,
    };
  }
  if (field.repeated) {
    if (kind.wire !== DELIMITED) throw new Error(`${name}: no code for packed fields`);
    return {
      id, name, ts: `${kind.ts}[]`, zero: '[]', tag: tag(kind.wire),
      read: `${at}.push(${kind.read});`, write: `for (const v of ${at}) ${kind.write('v').replace('w.', `${start(kind.wire)}.`)};`,
    };
  }
  const optional = field.options?.proto3_optional === true;
  const present = optional ? `${at} !== null` : kind.present(at);
  const write = kind.write(at);
  return {
    id, name, ts: optional ? `${kind.ts} | null` : kind.ts, zero: optional ? 'null' : kind.zero, tag: tag(kind.wire),
    read: `${at} = ${kind.read};`,
    write: `if (${present}) ${write.startsWith('w.') ? write.replace('w.', `${start(kind.wire)}.`) : write.replace('(w,', `(${start(kind.wire)},`)};`,
  };
}
