/** The public API. Nothing else is exported. */
import { BUILTINS } from './builtins/index.js';
import { systemHost } from './builtins/host.js';
import { itemAt } from './columns/item.js';
import { ROWS as SERDE } from './engine/serde-builtins.js';
import { fromJs, toJs, type JsValue } from './columns/js.js';
import { attachIpc } from './engine/attach.js';
import { RayError } from './lang/errors.js';
import { explain } from './lang/trace.js';
import { format } from './lang/format.js';
import { fromBytes, toBytes } from './lang/text.js';
import { Interp } from './lang/interpreter.js';
import { name as nameOf, type Value } from './lang/value.js';
import type { HostServices } from './lang/runtime.js';
import type { AttachOptions, IpcHost } from './engine/api.js';

export { Builtin, Dict, F64, Guid, Lambda, List, Narrow, Stamp, Sym, T, Table, Vec, isNull, symbol, tagOf } from './lang/value.js';
export { ERRORS, RayError, type ErrorCode } from './lang/errors.js';
export { entries, fromJs, toJs, type JsValue } from './columns/js.js';
export { startNode } from './engine/node.js';
export { connect } from './engine/client.js';
export { Connection, type BufferResult, type DurationResult, type SendResult, type StartTlsResult, type TimerResult } from './net/endpoint.js';
export type { ClientOptions as ConnectionClientOptions, ConnectionOptions, ServerOptions, SslClientOptions } from './net/connection-options.js';
export { CLOSE_CODES, TLS_FAILURES, type CloseCause, type Failure, type Reason, type TlsFailure, type TlsFailureCode } from './net/failures.js';
export { Listener, inheritedDescriptors, type ListenTarget, type ListenerHandler, type ListenerOptions } from './net/stream-listener.js';
export type { Acceptor, AcceptorEvents, Arrival, ListenFailure } from './net/acceptor.js';
export type { Admission, CredentialRules } from './net/peer-credentials.js';
export {
  CONGESTED, PENDING, TAKEN, type Dialer, type DialEvents, type DialTarget, type PeerCredentials, type PeerName, type TlsSession, type Transport, type TransportEvents, type WriteOutcome,
} from './net/transport.js';
export type { State as ConnectionState } from './net/states.js';
export type { TlsState } from './net/tls-state.js';
export { fakeDialer, fakePair, type FakeNetOptions, type FakeTransport } from './net/fake-transport.js';
export { ManualClock, systemClock, type Clock, type Timer } from './net/clock.js';
export { canPassConnections, passConnection, takeConnection, type Passed, type Taken } from './net/descriptor-passing.js';
export { TlsContext, type PeerCertificateInfo, type TlsContextOptions, type TlsDetails } from './net/tls-context.js';
export { Reconnector, type ReconnectEvents, type ReconnectOptions } from './net/reconnect.js';
export type { Bytes, ClientHandler, ConnectionHandler, Log, LogEntry, ServerHandler } from './net/handlers.js';
export { BufferedSender, Sender, dialWithRetry, type Dropped, type Outgoing, type RetryOptions, type SendAnswer, type SenderOptions, type SpoolOptions } from './engine/soc/senders.js';
export { PipeListener, Receiver, type PipeListenerOptions } from './engine/soc/receivers.js';
export { PipeError, pipePath } from './engine/soc/paths.js';
export type { Message } from './wire/soc/message.js';
export { EndpointMux, opening, type LegacyDetector, type MuxFault, type MuxOptions, type MuxVerdict, type Opening, type Protocol } from './wire/mux.js';
export { FrameSession, type FrameEvent } from './wire/frame-session.js';
export { answerWire, eventWire, laneMessage, OpenRequests, type LaneMessage } from './wire/broker/lanes.js';
export { BodyReader, decodeBody, frameBody, frameWire, request, responseTo, traceHeaders, tryDecode } from './wire/broker/frame.js';
export { isConsumer, SESSION } from './wire/broker/protocols.js';
export { ProbeResponder, type VerifyFault } from './wire/broker/probe.js';
export { ownIdentity } from './engine/broker/process-facts.js';
export { BrokerServer, type BrokerServerOptions } from './engine/broker/server.js';
export { BrokerError } from './engine/broker/socket-folder.js';
export { Adoption, type AdoptionOptions, type TakenClient } from './engine/broker/adoption.js';
export { Handoffs } from './engine/broker/handoffs.js';
export { brokerConnect, brokerHello, probe, verify, type BrokerLink, type DialOptions } from './engine/broker/dial.js';
export { definitionsIn, writeDefinition } from './engine/broker/definition-files.js';
export { findSidecar, readSidecar, writeSidecar } from './engine/broker/sidecar-file.js';
export { brokersDisabled, refusalClass, type ClientFault, type ClientOptions, type RefusalClass } from './wire/broker/client.js';
export { BackendTable, DefinedServices, RegistrationError, Router, type Launch, type Registration, type RouterOptions, type RunningBackend } from './wire/broker/directories.js';
export { HelloHandler, type Backend, type Directory, type HelloOptions, type Peer } from './wire/broker/hello.js';
export { AckRegistry, TokenStore } from './wire/broker/handoff-tokens.js';
export { SessionTokens } from './wire/broker/session-tokens.js';
export { leafName, pipeEndpoint, socketEndpoint, socketFolder, socketPath, userHash, type Leaf } from './wire/broker/endpoint-names.js';
export { REFUSALS, type Refusal } from './wire/broker/refusal.js';
export type { DaemonProcess, Endpoint, Frame, HandoffOffer, Hello, Negotiated, Refused, ServiceDefinition } from './wire/broker/messages.generated.js';
export { decode, encode, encodeFrame, type DecodeOptions, type EncodeOptions, type FrameOptions } from './wire/rayforce/value.js';
export type {
  AttachOptions, Client, ConnectionInfo, ConnectOptions, Dialect, EvaluateOptions, EvaluateResult, Incoming, IpcHost, JournalOptions, Limits, ListenOptions, LogRecord, NodeOptions,
  ProgramHost, RflNode, SendOptions, UserEntry,
} from './engine/api.js';
export type { ClientTls, ServerTls } from './engine/tls-files.js';
export type { Value } from './lang/value.js';
export type { HostServices } from './lang/runtime.js';

/** An error of a script or of the language. `code` is one of `ERRORS`, or what a peer sent; `message` draws the source with its caret. */
export class RayfallError extends Error {
  override readonly name = 'RayfallError';
  readonly code: string;
  constructor(readonly error: RayError) {
    super(fromBytes(explain(error)).trim());
    this.code = error.code;
  }
}

/** Of `new Interpreter`. */
export interface InterpreterOptions {
  /** Replaces services of the process: output, clocks, randomness, `exit`. */
  readonly host?: Partial<HostServices>;
}

/** Of one evaluation. */
export interface EvalOptions {
  /** Stops the evaluation with `cancel` after so many ms. Default: no limit. */
  readonly deadlineMs?: number;
  /** Refuses restricted builtins with `access`. Default false. */
  readonly restricted?: boolean;
  /** Name of the source in traces. */
  readonly file?: string;
}

/** One interpreter: its own globals, hooks and limits. Evaluation is synchronous, in the caller's thread. */
export class Interpreter {
  readonly #interp: Interp;

  constructor(options: InterpreterOptions = {}) {
    this.#interp = new Interp({ host: systemHost(options.host), builtins: [...BUILTINS, ...SERDE], itemAt });
  }

  /** Evaluates a program and answers the value of its last form. Throws RayfallError. */
  eval(source: string, options: EvalOptions = {}): Value {
    return this.#guarded(options, () => this.#interp.run(toBytes(source), options.file));
  }

  /** Calls a function: a function value, or the name of one. Throws RayfallError. */
  call(f: Value | string, args: readonly Value[], options: EvalOptions = {}): Value {
    return this.#guarded(options, () => {
      const target = typeof f === 'string' ? this.#interp.nameAt(nameOf(toBytes(f))) : f;
      return this.#interp.call(target, [...args]);
    });
  }

  /** Binds a builtin. It gets and answers JS values (see `toJs`); what it throws becomes a `domain` error with that message. */
  define(name: string, fn: (...args: JsValue[]) => JsValue): void {
    this.#interp.define([{
      name: toBytes(name), arity: 'n', args: '..', doc: 'defined by the embedding program', example: '', nullable: true,
      fn: (args) => {
        try {
          return fromJs(fn(...args.map(toJs)));
        } catch (e) {
          if (e instanceof RayError) throw e;
          if (e instanceof RayfallError) throw e.error;
          throw new RayError('domain', toBytes(e instanceof Error ? e.message : String(e)));
        }
      },
    }]);
  }

  /**
   * Gives scripts `.ipc.*`, listeners and timers; sockets live on a thread that the first use starts. Call it once. The answer
   * serves: blocking (`serve`), from the event loop (`pumpOnEvents`), or one step at a time (`pump`).
   */
  ipc(options: AttachOptions = {}): IpcHost {
    return attachIpc(this.#interp, options);
  }

  /** The word another thread stores 1 into (`Atomics.store(word, 0, 1)`) to stop what this interpreter evaluates. */
  get interruptWord(): Int32Array {
    return this.#interp.interrupt.word;
  }

  /** Stops the running evaluation with `cancel` at its next checkpoint. */
  interrupt(): void {
    this.#interp.interrupt.raise();
  }

  /** The compact text of a value. */
  format(v: Value): string {
    return fromBytes(format(v, 0));
  }

  #guarded(options: EvalOptions, body: () => Value): Value {
    try {
      return this.#interp.top(body, options);
    } catch (e) {
      throw e instanceof RayError ? new RayfallError(e) : e;
    }
  }
}
