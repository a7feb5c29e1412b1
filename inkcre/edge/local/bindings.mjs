// R2 and KV for the harness: Miniflare's real ones, in a Worker that is called over HTTP.
//
// Miniflare lends its bindings to Node too, but what they answer are proxies that make a round
// trip for every property that is looked at: a page of a listing takes 20 seconds. Here an answer
// comes whole, as plain objects.

const WORKER = `
const fields = ({ key, size, etag, httpEtag, uploaded, httpMetadata, range }) =>
  ({ key, size, etag, httpEtag, uploaded, httpMetadata, range });
const answer = (result) => Response.json(result);

const r2 = {
  head: async (r2, [key]) => answer(await r2.head(key).then((found) => found && fields(found))),
  async get(r2, [key, options]) {
    const found = await r2.get(key, options);
    if (!found) return answer(null);
    const headers = { "x-found": encodeURIComponent(JSON.stringify(fields(found))) };
    return new Response(found.body, { headers });
  },
  async put(r2, [key, options], content) {
    const stored = await r2.put(key, content, options);
    return answer(stored && fields(stored));
  },
  delete: async (r2, [keys]) => answer((await r2.delete(keys)) ?? null),
  async list(r2, [options]) {
    const { objects, truncated, cursor } = await r2.list(options);
    return answer({ objects: objects.map(fields), truncated, cursor });
  },
  create: async (r2, [key, options]) => answer((await r2.createMultipartUpload(key, options)).uploadId),
  part: async (r2, [key, id, number], content) =>
    answer(await r2.resumeMultipartUpload(key, id).uploadPart(number, content)),
  complete: async (r2, [key, id, parts]) =>
    answer(fields(await r2.resumeMultipartUpload(key, id).complete(parts))),
  abort: async (r2, [key, id]) => answer((await r2.resumeMultipartUpload(key, id).abort()) ?? null),
};

const kv = {
  async get(kv, [key]) {
    const body = await kv.get(key, "stream");
    return body ? new Response(body, { headers: { "x-found": "null" } }) : answer(null);
  },
  put: async (kv, [key, options], content) => answer((await kv.put(key, content, options)) ?? null),
  delete: async (kv, [key]) => answer((await kv.delete(key)) ?? null),
  list: async (kv, [options]) => answer(await kv.list(options)),
};
const calls = { r2, kv };

export default {
  async fetch(request, env) {
    const { kind, binding, call, given } = JSON.parse(decodeURIComponent(request.headers.get("x-call")));
    try {
      return await calls[kind][call](env[binding], given, await request.arrayBuffer());
    } catch (error) {
      return new Response(error.message, { status: 500 });
    }
  },
};`;

// Gives the bindings by name; `state` is where they are kept, or nothing for memory.
export async function makeBindings({ Miniflare, convertV4MiniflareOptions }, wrangler, state) {
  const buckets = wrangler.r2_buckets ?? [];
  const namespaces = wrangler.kv_namespaces ?? [];
  const options = convertV4MiniflareOptions({
    modules: true,
    script: WORKER,
    compatibilityDate: wrangler.compatibility_date,
    r2Buckets: Object.fromEntries(buckets.map(({ binding, bucket_name }) => [binding, bucket_name])),
    kvNamespaces: Object.fromEntries(namespaces.map(({ binding, id }) => [binding, id ?? binding])),
    ...(state && { resourcePersistencePath: state }),
  });
  const miniflare = new Miniflare(options);
  const url = await miniflare.ready;
  const made = [
    ...buckets.map(({ binding }) => [binding, bucket(asking(url, "r2", binding))]),
    ...namespaces.map(({ binding }) => [binding, namespace(asking(url, "kv", binding))]),
  ];
  return { bindings: Object.fromEntries(made), dispose: () => miniflare.dispose() };
}

function asking(url, kind, binding) {
  return async function ask(call, given, content) {
    const body = content === undefined ? undefined : await new Response(content).arrayBuffer();
    const said = JSON.stringify({ kind, binding, call, given });
    const headers = { "x-call": encodeURIComponent(said) };
    const response = await fetch(url, { method: "POST", headers, body });
    if (!response.ok) throw new Error(await response.text());
    const found = response.headers.get("x-found");
    if (!found) return { result: await response.json() };
    return { result: JSON.parse(decodeURIComponent(found)), body: response.body };
  };
}

function namespace(ask) {
  return {
    async get(key, type = "text") {
      const { body } = await ask("get", [key]);
      if (body === undefined) return null;
      const response = new Response(body);
      return { text: () => response.text(), arrayBuffer: () => response.arrayBuffer() }[type]();
    },
    put: async (key, value, options) => void (await ask("put", [key, options], value)),
    delete: async (key) => void (await ask("delete", [key])),
    list: async (options) => (await ask("list", [options])).result,
  };
}

function bucket(ask) {
  const dated = (found) => found && { ...found, uploaded: new Date(found.uploaded) };
  const upload = (key, uploadId) => ({
    key,
    uploadId,
    uploadPart: async (number, content) => (await ask("part", [key, uploadId, number], content)).result,
    complete: async (parts) => dated((await ask("complete", [key, uploadId, parts])).result),
    abort: async () => void (await ask("abort", [key, uploadId])),
  });
  return {
    head: async (key) => dated((await ask("head", [key])).result),
    async get(key, options) {
      const { result, body } = await ask("get", [key, options]);
      if (!result) return null;
      const response = new Response(body);
      return {
        ...dated(result),
        body: response.body ?? new Response(new Uint8Array()).body, // of an empty file too
        text: () => response.text(),
        arrayBuffer: () => response.arrayBuffer(),
      };
    },
    put: async (key, content, options) => dated((await ask("put", [key, options], content)).result),
    delete: async (keys) => void (await ask("delete", [keys])),
    async list(options) {
      const { result } = await ask("list", [options]);
      return { ...result, objects: result.objects.map(dated) };
    },
    async createMultipartUpload(key, options) {
      return upload(key, (await ask("create", [key, options])).result);
    },
  };
}
