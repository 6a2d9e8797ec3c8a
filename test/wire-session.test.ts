import assert from 'node:assert/strict';
import test from 'node:test';
import { RayError } from '../src/lang/errors.js';
import { PRE_AUTH_LIMIT, splitCredentials } from '../src/wire/rayforce/handshake.js';
import { Session } from '../src/wire/rayforce/session.js';
import { encodeFrame } from '../src/wire/rayforce/value.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/[^0-9a-f]/g, ''), 'hex');
const latin = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** The events there are, each as one line. */
function take(session: Session): string[] {
  const lines = [];
  for (let e = session.next(); e !== null; e = session.next()) {
    if (e.kind === 'send') lines.push(`send ${Buffer.from(e.bytes).toString('hex')}`);
    else if (e.kind === 'credentials') lines.push(`credentials ${e.user}|${e.password}`);
    else if (e.kind === 'frame') lines.push(`frame ${e.msgtype} ${e.end - e.payload}`);
    else if (e.kind === 'close') lines.push(`close ${e.code}: ${e.reason}${e.clean ? ', clean' : ''}${e.wasOpen ? ', was open' : ''}`);
    else lines.push(e.kind);
  }
  return lines;
}

/** A step: bytes that arrive, a verdict, or the end of the stream. */
type Step = string | boolean | 'eof' | 'close';
interface Case { readonly title: string; readonly make: () => Session; readonly steps: readonly Step[]; readonly events: readonly string[] }

const request = encodeFrame('(+ 1 2)', { msgtype: 1 });
const frame = Buffer.from(request).toString('hex');
const creds = (text: string): string => Buffer.from([text.length]).toString('hex') + latin(text);

const CASES: Case[] = [
  { title: 'a server without secret opens at once', make: () => Session.server(false), steps: ['0300', frame], events: ['send 0300', 'open', 'frame 1 17'] },
  { title: 'the second byte of the version means nothing', make: () => Session.server(false), steps: ['03ff'], events: ['send 0300', 'open'] },
  { title: 'another version is turned away without a word', make: () => Session.server(false), steps: ['0400', frame], events: ['close version: the peer speaks wire version 4, not 3'] },
  { title: 'accepted credentials open the session', make: () => Session.server(true), steps: ['0300', creds('bob:secret\0'), true, frame], events: ['send 0301', 'credentials bob|secret', 'send 00', 'open', 'frame 1 17'] },
  { title: 'refused credentials close it', make: () => Session.server(true), steps: ['0300', creds('bob:nope\0'), false, frame], events: ['send 0301', 'credentials bob|nope', 'send 01', 'close access: authentication failed'] },
  { title: 'credentials of no bytes are refused unheard', make: () => Session.server(true), steps: ['0300', '00', frame], events: ['send 0301', 'send 01', 'close access: empty credentials'] },
  { title: 'a frame sent ahead of the verdict is kept', make: () => Session.server(true), steps: ['0300', `${creds('a:b\0')}${frame}`, true, frame], events: ['send 0301', 'credentials a|b', 'send 00', 'open', 'frame 1 17', 'frame 1 17'] },
  { title: 'a second verdict changes nothing', make: () => Session.server(true), steps: ['0300', creds('a:b\0'), true, false], events: ['send 0301', 'credentials a|b', 'send 00', 'open'] },
  { title: 'a verdict before credentials changes nothing', make: () => Session.server(true), steps: [true, '0300'], events: ['send 0301'] },
  { title: 'a peer that leaves while its credentials are judged', make: () => Session.server(true), steps: ['0300', creds('a:b\0'), 'eof', true], events: ['send 0301', 'credentials a|b', 'close io: closed during the handshake'] },
  { title: 'a peer that says nothing', make: () => Session.server(false), steps: ['eof'], events: ['close io: closed during the handshake'] },
  { title: 'a peer that leaves between frames', make: () => Session.server(false), steps: ['0300', frame, 'eof', frame], events: ['send 0300', 'open', 'frame 1 17', 'close io: closed by the peer, clean, was open'] },
  { title: 'a peer that leaves within a frame', make: () => Session.server(false), steps: ['0300', frame.slice(0, 40), 'eof'], events: ['send 0300', 'open', 'close io: closed within a frame, was open'] },
  { title: 'bytes that are no frame', make: () => Session.server(false), steps: ['0300', `${frame}${'00'.repeat(16)}`], events: ['send 0300', 'open', 'frame 1 17', 'close corrupt: the bytes are no frame, was open'] },
  { title: 'a frame of another version', make: () => Session.server(false), steps: ['0300', frame.replace('ce03', 'ce04')], events: ['send 0300', 'open', 'close version: wire version 4, not 3, was open'] },
  { title: 'a frame over the limit', make: () => Session.server(false, { limit: 10 }), steps: ['0300', frame], events: ['send 0300', 'open', 'close limit: payload of 17 bytes, not 1 to 10, was open'] },
  { title: 'an end from this side', make: () => Session.server(false), steps: ['0300', 'close', frame, 'eof'], events: ['send 0300', 'open', 'close io: closed, clean, was open'] },
  { title: 'an end from this side before the handshake', make: () => Session.server(true), steps: ['close', '0300'], events: ['close io: closed, clean'] },

  { title: 'a client of a server without secret', make: () => Session.client(null), steps: ['0300', frame], events: ['send 0300', 'open', 'frame 1 17'] },
  { title: 'credentials nobody asks for are not sent', make: () => Session.client('bob:sec'), steps: ['0300'], events: ['send 0300', 'open'] },
  { title: 'a client sends its credentials when asked', make: () => Session.client('bob:sec'), steps: ['0301', '00', frame], events: ['send 0300', 'send 08626f623a73656300', 'open', 'frame 1 17'] },
  { title: 'a client that is refused', make: () => Session.client('bob:sec'), steps: ['0301', '01', frame], events: ['send 0300', 'send 08626f623a73656300', 'close access: authentication failed'] },
  { title: 'a server that leaves instead of answering', make: () => Session.client('bob:sec'), steps: ['0301', 'eof'], events: ['send 0300', 'send 08626f623a73656300', 'close access: authentication failed'] },
  { title: 'a client that is asked and has none', make: () => Session.client(null), steps: ['0301'], events: ['send 0300', 'close access: server requires authentication'] },
  { title: 'a server of another version', make: () => Session.client(null), steps: ['0400'], events: ['send 0300', 'close io: connection refused'] },
  { title: 'a server with an unknown answer', make: () => Session.client(null), steps: ['0302'], events: ['send 0300', 'close io: connection refused'] },
  { title: 'a server that leaves', make: () => Session.client(null), steps: ['03', 'eof'], events: ['send 0300', 'close io: connection refused'] },
];

function drive({ make, steps }: Case, bytewise: boolean): string[] {
  const session = make();
  const events = take(session);
  for (const step of steps) {
    if (step === true || step === false) session.verdict(step);
    else if (step === 'eof') session.eof();
    else if (step === 'close') session.close();
    else {
      const bytes = hex(step);
      for (let at = 0; at < bytes.length; at += bytewise ? 1 : bytes.length) {
        const chunk = Buffer.from(bytewise ? bytes.subarray(at, at + 1) : bytes);
        session.receive(chunk);
        events.push(...take(session));
        chunk.fill(0xee);
      }
    }
    events.push(...take(session));
  }
  return events;
}

for (const c of CASES) {
  test(c.title, () => {
    assert.deepStrictEqual(drive(c, false), c.events);
    assert.deepStrictEqual(drive(c, true), c.events, 'byte by byte');
  });
}

test('everything may come in one piece', () => {
  const session = Session.server(true);
  session.receive(hex(`0300${creds('bob:secret\0')}${frame}${frame}`));
  assert.deepStrictEqual(take(session), ['send 0301', 'credentials bob|secret']);
  assert.equal(session.state, 'auth');
  session.verdict(true);
  assert.deepStrictEqual(take(session), ['send 00', 'open', 'frame 1 17', 'frame 1 17']);
});

test('frames wait until they are asked for, also behind the end of the stream', () => {
  const session = Session.server(false);
  session.receive(hex(`0300${frame}`));
  session.receive(hex(frame));
  session.eof();
  assert.deepStrictEqual(take(session), ['send 0300', 'open', 'frame 1 17', 'frame 1 17', 'close io: closed by the peer, clean, was open']);
});

test('a peer that floods before its credentials are judged is cut off', () => {
  const session = Session.server(true);
  session.receive(hex(`0300${creds('a:b\0')}`));
  take(session);
  session.receive(new Uint8Array(PRE_AUTH_LIMIT));
  assert.deepStrictEqual(take(session), []);
  session.receive(new Uint8Array(1));
  assert.deepStrictEqual(take(session), [`close limit: more than ${PRE_AUTH_LIMIT} bytes before authentication`]);
});

test('how much may be sent ahead is an option', () => {
  for (const preAuth of [10, 100_000]) {
    const session = Session.server(true, { preAuth });
    session.receive(hex(`0300${creds('a:b\0')}`));
    take(session);
    session.receive(new Uint8Array(preAuth));
    assert.deepStrictEqual(take(session), []);
    session.receive(new Uint8Array(1));
    assert.deepStrictEqual(take(session), [`close limit: more than ${preAuth} bytes before authentication`]);
  }
});

test('credentials are cut at the first colon and lose one zero byte', () => {
  const split = (text: string): string[] => Object.values(splitCredentials(Buffer.from(text, 'latin1')));
  assert.deepStrictEqual(split('bob:sec:ret\0'), ['bob', 'sec:ret']);
  assert.deepStrictEqual(split('bob:secret'), ['bob', 'secret']);
  assert.deepStrictEqual(split(':secret\0'), ['', 'secret']);
  assert.deepStrictEqual(split('secret\0'), ['', 'secret']);
  assert.deepStrictEqual(split('bob:secret\0\0'), ['bob', 'secret\0']);
});

test('credentials that do not fit the length byte are refused locally', () => {
  assert.ok(Session.client('x'.repeat(254)));
  assert.throws(() => Session.client('x'.repeat(255)), (e) => e instanceof RayError && e.code === 'domain');
});

test('a verdict means nothing to a client', () => {
  const session = Session.client('bob:sec');
  session.receive(hex('0301'));
  session.verdict(true);
  assert.deepStrictEqual(take(session), ['send 0300', 'send 08626f623a73656300']);
});
