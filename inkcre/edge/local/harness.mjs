// A Worker's surroundings without workerd: the built artifact on real Pyodide, with Miniflare's
// real KV, R2 and D1, and TCP to a PostgreSQL in Hyperdrive's place.
//
// What it cannot show: snapshots of the Worker, I/O contexts and CPU limits. What it does show breaks
// most naive Workers: no threads, missing parts of the standard library, deadlocks, the collector's
// crash, and (checked in boot.py) randomness while the entry is imported. What it would survive and workerd does
// not ends it all the same: sockets with a timeout, and a poll() that waits on the C stack.
//
// usage: node harness.mjs CONFIG.json
//   artifact     folder with wrangler.jsonc, src/ and python_modules/
//   port         on 127.0.0.1; 0 takes a free one
//   hyperdrive   {BINDING: "postgresql://user:password@host:port/database"}
//   state        folder for KV, R2 and D1, laid out as wrangler's --persist-to; absent: in memory
//   bytecode     folder where modules are kept compiled; absent: they are compiled at each start
//   vars         further variables and secrets of the Worker
//   control      true adds /__harness/{memory,timers,run} and, as on workerd, the Cron Trigger under
//                /cdn-cgi/local/scheduled (tests only)
//
// Prints one line of JSON, {"port": …}, when it listens. Ends when its standard input does.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { connect } from "node:net";
import path from "node:path";
import { Duplex, Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { makeBindings } from "./bindings.mjs";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
rmSync(process.argv[2]); // it may hold passwords
const require = createRequire(path.join(config.modules, "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const wrangler = JSON.parse(readFileSync(path.join(config.artifact, "wrangler.jsonc"), "utf8"));

async function makeEnvironment() {
  for (const [binding, url] of Object.entries(config.hyperdrive ?? {})) {
    process.env[`CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_${binding}`] = url;
  }
  process.env.WRANGLER_LOG ??= "error"; // standard output is for the line that gives the port
  const { getPlatformProxy } = await load("wrangler");
  const proxy = await getPlatformProxy({
    configPath: path.join(config.artifact, "wrangler.jsonc"),
    persist: config.state ? { path: path.join(config.state, "v3") } : false,
    remoteBindings: false,
  });
  const env = { ...proxy.env, ...(config.vars ?? {}) };
  for (const { binding } of wrangler.d1_databases ?? []) env[binding] = plainD1(env[binding]);
  for (const [binding, url] of Object.entries(config.hyperdrive ?? {})) {
    env[binding] = hyperdrive(new URL(url));
  }
  const state = config.state && path.join(config.state, "v3");
  const lent = await makeBindings(await load("miniflare"), wrangler, state);
  Object.assign(env, lent.bindings);
  return { env, proxy, lent };
}

// A D1 binding whose statements are plain objects until they run. Miniflare's own are proxies that
// answer every look at a property by a round trip, and Python takes many looks to learn what it has.
function plainD1(d1) {
  const statement = (text, values) => {
    const real = () => (values ? d1.prepare(text).bind(...values) : d1.prepare(text));
    return {
      real,
      bind: (...bound) => statement(text, bound),
      all: () => real().all(),
      run: () => real().run(),
      raw: (options) => real().raw(options),
      first: (column) => real().first(column),
    };
  };
  return { prepare: (text) => statement(text), batch: (list) => d1.batch(list.map((s) => s.real())) };
}

// A Hyperdrive binding; the proxy's own has a connect() that needs workerd.
function hyperdrive(url) {
  const [host, port] = [url.hostname, Number(url.port || 5432)];
  return {
    connect: () => openSocket(host, port),
    connectionString: url.href,
    host,
    port,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}

// https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/#socket
function openSocket(host, port) {
  const socket = connect({ host, port });
  const opened = new Promise((resolve, reject) => {
    socket.once("connect", () => resolve({ remoteAddress: `${host}:${port}` })).once("error", reject);
  });
  const closed = new Promise((resolve, reject) => {
    socket.once("error", reject).once("close", (failed) => failed || resolve());
  });
  for (const promise of [opened, closed]) promise.catch(() => {}); // those who look hear of it
  const close = () => (socket.end(), closed);
  return { ...Duplex.toWeb(socket), opened, closed, close };
}

// A Worker that draws randomness while it starts is refused: what it drew would be in the snapshot,
// and the same in every isolate. `left` is how many draws are allowed from now on.
const entropy = { left: Infinity };

function guardEntropy() {
  const crypto = require("node:crypto"); // where Pyodide takes it from
  const draw = crypto.randomFillSync;
  crypto.randomFillSync = (...arguments_) => {
    if (entropy.left <= 0) throw Object.assign(new Error(), { name: "ErrnoError", errno: 63 }); // EPERM
    entropy.left -= 1;
    return draw(...arguments_);
  };
}

// CPython waits for a socket with a timeout in poll(), on a pollfd that lies on the C stack. Pyodide
// writes its answer there once the promise is kept, when the stack has been moved out of the way: into
// somebody else's memory. That is found out here before it happens.
function guardPoll(module) {
  const poll = module.SOCKFS.pollAsync;
  module.SOCKFS.pollAsync = (fds, count, timeout) => {
    if (timeout !== 0 && fds >= module.stackSave() && fds < module._emscripten_stack_get_base()) {
      fail("poll() waits on the C stack, and would write where it must not");
    }
    return poll(fds, count, timeout);
  };
}

// Timers that were set and have neither fired nor been taken back: a Worker may have 10,000.
const timers = new Set();

function countTimers() {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  globalThis.setTimeout = (callback, milliseconds, ...given) => {
    const timer = set(() => (timers.delete(timer), callback(...given)), milliseconds);
    timers.add(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => (timers.delete(timer), clear(timer));
}

// The memory of a Python that has begun, and has loaded nothing of the Worker's: beginning takes ten times
// as long as reading it. It is Pyodide's own affair, and kept beside the packages of that very version.
async function readSnapshot(loadPyodide) {
  const file = path.join(config.modules, "python.snapshot");
  if (existsSync(file)) return readFileSync(file);
  const snapshot = (await loadPyodide({ _makeSnapshot: true })).makeMemorySnapshot();
  const whole = `${file}.${process.pid}`;
  try {
    writeFileSync(whole, snapshot);
    renameSync(whole, file);
  } catch {
    rmSync(whole, { force: true }); // nobody may write there, or there is no room: each start makes its own
  }
  return snapshot;
}

async function startPython(env) {
  guardEntropy();
  countTimers();
  const { loadPyodide } = await load("pyodide/pyodide.mjs");
  const _loadSnapshot = await readSnapshot(loadPyodide);
  const python = await loadPyodide({ stdout: console.error, stderr: console.error, _loadSnapshot });
  await python._api.initializeNodeSockFS();
  guardPoll(python._module);
  python.mountNodeFS("/worker", path.resolve(config.artifact));
  if (config.bytecode) python.mountNodeFS("/bytecode", config.bytecode);
  const pending = new Set();
  const waitUntil = (promise) => {
    const kept = Promise.resolve(promise).catch((error) => console.error(String(error)));
    pending.add(kept);
    kept.finally(() => pending.delete(kept));
  };
  python.registerJsModule("_pyodide_entrypoint_helper", {
    cloudflareWorkersModule: { env, waitUntil },
    cloudflareSocketsModule: {},
    doAnImport: (name) => import(name),
    patchWaitUntil() {},
  });
  python.registerJsModule("_cloudflare_compat_flags", {
    python_request_headers_preserve_commas: true,
    python_workflows_implicit_dependencies: true,
  });
  python.registerJsModule("_harness", {
    main: path.basename(wrangler.main, ".py"),
    bytecode: config.bytecode ? "/bytecode" : "",
    entropy,
    fail,
  });
  const boot = readFileSync(new URL("boot.py", import.meta.url), "utf8");
  const handlers = python.runPython(boot, { filename: "boot.py" });
  return { python, handlers, context: { waitUntil, passThroughOnException() {} }, pending };
}

function makeRequest(incoming) {
  const { method, headers } = incoming;
  const init = { method, headers: pairs(incoming.rawHeaders) };
  const hasBody = Number(headers["content-length"] ?? 0) > 0 || "transfer-encoding" in headers;
  if (method !== "GET" && method !== "HEAD" && hasBody) {
    init.body = ReadableStream.from(parts(incoming));
    init.duplex = "half";
  }
  // The target is taken as it came: a URL of two would lose "//" and "/../".
  return new Request(`http://${headers.host ?? "localhost"}${incoming.url}`, init);
}

// In parts, as they come on Workers too; Node's own would be Buffers.
async function* parts(incoming) {
  for await (const chunk of incoming) yield new Uint8Array(chunk);
}

function pairs(raw) {
  const headers = new Headers();
  for (let i = 0; i < raw.length; i += 2) {
    if (!HOP_BY_HOP.has(raw[i].toLowerCase())) headers.append(raw[i], raw[i + 1]);
  }
  return headers;
}

const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "expect", "upgrade"]);

async function writeResponse(outgoing, response) {
  const headers = [...response.headers].flat();
  outgoing.writeHead(response.status, headers);
  if (response.body) {
    for await (const chunk of Readable.fromWeb(response.body)) outgoing.write(chunk);
  }
  outgoing.end();
}

// Node prints the source line of an uncaught error, and Pyodide's is a megabyte long.
function fail(error) {
  console.error(`harness: the isolate died: ${error?.message ?? error}`);
  process.exit(70);
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);

const { env, proxy, lent } = await makeEnvironment();
const { python, handlers, context, pending } = await startPython(env);
const heap = () => python._module.HEAPU8.length;
const used = () => python._module.HEAPU32[python._module._emscripten_get_sbrk_ptr() >> 2];
const atStart = { heap: heap(), used: used() };

const controls = {
  // Fires the Cron Trigger, as Cloudflare would.
  async scheduled(_, search) {
    const cron = search.get("cron") ?? wrangler.triggers?.crons?.[0] ?? "* * * * *";
    await handlers.scheduled({ cron, scheduledTime: Date.now() }, env, context);
    await Promise.allSettled([...pending]);
    return {};
  },
  // Bytes: the WebAssembly heap, which never shrinks; what of it has been asked for; the process.
  async memory() {
    return { heap: heap(), used: used(), atStart, process: process.memoryUsage().rss };
  },
  // How many timers are on their way.
  async timers() {
    return timers.size;
  },
  // Runs Python inside the Worker; the last expression is the answer, as JSON.
  async run(source) {
    return JSON.parse(await handlers.run(source, env));
  },
};

async function handle(incoming, outgoing) {
  const url = new URL(incoming.url, "http://harness");
  const control = config.control && url.pathname.match(/^\/(?:__harness|cdn-cgi\/local)\/(\w+)$/)?.[1];
  try {
    const request = makeRequest(incoming);
    if (control) {
      const answer = await controls[control](await request.text(), url.searchParams);
      outgoing.setHeader("content-type", "application/json");
      return outgoing.end(JSON.stringify(answer));
    }
    await writeResponse(outgoing, await handlers.fetch(request, env, context));
  } catch (error) {
    console.error(String(error?.message ?? error));
    // What Cloudflare answers when a Worker throws: https://developers.cloudflare.com/workers/observability/errors/
    if (!outgoing.headersSent) outgoing.writeHead(500, { "x-error-code": "1101" });
    outgoing.end(String(error?.message ?? error));
    // A WebAssembly trap is the end of the isolate.
    if (error instanceof WebAssembly.RuntimeError || python._api.fatal_error_occurred) fail(error);
  }
}

// As much of a head as Cloudflare takes: Node's own 16 KiB would be answered in Node's words, and the
// Worker would never be asked. https://developers.cloudflare.com/workers/platform/limits/#request-limits
const maxHeaderSize = 16 * 1024 + 128 * 1024;
const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0, maxHeaderSize }, handle);
server.listen(config.port ?? 0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port, ...atStart }));
});

async function stop() {
  server.closeAllConnections();
  const disposed = Promise.all([proxy.dispose(), lent.dispose()]);
  await Promise.race([disposed, new Promise((resolve) => setTimeout(resolve, 3000))]);
  process.exit(0);
}

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.stdin.on("end", stop).resume();
