// An artifact on workerd, as Cloudflare would run it, with Miniflare's R2, KV and D1.
//
// usage: node serve.mjs CONFIG.json
//   artifact    folder with wrangler.jsonc, src/, python_modules/ and perhaps migrations/
//   modules     folder with npm's packages
//   hyperdrive  {BINDING: "postgresql://…"}
//   vars        further variables of the Worker
//   state       folder for KV, R2 and D1, laid out as wrangler's --persist-to, its migrations applied;
//               absent: in memory
//   extra       {NAME.py: TEXT}: modules beside the entry; one named worker.py takes its place
//
// Prints one line of JSON, {"port": …}, when it listens. Ends when its standard input does.
// MINIFLARE_WORKERD_PATH names what is run as workerd.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const require = createRequire(path.join(config.modules, "package.json"));
const { Miniflare, convertV4MiniflareOptions } = await import(
  pathToFileURL(require.resolve("miniflare"))
);
const wrangler = JSON.parse(readFileSync(path.join(config.artifact, "wrangler.jsonc"), "utf8"));
const named = (list, target) => Object.fromEntries((list ?? []).map((one) => [one.binding, target(one)]));

function files(folder, prefix) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [prefix + path.relative(folder, file), readFileSync(file)]);
}

const source = path.join(config.artifact, "src");
const contents = new Map([
  ...files(source, ""),
  ...files(path.join(config.artifact, "python_modules"), "python_modules/"),
  ...Object.entries(config.extra ?? {}).map(([name, text]) => [name, Buffer.from(text)]),
]);
const modules = [...contents].map(([name, content]) => ({
  type: name.endsWith(".py") ? "PythonModule" : "Data",
  path: path.join(source, name),
  contents: name.endsWith(".py") ? content.toString() : content,
}));
modules.sort((one, other) => (other.path === path.join(source, "worker.py")) - (one.path === path.join(source, "worker.py")));

const options = {
  host: "127.0.0.1",
  port: 0,
  modules,
  modulesRoot: source,
  compatibilityDate: wrangler.compatibility_date,
  // The bundle is one that we made: workerd takes it for a developer's own.
  compatibilityFlags: [...wrangler.compatibility_flags, "python_workers_development"],
  bindings: { ...wrangler.vars, ...config.vars },
  kvNamespaces: named(wrangler.kv_namespaces, ({ binding }) => binding),
  r2Buckets: named(wrangler.r2_buckets, ({ bucket_name }) => bucket_name),
  d1Databases: named(wrangler.d1_databases, ({ binding, database_id }) => database_id ?? binding),
  hyperdrives: config.hyperdrive ?? {},
  unsafeTriggerHandlers: true,
  ...(config.state && { resourcePersistencePath: path.join(config.state, "v3") }),
};
const miniflare = new Miniflare(convertV4MiniflareOptions(options));
const url = await miniflare.ready;
for (const { binding } of (!config.state && wrangler.d1_databases) || []) await migrate(await miniflare.getD1Database(binding));
console.log(JSON.stringify({ port: Number(url.port) }));

async function migrate(database) {
  for (const [, content] of files(path.join(config.artifact, "migrations"), "").sort()) {
    for (const statement of content.toString().split(/;\s*\n/)) {
      if (statement.replace(/--.*$/gm, "").trim()) await database.prepare(statement).run();
    }
  }
}

async function stop() {
  await miniflare.dispose();
  process.exit(0);
}

process.on("SIGTERM", stop);
process.stdin.on("end", stop).resume();
