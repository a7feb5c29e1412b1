// The README's main flow, by a client that is made of the API's description.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

const baseUrl = process.argv[2];
if (baseUrl === undefined) throw new Error("the address of a base is missing");
const client = createClient<paths>({ baseUrl });

function found<T>(answer: { data?: T; error?: components["schemas"]["Problem"] }): T {
  if (answer.data === undefined) throw new Error(answer.error?.detail ?? "nothing was answered");
  return answer.data;
}

const note = {
  block: { resolver: "text", content: "a note" },
  out_relations: [
    {
      relation: { content: "about" },
      to_block: { block: { resolver: "webpage", storage: "url", content: "https://example.org/" } },
    },
  ],
};
const written = found(await client.PUT("/graph", { body: note }));
const again = found(await client.PUT("/graph", { body: note }));
const id: number = written.blocks[0]!.id;

const page = found(await client.GET("/blocks", { params: { query: { resolver: "webpage", limit: 1 } } }));
const cursor: string | null = page.next_cursor;
const arcs = found(
  await client.GET("/relations/by_block/{block_id}", {
    params: { path: { block_id: id }, query: { direction: "out" } },
  }),
);
const walked = found(
  await client.GET("/blocks/{block_id}/graph", {
    params: { path: { block_id: id }, query: { depth: 2, limit: 20 } },
  }),
);
const file = found(
  await client.POST("/files", {
    params: { query: { name: "flow.ts" } },
    body: readFileSync(process.argv[1]!, "utf8"),
    bodySerializer: (body) => body,
    headers: { "Content-Type": "application/octet-stream" },
  }),
);
const content = found(
  await client.GET("/blocks/{block_id}/content", {
    params: { path: { block_id: file.id } },
    parseAs: "text",
  }),
);
const source = found(await client.POST("/sources", { body: { type: "inbox" } }));
const items = found(
  await client.POST("/sources/{source_id}/items", {
    params: { path: { source_id: source.id } },
    body: { items: [{ key: "one", star: note }] },
  }),
);
const metrics: string = found(await client.GET("/metrics", { parseAs: "text" }));
const missing = await client.GET("/blocks/{block_id}", { params: { path: { block_id: 999999 } } });

console.log(
  JSON.stringify({
    created: [written.created.blocks.length, again.created.blocks.length],
    page: [page.blocks.length, cursor],
    arcs: arcs.map((arc) => arc.content),
    walked: [walked.blocks.length, walked.truncated],
    kept: content === readFileSync(process.argv[1]!, "utf8"),
    items: items.unchanged + items.added,
    metrics: metrics.includes("inkcre_"),
    missing: [missing.error?.status, missing.error?.detail],
  }),
);
