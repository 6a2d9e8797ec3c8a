/**
 * The rules that make a value; src/lang/literals.ts holds an action of the same name for each. All other rules only recognize:
 * what values the rules below them make passes through. A value rule that reaches other value rules is a node (its action gets
 * their values), any other a token (its action gets its slice of the text).
 */
export const VALUES = [
  'source', 'list', 'vector', 'dict',
  'hex', 'typedNull', 'date', 'timestamp', 'time', 'float', 'int',
  'name', 'keyName', 'keyword', 'bind', 'string', 'char', 'symbol',
];
